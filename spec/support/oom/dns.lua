--- Names: a numeric one, those of a hosts file, a server that is silent.
local core = require "uring.core"
local dns = require "uring.dns"
local errno = require "uring.errno"
local message = require "uring.dns.message"
local uring = require "uring"

local C = core.consts
local HOSTS = os.tmpname()
local ANSWER = "\0\1\x81\x80\0\1\0\1\0\0\0\0\1a\4test\0\0\1\0\1"
  .. "\xC0\x0C\0\1\0\1\0\0\0\60\0\4\192\0\2\1"

local after_run = require "spec.support.oom.after.run"

do
  local file <close> = assert(io.open(HOSTS, "w"))
  file:write("192.0.2.1 one.test\n")
end

local function is_timeout(list, text, code)
  assert(not list and code == errno.ETIMEDOUT, text)
end

local function look(resolver)
  assert(assert(resolver:resolve("::1"))[1].host == "::1")
  assert(assert(resolver:resolve("one.test"))[1].host == "192.0.2.1")
  assert(assert(resolver:reverse("192.0.2.1"))[1] == "one.test")
  is_timeout(resolver:resolve("silent.test", { timeout = 0.001 }))
  is_timeout(resolver:query("silent.test", "A"))
  assert(assert(message.parse(ANSWER, "A"))[1].address == "192.0.2.1")
end

function attempt()
  uring.run(function()
    local socket <close> = setmetatable({ fd = false }, {
      __close = function(self) if self.fd then core.close(self.fd) end end,
    })
    socket.fd = assert(core.socket(C.AF_INET, C.SOCK_DGRAM))
    assert(core.bind_socket(socket.fd, core.sockaddr("127.0.0.1", 0)))
    local resolver <close> = dns.resolver {
      servers = { tostring(core.getsockname(socket.fd)) }, search = {},
      timeout = 0.002, tries = 1, cache = 60, hosts = HOSTS,
    }
    look(resolver)
  end)
end

function verify(...)
  os.remove(HOSTS)
  return after_run(...)
end
