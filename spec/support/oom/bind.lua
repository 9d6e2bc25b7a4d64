--- The loop's side of C: ops started for coroutines, and steps.
local core = require "uring.core"

local E = core.errnos
local TEXT = ("x"):rep(64)
local BUFFERS, IN_FLIGHT = 4, 300

local ring = assert(core.ring(8, { cq_entries = 1024 }))
local bufring = assert(ring:buf_ring { bgid = 1, entries = BUFFERS, size = 64 })
local reader, writer = assert(core.socketpair())
local IO, last = {}, { false }
local resume, taken = core.resumer(IO)
local landed, started = 0, 0
local bound

-- Counts what lands, but not what is for a coroutine that has ended
-- (ECANCELED), before anything else: the calls of assert need memory.
local function note(value, extra)
  if extra ~= E.ECANCELED then landed = landed + 1 end
  assert(value or extra == E.ECANCELED or extra == E.ENOMEM)
  assert(type(value) ~= "string" or value == "" or value == TEXT)
end

-- Steps until nothing is in flight, and takes with 'call' what lands.
local function drive(call)
  while ring:in_flight() > 0 do
    local left = call(bound.step, true, -1)
    while left do
      local thread, value, extra
      left, thread, value, extra = call(bound.take, left)
      if thread then note(value, extra) end
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

-- What a coroutine does that is resumed when its op has completed.
local function exchange()
  note(bound.wait.send(writer, TEXT))
  note(bound.wait.recv(reader, bufring))
end

local function check(thread, ok, number)
  local done, problem = taken(thread, ok, number)
  if not done then error(problem, 0) end
end

local function let_go_on(thread)
  local waits, ok, number = resume(thread)
  while waits do
    started = started + 1
    local left, ended
    left, ended, ok, number = bound.go((bound.step(true, -1)))
    waits = not left
    assert(waits or ended == thread)
  end
  check(thread, ok, number)
end

function attempt()
  bound = assert(core.bind(ring, IO, last))
  in_coroutine(function()
    start("send", writer, TEXT)
    start("recv", reader, bufring)
    start("timeout", 0)
    wait(3)
  end)
  bound.start_for.nop(nil)
  drive(in_coroutine)
  let_go_on(coroutine.create(exchange))
  in_coroutine(function()
    for _ = 1, IN_FLIGHT do start("nop") end
    wait(IN_FLIGHT)
  end)
  drive(in_coroutine)
end

function verify(ok)
  bound = assert(core.bind(ring, IO, last))
  bound.start_for.shutdown(nil, writer, core.consts.SHUT_WR) -- wakes a recv
  drive(directly)
  assert(landed == started, "an op was not handed over")
  assert(not ok or landed == IN_FLIGHT + 5)
  assert(bufring:available() == BUFFERS, "a buffer is lost")
  core.close(reader)
  core.close(writer)
end
