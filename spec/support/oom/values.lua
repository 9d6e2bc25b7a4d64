--- What the low level makes: rings, buffers, addresses, tables, strings.
local core = require "uring.core"

local C = core.consts

local ring = assert(core.ring(4))
local socket = assert(core.socket(C.AF_UNIX, C.SOCK_STREAM))

local function buffers()
  local buffer = core.buffer(4096, 4096)
  buffer:set(1, "head"):set(3, ("x"):rep(64))
  assert(buffer:sub(1, 4) == "hexx" and buffer:find("xx", 2) == 3)
  assert(#buffer:tostring() == 4096)
  local slice = core.slice(buffer, 2, 70)
  assert(slice:slice(1, 65):sub() == "e" .. ("x"):rep(64))
  local of_string = core.slice("a" .. slice:sub(), 2)
  assert(#of_string:slice(3) == 67 and tostring(of_string))
  local iovecs = core.iovecs { buffer, slice, of_string, "string" }
  assert(#iovecs == 4 and tostring(iovecs))
end

local function addresses()
  local four, six = core.sockaddr("127.0.0.1", 80), core.sockaddr("::1", 80)
  assert(tostring(four) == "127.0.0.1:80" and tostring(six) == "[::1]:80")
  assert(four.host == "127.0.0.1" and six.port == 80 and four ~= six)
  local unix = core.sockaddr("unix:/tmp/none")
  assert(tostring(unix) == "unix:/tmp/none" and unix.path == "/tmp/none")
  assert(tostring(core.sockaddr "unix:@none") == "unix:@none")
  assert(not core.sockaddr("nowhere", 80))
  local peer = core.unpack_sockaddr(core.buffer(128))
  assert(peer.family == "unspec" and tostring(peer))
end

local function failures()
  assert(core.getsockname(socket) and not core.getpeername(socket))
  assert(core.strerror(2) and not core.fail("what", 2))
end

local function rings()
  local other = assert(core.ring(4, { flags = { "clamp" }, cq_entries = 16 }))
  assert(tostring(other) and other:params().cq_entries == 16)
  assert(other:features().nodrop and other:flags().clamp)
  assert(assert(other:probe()).nop)
  local bufring = assert(other:buf_ring { bgid = 2, entries = 8, size = 16 })
  assert(bufring:available() == 8)
  assert(not pcall(bufring.recycle, bufring, 0))
  bufring:close()
  assert(assert(core.bind(other, {}, { false })).step)
  assert(core.cqe_flag_names(C.IORING_CQE_F_MORE).more)
  assert(not pcall(core.ring, 4, { flags = "unknown" }))
  other:close()
end

function attempt()
  buffers()
  addresses()
  failures()
  rings()
  assert(#core.iovecs({ "string" }, "more") == 1, "not the Iovecs")
end

function verify()
  ring:get_sqe():prep_nop()
  assert(ring:submit_and_wait(1) == 1)
  assert(ring:cqes()(ring) == 0 and ring:in_flight() == 0)
  core.close(socket)
end
