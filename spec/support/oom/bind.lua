--- The loop's side of C: ops started for coroutines, and steps.
local core = require "uring.core"

local E = core.errnos
local TEXT = ("x"):rep(64)
local BUFFERS, IN_FLIGHT = 4, 300

local ring = assert(core.ring(8, { cq_entries = 1024 }))
local bufring = assert(ring:buf_ring { bgid = 1, entries = BUFFERS, size = 64 })
local reader, writer = assert(core.socketpair())
local batch = {}
for place = 1, 3 * 512 do batch[place] = false end
local landed, started = 0, 0
local bound

-- Steps until nothing is in flight, calling step with 'call'.  Counts what
-- lands, but not what is for a coroutine that has ended (ECANCELED), before
-- anything else: the calls of assert need memory.
local function drive(call)
  while ring:in_flight() > 0 do
    local filled = call(bound.step, batch, 0, true, -1)
    for i = 1, filled, 3 do
      if batch[i + 2] ~= E.ECANCELED then landed = landed + 1 end
    end
    for i = 1, filled, 3 do
      local value, extra = batch[i + 1], batch[i + 2]
      assert(value or extra == E.ECANCELED or extra == E.ENOMEM)
      assert(type(value) ~= "string" or value == "" or value == TEXT)
    end
  end
end

-- A new coroutine has a small stack, which has to grow.
local function in_coroutine(f, ...)
  return coroutine.wrap(f)(...)
end

local function directly(f, ...)
  return f(...)
end

local function start(row, ...)
  local refused, id = bound.start_for[row](coroutine.running(), ...)
  assert(id, refused and core.strerror(refused))
end

-- Waits for so many ops, which nobody does where it fails before.
local function wait(count)
  started = started + count
  coroutine.yield()
end

function attempt()
  bound = assert(core.bind(ring))
  in_coroutine(function()
    start("send", writer, TEXT)
    start("recv", reader, bufring)
    start("timeout", 0)
    wait(3)
  end)
  bound.start_for.nop(nil)
  drive(in_coroutine)
  in_coroutine(bound.wait.nop)
  started = started + 1
  drive(in_coroutine)
  in_coroutine(function()
    for _ = 1, IN_FLIGHT do start("nop") end
    wait(IN_FLIGHT)
  end)
  drive(in_coroutine)
end

function verify(ok)
  bound = assert(core.bind(ring))
  bound.start_for.shutdown(nil, writer, core.consts.SHUT_WR) -- wakes a recv
  drive(directly)
  assert(landed == started, "an op was not handed over")
  assert(not ok or landed == IN_FLIGHT + 4)
  assert(bufring:available() == BUFFERS, "a buffer is lost")
  core.close(reader)
  core.close(writer)
end
