--- Servers for the specs of uring.dns: dnsmasq with records of ours, and one
-- made by hand, which answers as no proper server does.
local core = require "uring.core"
local low = require "uring.ring"
local process = require "spec.support.process"
local records = require "uring.dns.records"
local uring = require "uring"
local within = require "spec.support.within"

local C = core.consts
local UDP_SIZE = 4096 -- bytes, more than a query has
local PATIENCE = 10 -- seconds until dnsmasq answers

local dns = {}

-- Sockets

local function bound_socket(kind, port)
  local fd = assert(low.socket(C.AF_INET, kind))
  assert(low.setsockopt(fd, C.SOL_SOCKET, C.SO_REUSEADDR, 1))
  local where = core.sockaddr("127.0.0.1", port or 0)
  local ok, message = low.bind(fd, where)
  if not ok then
    low.close(fd)
    return nil, message
  end
  return fd, low.getsockname(fd).port
end

--- A port on which nothing was just now, neither UDP nor TCP.
---@return integer port
function dns.free_port()
  while true do
    local udp, port = assert(bound_socket(C.SOCK_DGRAM))
    local tcp = bound_socket(C.SOCK_STREAM, port)
    low.close(udp)
    if tcp then
      low.close(tcp)
      return port
    end
  end
end

-- dnsmasq

local function has_dnsmasq()
  return process.shell("PATH=$PATH:/usr/sbin command -v dnsmasq").code == 0
end

local CONF = [[
keep-in-foreground
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
pid-file=
user=%s
port=%d
local=/test/
host-record=ready.test,192.0.2.254
%s
]]

-- Whether it answers; one that has no port has ended.
local function is_ready(server)
  local address = "127.0.0.1:" .. server.port
  local resolver <close> = require("uring.dns").resolver {
    servers = { address }, timeout = 0.2, tries = 1,
  }
  return resolver:query("ready.test", "A") ~= nil
end

--- Starts dnsmasq with lines of configuration; the calling test is pending
-- where there is none.  It has the fields port and address then.
---@param lines string
---@return Process a <close> variable, please
function dns.dnsmasq(lines)
  if not has_dnsmasq() then pending("no dnsmasq here") end
  local folder = process.folder()
  local port = dns.free_port()
  local path = folder "conf"
  do
    local file <close> = assert(io.open(path, "w"))
    file:write(CONF:format(process.capture("id -un"), port, lines))
  end
  local server = process.start {
    "dnsmasq", "--conf-file=" .. path,
    env = { PATH = os.getenv("PATH") .. ":/usr/sbin", LD_PRELOAD = "" },
  }
  server.port, server.address = port, "127.0.0.1:" .. port
  process.await("dnsmasq", function() return is_ready(server) end,
    PATIENCE)
  getmetatable(folder).__close(folder)
  return server
end

-- By hand

local Question = {}
Question.__index = Question

local function read_question(bytes)
  local id = string.unpack(">I2", bytes)
  local name, at = records.read_name(bytes, 13)
  local number = string.unpack(">I2", bytes, at)
  for type, kind in pairs(records.types) do
    if kind.number == number then number = type end
  end
  return setmetatable({ id = id, name = name, type = number,
    asked = bytes:sub(13, at + 3), size = #bytes }, Question)
end

--- Makes an answer to a question.
---@param fields table id, rcode, truncated, asked (bytes of the question),
--- and as a list the data of records of the type that was asked for
---@return string bytes
function Question:answer(fields)
  local number = records.types[self.type].number
  local flags = 0x8180 | (fields.rcode or 0)
  if fields.truncated then flags = flags | 0x0200 end
  local parts = { string.pack(">I2I2I2I2I2I2", fields.id or self.id, flags, 1,
    #fields, 0, 0), fields.asked or self.asked }
  for _, data in ipairs(fields) do -- the name is that of the question
    parts[#parts + 1] = string.pack(">I2I2I2I4s2", 0xC00C, number, 1,
      fields.ttl or 60, data)
  end
  return table.concat(parts)
end

local function serve_udp(fd, answer, self)
  local buffer = core.buffer(UDP_SIZE)
  while true do
    local message = core.message { iov = buffer, name = true }
    local count = assert(uring.op.recvmsg(fd, message))
    local question, from = read_question(buffer:sub(1, count)), message:name()
    self.count = self.count + 1
    self.names[#self.names + 1] = question.name
    uring.spawn(function()
      for _, bytes in ipairs { answer(question) } do
        assert(uring.op.sendto(fd, bytes, 0, from))
      end
    end)
  end
end

local function serve_tcp(listener, answer, self)
  for conn in listener:iter() do
    local _conn <close> = conn
    local size = conn:read(2)
    local question = read_question(conn:read((string.unpack(">I2", size))))
    self.tcp = self.tcp + 1
    assert(conn:write(string.pack(">s2", (answer(question)))))
    conn:read("a")
  end
end

-- A datagram socket, and where TCP is wanted a listener with the same port,
-- which somebody else may have.
local function bound_pair(tcp)
  for _ = 1, 20 do
    local fd, port = assert(bound_socket(C.SOCK_DGRAM))
    if not tcp then return fd, port end
    local listener = uring.listen("127.0.0.1:" .. port)
    if listener then return fd, port, listener end
    low.close(fd)
  end
  error "no port is free for both"
end

--- Calls body(server), inside a run, while a server answers: the functions are
-- called with a question, and return the datagrams, or the answer, to send.
---@param udp fun(question: table): ...string
---@param body fun(server: table) with the fields port, address, count and
--- names of the questions by UDP, tcp: how many came by TCP
---@param tcp? fun(question: table): string
function dns.serving_too(udp, body, tcp)
  local fd, port, listener = bound_pair(tcp)
  local _fd <close> = setmetatable({}, {
    __close = function()
      low.close(fd)
      if listener then listener:close() end
    end,
  })
  local server = { port = port, address = "127.0.0.1:" .. port, count = 0,
    names = {}, tcp = 0 }
  return uring.scope(function(scope)
    scope:daemon(serve_udp, fd, udp, server)
    if tcp then scope:daemon(serve_tcp, listener, tcp, server) end
    return body(server)
  end)
end

--- The same in a run of its own.
function dns.serving(...)
  return within.run(dns.serving_too, ...)
end

--- The data of an A record.
---@param ... integer its four bytes
---@return string
dns.a = string.char

--- A resolver that asks one server, and soon gives up.
---@param server table with an address
---@param options? table further ones
---@return uring.Resolver a <close> variable, please
function dns.asking(server, options)
  local all = { servers = { server.address }, timeout = 5, tries = 1,
    hosts = false, search = {} }
  for name, value in pairs(options or {}) do all[name] = value end
  return require("uring.dns").resolver(all)
end

return dns
