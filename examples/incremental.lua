--- An incremental buffer ring: messages share a buffer, one behind the other.
-- run: lua5.4 examples/incremental.lua
-- prints: where in which buffer each message is, and which buffer comes back
local uring = require "uring.ring"
local C = uring.consts
local SIZES = { 5, 300, 71, 900, 1, 1024, 333 } -- of the messages, in bytes

local function check(value, ...)
  if value then return value, ... end
  io.stderr:write("incremental: ", (...), "\n")
  os.exit(1, true)
end
if #arg > 0 then
  io.stderr:write("usage: lua5.4 examples/incremental.lua\n")
  os.exit(2)
end
local ring = check(uring.ring(4))
local buffers = check(ring:buf_ring {
  bgid = 1, entries = 2, size = 1024, incremental = true, -- Linux 6.12
})
local reader, writer = check(uring.socketpair())
ring:get_sqe():set_data("recv"):prep_recv_multishot(reader, buffers)

-- The kernel tells a buffer and a count.  In the buffer the bytes are behind
-- those before; while F_BUF_MORE is set, the next ones will be behind these.
local offsets = { [0] = 0, [1] = 0 }
local function receive(res, flags)
  local bid = flags >> C.IORING_CQE_BUFFER_SHIFT
  local more = flags & C.IORING_CQE_F_BUF_MORE ~= 0
  local offset = offsets[bid]
  print(("  bid %d: %d bytes at %d, F_BUF_MORE %s"):format(bid, res, offset,
    more and "set" or "clear"))
  offsets[bid] = more and offset + res or 0
  local free = buffers:available()
  local bytes = buffers:string(flags, res) -- a copy: they are taken now
  if buffers:available() > free then
    print(("  bid %d: all taken, back in the ring"):format(bid))
  end
  return bytes
end

for number, size in ipairs(SIZES) do
  local message, received, sent = string.char(96 + number):rep(size), "", nil
  print(("message %d: %d bytes"):format(number, size))
  ring:get_sqe():set_data("send"):prep_send(writer, message)
  while not sent or #received < size do
    local count, why, code = ring:submit_and_wait(1)
    check(count or code == uring.errno.EINTR, why)
    for res, flags, what in ring:cqes() do
      check(res > 0, what .. ": " .. uring.strerror(-res))
      if what == "send" then
        sent = check(res == size, "send: only a part went")
      else
        received = received .. receive(res, flags)
      end
    end
  end
  check(received == message, "recv: other bytes came")
end
