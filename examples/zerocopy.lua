--- Sends without copying, over TCP to a receiver in the same program.
-- run: lua5.4 examples/zerocopy.lua
-- prints: both CQEs of each send, and whether the kernel copied after all
local uring = require "uring.ring"
local C = uring.consts
local function check(value, message)
  if value then return value end
  io.stderr:write("zerocopy: ", message, "\n")
  os.exit(1, true)
end
if #arg > 0 then
  io.stderr:write("usage: lua5.4 examples/zerocopy.lua\n")
  os.exit(2)
end
-- A send has two CQEs: its result, and when nothing needs the bytes any more
-- a notification.  Until then nobody may write to a Buffer that is sent.
local function show(res, flags)
  if flags & C.IORING_CQE_F_NOTIF == 0 then
    local more = flags & C.IORING_CQE_F_MORE ~= 0 and "set" or "clear"
    print(("  result: %d, F_MORE %s"):format(res, more))
  else -- its res is for REPORT_USAGE to say
    local copied = res & C.IORING_NOTIF_USAGE_ZC_COPIED ~= 0
    print("  notification: " .. (copied and "copied" or "not copied"))
  end
end

local ring = check(uring.ring(4))
local function run() -- what was prepared, to its end; the results by name
  local results = {}
  while ring:in_flight() > 0 do
    local count, message, code = ring:submit_and_wait(1)
    check(count or code == uring.errno.EINTR, message)
    for res, flags, name in ring:cqes() do
      if name == "send_zc" then show(res, flags) end
      local failed = res < 0 and flags & C.IORING_CQE_F_NOTIF == 0
      check(not failed, name .. ": " .. uring.strerror(-res))
      results[name] = results[name] or res
    end
  end
  return results
end
local listener = check(uring.socket(C.AF_INET, C.SOCK_STREAM))
check(uring.bind(listener, uring.sockaddr("127.0.0.1", 0)))
check(uring.listen(listener))
local sender = check(uring.socket(C.AF_INET, C.SOCK_STREAM))
local where = check(uring.getsockname(listener))
ring:get_sqe():set_data("connect"):prep_connect(sender, where)
ring:get_sqe():set_data("accept"):prep_accept(listener)
local receiver = run().accept

for _, size in ipairs { 1, 10007, 20011 } do
  print(("%d bytes"):format(size))
  local bytes, buffer = ("z"):rep(size), uring.buffer(size)
  ring:get_sqe():set_data("recv"):prep_recv(receiver, buffer, C.MSG_WAITALL)
  ring:get_sqe():set_data("send_zc"):prep_send_zc(sender, bytes,
    C.MSG_NOSIGNAL | C.MSG_WAITALL, C.IORING_SEND_ZC_REPORT_USAGE)
  check(run().send_zc == size, "send_zc: only a part went")
  check(buffer:tostring() == bytes, "recv: other bytes came")
end
