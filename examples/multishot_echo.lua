--- An echo server on multishot ops: one accept, and one recv for each client.
-- run: lua5.4 examples/multishot_echo.lua [address:port]
-- prints: listening on 127.0.0.1:7000          Ctrl-C ends it
local uring = require "uring.ring"
local C, E, HIGH = uring.consts, uring.errno, 1 << 17
local function check(value, message)
  if not value then io.stderr:write("multishot_echo: ", message, "\n") end
  return value or os.exit(1, true)
end
local host, port = (... or "127.0.0.1:7000"):match "^(.+):(%d%d?%d?%d?%d?)$"
if not host or #arg > 1 then
  io.stderr:write "usage: lua5.4 examples/multishot_echo.lua [address:port]\n"
  os.exit(2)
end
local address = check(uring.sockaddr(host, tonumber(port)))
local server = check(uring.socket(C.AF_INET, C.SOCK_STREAM))
uring.setsockopt(server, C.SOL_SOCKET, C.SO_REUSEADDR, 1)
check(uring.bind(server, address))
check(uring.listen(server))
local ring = check(uring.ring(256, { flags = "single_issuer" }))
local buffers = check(ring:buf_ring { bgid = 1, entries = 64, size = 4096 })
io.write("listening on ", tostring(uring.getsockname(server)), "\n"):flush()

-- The data of an op is the function that takes its completions.
local function op(handle)
  local sqe = ring:get_sqe() or ring:submit() and ring:get_sqe()
  return sqe:set_data(handle)
end
local accept

local function serve(fd)
  local recv, sending, ended -- ids of its ops in flight; nothing more to come
  local unsent = ""
  local received, sent
  local function go_on()
    if unsent ~= "" then sending = sending or op(sent):prep_send(fd, unsent) end
    if recv and (ended or #unsent > HIGH) then -- it does not read: nor do we
      op(function() end):prep_cancel(recv)
    elseif not (recv or sending or ended) then
      recv = op(received):prep_recv_multishot(fd, buffers)
    elseif not (recv or sending) then
      uring.close(fd)
      accept()
    end
  end
  function received(res, flags)
    if flags & C.IORING_CQE_F_BUFFER ~= 0 then
      unsent = unsent .. buffers:string(flags, res)
    end
    if flags & C.IORING_CQE_F_MORE == 0 then recv = nil end
    ended = ended or res <= 0 and res ~= -E.ENOBUFS and res ~= -E.ECANCELED
    go_on()
  end
  function sent(res)
    sending, ended = nil, ended or res < 0
    unsent = res < 0 and "" or unsent:sub(res + 1)
    go_on()
  end
  go_on()
end

local accepting -- not from when descriptors run out until one is closed
function accept()
  accepting = accepting or op(function(fd, flags)
    if flags & C.IORING_CQE_F_MORE == 0 then accepting = nil end
    if fd >= 0 then serve(fd) end
    if fd ~= -E.EMFILE then accept() end
  end):prep_multishot_accept(server)
end

local signals = check(uring.signalfd("INT", "TERM"))
op(function() os.exit(0, true) end):prep_read(signals, uring.buffer(128))
accept()
while true do
  local count, message, code = ring:submit_and_wait(1)
  check(count or code == E.EINTR, message)
  for res, flags, handle in ring:cqes() do handle(res, flags) end
end
