--- A soak: a mixed bag of everything, again and again, checked all the way.
-- run: lua5.4 spec/support/soak.lua [iterations, default 10000]
-- prints: one line at the end; fails where a result or a descriptor is wrong
-- For valgrind and the sanitizers, which see what a spec does not.
local low = require "uring.ring"
local uring = require "uring"

local C, errno = low.consts, low.errno
local NOT_OPEN = 1 << 20
local ITERATIONS = math.tointeger(tonumber(arg[1])) or 10000
local RARELY = 50 -- iterations between two of what costs more
local GREETING = "hello, here is number %d"

-- The collector hardly rests: a cycle begins when the heap has grown by 10 %
-- (a pause of 0 would keep that of before), and is over soon.
collectgarbage("incremental", 110, 1000)

local done = { ops = 0 }

local function count(what)
  done[what] = (done[what] or 0) + 1
end

local function open_descriptors()
  local open = 0
  for fd = 0, 255 do
    local info <close> = io.open("/proc/self/fdinfo/" .. fd)
    if info then open = open + 1 end
  end
  return open
end

local function assert_equal(expected, got)
  if expected == got then return end
  error(("expected %s, got %s"):format(expected, got), 2)
end

-- The low level

local ring, buffers, a, b, c, d

local function prepare(data, row, ...)
  local sqe = assert(ring:get_sqe())
  local id = sqe["prep_" .. row](sqe, ...)
  sqe:set_data(data)
  count "ops"
  return id, sqe
end

-- Submits, and takes so many CQEs: a table of {res, flags} by their data.
local function reap(expected)
  local found, missing = {}, expected
  ring:submit()
  while missing > 0 do
    assert(ring:submit_and_wait(1, 10))
    for res, flags, data in ring:cqes() do
      found[data] = { res = res, flags = flags }
      missing = missing - 1
    end
  end
  return found
end

