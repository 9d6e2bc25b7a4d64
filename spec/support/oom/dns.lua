--- Names: resolve, query, the hosts file, a query that is given up.
local core = require "uring.core"
local dns = require "uring.dns"
local uring = require "uring"

local C = core.consts
local RECORD = "\xC0\x0C\0\1\0\1\0\0\0\60\0\4\192\0\2\1" -- A 192.0.2.1
local QUESTION = "^(..)..........(\1.\4test\0....)"

verify = require "spec.support.oom.after.run"

-- Answers whoever asks for a.test or b.test, and nobody else.
local function serve(fd)
  local buffer = core.buffer(512)
  while true do
    local message = core.message { iov = buffer, name = true }
    local count = assert(uring.op.recvmsg(fd, message))
    local id, question = buffer:sub(1, count):match(QUESTION)
    if id and question:find("^\1[ab]") then
      local answer = id .. "\x81\x80\0\1\0\1\0\0\0\0" .. question .. RECORD
      assert(uring.op.sendto(fd, answer, 0, message:name()))
    end
  end
end

local function look(scope, resolver)
  local one = scope:async(resolver.resolve, resolver, "a.test",
    { family = "inet" })
  local other = scope:async(resolver.query, resolver, "b.test", "A")
  assert(assert(one:await())[1].host == "192.0.2.1")
  assert(assert(other:await())[1].address == "192.0.2.1")
  assert(assert(resolver:resolve("a.test", { family = "inet" })))
  local given_up = scope:async(resolver.resolve, resolver, "silent.test",
    { timeout = 0.001 })
  assert(not given_up:await())
end

function attempt()
  uring.run(function()
    local socket <close> = setmetatable({ fd = false }, {
      __close = function(self) if self.fd then core.close(self.fd) end end,
    })
    socket.fd = assert(core.socket(C.AF_INET, C.SOCK_DGRAM))
    assert(core.bind_socket(socket.fd, core.sockaddr("127.0.0.1", 0)))
    local address = tostring(core.getsockname(socket.fd))
    uring.scope(function(scope)
      scope:daemon(serve, socket.fd)
      local resolver <close> = dns.resolver {
        servers = { address }, search = {}, timeout = 0.05, tries = 1,
        cache = 60,
      }
      look(scope, resolver)
    end)
  end)
end
