--- An echo server on the bare rings: prepare, tag, submit and wait, dispatch.
-- run: lua5.4 examples/raw_echo.lua [port]    then: nc 127.0.0.1 7000
-- prints: listening on 127.0.0.1:7000         Ctrl-C ends it
local uring = require "uring.ring"
local C = uring.consts
local function check(value, message)
  if not value then io.stderr:write("raw_echo: ", message, "\n") end
  return value or os.exit(1)
end
local server = check(uring.socket(C.AF_INET, C.SOCK_STREAM))
local port = math.tointeger(tonumber(arg[1] or 7000)) or -1
uring.setsockopt(server, C.SOL_SOCKET, C.SO_REUSEADDR, 1)
check(uring.bind(server, check(uring.sockaddr("127.0.0.1", port))))
check(uring.listen(server))
local ring = check(uring.ring(256, { flags = "single_issuer" }))
io.write("listening on ", tostring(uring.getsockname(server)), "\n"):flush()
-- user_data says what completed, and on which descriptor: kind << 32 | fd
local ACCEPT, RECV, SEND, SIGNAL = 1, 2, 3, 4
local buffers, unsent = {}, {} -- by fd: what it receives to, what is to go
local accepting -- not while descriptors have run out

local function prepare(prep, kind, fd, ...)
  local sqe = ring:get_sqe() or ring:submit() and ring:get_sqe()
  sqe[prep](sqe, fd, ...)
  return sqe:set_data(kind << 32 | fd)
end
local function accept() accepting = prepare("prep_accept", ACCEPT, server) end
local function receive(fd) prepare("prep_recv", RECV, fd, buffers[fd]) end
local function send(fd, bytes)
  unsent[fd] = bytes
  if #bytes > 0 then prepare("prep_send", SEND, fd, bytes) else receive(fd) end
end
local function close(fd)
  buffers[fd] = nil
  if uring.close(fd) and not accepting then accept() end
end
local handle = {
  [ACCEPT] = function(_, fd)
    if fd >= 0 or not next(buffers) then accept() else accepting = nil end
    if fd < 0 then return end
    buffers[fd] = uring.buffer(4096)
    receive(fd)
  end,
  [RECV] = function(fd, count) send(fd, buffers[fd]:slice(1, count)) end,
  [SEND] = function(fd, count) send(fd, unsent[fd]:slice(count + 1)) end,
  [SIGNAL] = function() os.exit(0, true) end,
}
local signals = check(uring.signalfd("INT", "TERM"))
prepare("prep_read", SIGNAL, signals, uring.buffer(128))
accept()
while true do
  local count, message, code = ring:submit_and_wait(1)
  check(count or code == uring.errno.EINTR, message)
  for res, _, data in ring:cqes() do
    local kind, fd = data >> 32, data & 0xffffffff
    if res <= 0 and kind > ACCEPT then close(fd) else handle[kind](fd, res) end
  end
end