local function send_and_receive(i)
  local text = GREETING:format(i)
  local buffer = low.buffer(64)
  prepare("recv", "recv", b, buffer)
  prepare("send", "send", a, i % 2 == 0 and text or low.slice(text))
  local found = reap(2)
  assert_equal(#text, found.send.res)
  assert_equal(#text, found.recv.res)
  assert_equal(text, buffer:sub(1, #text))
end

local function receive_into_ring(i)
  local text = GREETING:format(i)
  prepare("send", "send", a, low.buffer(#text):set(1, text))
  prepare("recv", "recv", b, buffers)
  local found = reap(2)
  assert_equal(text, buffers:string(found.recv.flags, found.recv.res))
end

local function scatter_and_gather(i)
  local first, second = low.buffer(7), low.buffer(40)
  prepare("readv", "readv", b, low.iovecs { first, second })
  prepare("writev", "writev", a, low.iovecs {
    "gather ", low.slice(GREETING, 1, 5), tostring(i),
  })
  local found = reap(2)
  local size = 12 + #tostring(i)
  assert_equal(size, found.writev.res)
  assert_equal(size, found.readv.res)
  assert_equal("gather ", first:tostring())
  assert_equal("hello" .. i, second:sub(1, size - 7))
end

local function cancel(i)
  local key = { i } -- any value is data
  local id = prepare(key, "recv", b, low.buffer(4096))
  prepare("timeout", "timeout", 1000)
  prepare("nop", "nop")
  ring:submit()
  prepare("cancel", "cancel", id)
  local found = reap(3)
  assert_equal(-errno.ECANCELED, found[key].res)
  assert_equal(0, found.cancel.res)
end

local function end_timeout()
  prepare("cancel_fd", "cancel_fd", NOT_OPEN)
  assert_equal(-errno.EBADF, reap(1).cancel_fd.res)
end

-- A multishot receive that goes on from one iteration to the next.
local multishot_is_on = false

local function multishot(i)
  if not multishot_is_on then prepare("multi", "recv_multishot", d, buffers) end
  prepare("send", "send", c, tostring(i))
  local found = reap(2)
  multishot_is_on = found.multi.flags & C.IORING_CQE_F_MORE ~= 0
  assert_equal(tostring(i), buffers:string(found.multi.flags, found.multi.res))
end

local function fail(i)
  local _, sqe = prepare("close", "close", NOT_OPEN)
  local ok = pcall(sqe.prep_send, sqe, a, { i })
  assert(not ok)
  prepare("never", "send", a, "replaced before it goes")
  pcall(sqe.prep_recv, sqe, b, buffers)
  sqe:prep_close(NOT_OPEN)
  local found
  do
    local _, second = prepare("again", "nop")
    second:set_flags("async")
    found = reap(3)
  end
  assert_equal(-errno.EBADF, found.close.res)
  assert_equal(0, found.again.res)
  local buffer = low.buffer(64)
  prepare("recv", "recv", b, buffer)
  assert_equal(found.never.res, reap(1).recv.res)
end

local function open_and_close_ring(i)
  local own = assert(low.ring(8, i % 3 == 0 and {
    flags = { "single_issuer", "defer_taskrun" },
  } or nil))
  local own_buffers = own:buf_ring { bgid = 1, entries = 4, size = 512 }
  own:get_sqe():prep_recv(b, low.buffer(4096))
  own:get_sqe():prep_recv(d, own_buffers)
  own:get_sqe():prep_timeout(1000)
  own:get_sqe():prep_openat(C.AT_FDCWD, "/dev/null")
  own:get_sqe():prep_poll_add(b, C.POLLIN)
  own:submit()
  own:get_sqe():prep_send(a, "never submitted")
  count "rings"
  if i % 2 == 0 then own:close() end -- or leaves it to the collector
end

-- The loop

local listener

local function echo_once(conn)
  local _conn <close> = conn
  local line = assert(conn:read("l"))
  assert(conn:write(line, "\n"))
end

local function serve()
  for conn in listener:iter() do uring.spawn(echo_once, conn) end
end

local function talk(i)
  local conn <close> = assert(uring.connect(listener:sockname()))
  local text = GREETING:format(i)
  assert(conn:write(text, "\n"))
  assert_equal(text, conn:read("l"))
  assert_equal(nil, conn:read("l"))
  count "connections"
end

local function generate(i)
  local sum = 0
  for value in coroutine.wrap(function()
    for k = 1, 3 do
      uring.yield()
      coroutine.yield(k + i)
      assert(uring.op.nop())
    end
  end) do sum = sum + value end
  assert_equal(6 + 3 * i, sum)
  count "ops"
end

local function spawn(i)
  local result
  uring.spawn(function(value)
    uring.sleep(value % 3 / 1e6)
    result = value
  end, i)
  while not result do uring.yield() end
  assert_equal(i, result)
end

local function raise_and_catch(i)
  local ok, value = pcall(function()
    uring.yield()
    error { i }
  end)
  assert_equal(false, ok)
  assert_equal(i, value[1])
  local thread = coroutine.create(function()
    uring.op.close(NOT_OPEN)
    error(i)
  end)
  ok, value = coroutine.resume(thread)
  assert_equal(false, ok)
  assert_equal(i, value)
  assert_equal(errno.EBADF, select(3, uring.op.read(NOT_OPEN, low.buffer(9))))
end

local function wait_and_cancel()
  local ended
  uring.spawn(function()
    ended = select(3, uring.op.recv(b, low.buffer(4096)))
  end)
  uring.yield()
  assert(uring.op.cancel_fd(b))
  while not ended do uring.yield() end
  assert_equal(errno.ECANCELED, ended)
end

local OFTEN = {
  send_and_receive, receive_into_ring, scatter_and_gather, multishot, fail,
  generate, spawn, raise_and_catch, wait_and_cancel, end_timeout,
}
local SELDOM = { cancel, open_and_close_ring, talk }

local function open_all()
  ring = assert(low.ring(64))
  buffers = assert(ring:buf_ring { bgid = 7, entries = 8, size = 64 })
  a, b = low.socketpair()
  c, d = low.socketpair()
  listener = assert(uring.listen("127.0.0.1:0"))
end

local function close_all()
  listener:close()
  ring:close()
  for _, fd in ipairs { a, b, c, d } do low.close(fd) end
  ring, buffers, listener = nil, nil, nil
end

-- An iteration does some of what is often done, in turn.
local function iterate(i)
  for k = 0, 2 do OFTEN[(3 * i + k) % #OFTEN + 1](i) end
  if i % RARELY == 0 then
    for _, work in ipairs(SELDOM) do work(i) end
  end
end

local function main()
  open_all()
  uring.spawn(serve)
  for i = 1, ITERATIONS do iterate(i) end
  close_all()
end

-- A run that ends with an error, and everything in flight.
local function fail_as_a_whole(i)
  local ok, value = pcall(uring.run, { entries = i % 2 * 255 + 1 }, function()
    open_all()
    uring.spawn(serve)
    uring.spawn(uring.op.recv, b, low.buffer(4096))
    uring.spawn(uring.op.recv, d, uring.buf_ring {
      bgid = 1, entries = 4, size = 512,
    })
    uring.spawn(uring.sleep, 1000)
    uring.spawn(coroutine.wrap(function() uring.op.timeout(1000) end))
    talk(i)
    error { i }
  end)
  assert_equal(false, ok)
  assert_equal(i, value[1])
  close_all()
  count "runs"
end

local before = open_descriptors()
uring.run(main)
for i = 1, ITERATIONS // RARELY do fail_as_a_whole(i) end
collectgarbage()
collectgarbage()
assert_equal(before, open_descriptors())
print(("soak: %d iterations, %d ops, %d rings, %d connections, %d runs"):format(
  ITERATIONS, done.ops, done.rings or 0, done.connections or 0, done.runs or 0))
