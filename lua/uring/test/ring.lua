--- The ring of a simulated run: what a scheduler sees of the kernel.
-- Ops that are started wait in line until the next step, see turn.lua.
local core = require "uring.core"
local args = require "uring.test.args"
local BufRing = require "uring.test.bufring"
local errno = require "uring.errno"
local Flight = require "uring.test.flight"
local loop = require "uring.loop"
local rows = require "uring.test.rows"
local Scheduler = require "uring.scheduler"
local turn = require "uring.test.turn"

local running, isyieldable = coroutine.running, coroutine.isyieldable

local Ring = { __name = "uring.Ring" }

-- Methods of a ring that make no sense without a kernel.
function Ring.__index(_, name)
  if Ring[name] ~= nil or type(name) ~= "string" then return Ring[name] end
  error("uring.test does not simulate ring:" .. name, 2)
end

--- Opens the ring of a simulated run.
---@param sim uring.test.Sim
---@return table
function Ring.new(sim)
  local self = setmetatable({
    sim = sim, is_closed = false,
    line = {}, first = 1, last = 0, -- started, not yet submitted
    flights = {}, count = 0, -- submitted
    by_id = {}, by_thread = {}, due = {},
    cq = {}, filled = 0, untaken = 0, -- places of it; completions in it
  }, Ring)
  sim.rings[#sim.rings + 1] = self
  return self
end

-- Starting

local function check_usable(ring)
  if ring.is_closed then
    error("attempt to use a closed ring", 4)
  end
end

local function enter(ring, op, row, thread, is_awaited, handle, flag)
  local sim = ring.sim
  args.check(op, row)
  local lacking = op.handler.lacks and op.handler.lacks(op)
  if lacking then error("uring.test does not simulate " .. lacking, 4) end
  sim.started = sim.started + 1
  op.id, op.thread, op.is_awaited = sim.started, thread, is_awaited
  op.ring, op.at, op.done, op.object, op.dying = ring, 0, false, false, false
  op.news, op.seen = false, 0
  op.bufring = BufRing.is(op[2]) and op[2] or false
  setmetatable(op, Flight)
  local other = is_awaited and ring.by_thread[thread]
  if other and other.is_awaited then
    sim:complain("coroutine %d started %s while it waited for %s",
      sim:number_of(thread), tostring(op), tostring(other))
  end
  if thread then ring.by_thread[thread] = op end
  ring.by_id[op.id] = op
  ring.last = ring.last + 1
  ring.line[ring.last] = op
  sim.trace:add(sim.now, thread and "#%d starts: %s %s, for coroutine %d"
    or "#%d starts: %s %s, for nobody", op.id, op.name,
    op[op.handler.shows] or "", thread and sim:number_of(thread))
  if handle then handle[flag] = true end
  if is_awaited then return loop.park() end
  return nil, op.id
end

local function refuse(name)
  error(("uring.test does not simulate uring.op.%s"):format(name), 4)
end

local function check_place()
  if isyieldable() then return end
  error("cannot wait for I/O here: not inside a task, or called through a "
    .. "C function (table.sort, string.gsub, require, a __gc ...)", 4)
end

local function starter(ring, row, handler)
  local name = row.name
  return function(a, b, c, d, e, f)
    check_usable(ring)
    check_place()
    local op = { a, b, c, d, e, f, name = name, handler = handler }
    if not handler then refuse(name) end
    return enter(ring, op, row, (running()), true)
  end
end

local function claimer(ring, row, handler)
  local name = row.name
  return function(handle, flag, a, b, c, d, e, f)
    check_usable(ring)
    check_place()
    local op = { a, b, c, d, e, f, name = name, handler = handler }
    if not handler then refuse(name) end
    return enter(ring, op, row, (running()), true, handle, flag)
  end
end

local function starter_for(ring, row, handler)
  local name = row.name
  return function(thread, a, b, c, d, e, f)
    check_usable(ring)
    local op = { a, b, c, d, e, f, name = name, handler = handler }
    if not handler then refuse(name) end
    return enter(ring, op, row, thread or false, false)
  end
end

-- The scheduler's view

local function ids_on(ring, fd)
  local ids = {}
  for _, op in ipairs(turn.in_order(ring)) do
    local first = op.handler.fd
    if first == 1 and op[1] == fd and op.name ~= "close" then
      ids[#ids + 1] = op.id
    end
  end
  return ids
end

local function living_of(ring, ids)
  local living = {}
  for _, id in ipairs(ids) do
    if ring.by_id[id] then living[#living + 1] = id end
  end
  return living
end

local function ids_of(ring, threads)
  local ids = {}
  for _, op in ipairs(turn.in_order(ring)) do
    if op.thread and threads[op.thread] then ids[#ids + 1] = op.id end
  end
  return ids
end

local function flights_of(ring)
  local list = {}
  for _, op in ipairs(turn.in_order(ring)) do
    if op.thread then
      list[#list + 1] = { thread = op.thread, name = op.name,
        fd = op.handler.fd == 1 and op[1] or nil }
    end
  end
  return list
end

local handlers = rows.handlers

--- As core.bind: what a scheduler starts ops and waits with.
---@param ring table
---@return table bound {wait = {}, claim = {}, start_for = {}, step =, go =,
--- take =, ids =, flights =}
function Ring.bind(ring)
  local bound = { wait = {}, claim = {}, start_for = {} }
  for number, row in ipairs(core.ops) do
    local name = row.name
    local handler = handlers[name]
    local wait = starter(ring, row, handler)
    local start_for = starter_for(ring, row, handler)
    bound.wait[name], bound.wait[number] = wait, wait
    bound.claim[number] = claimer(ring, row, handler)
    bound.start_for[name], bound.start_for[number] = start_for, start_for
  end
  function bound.step(wait, nanoseconds)
    check_usable(ring)
    return turn.step(ring, wait, nanoseconds)
  end
  function bound.take(left) return turn.take(ring, left) end
  function bound.go(left) return Scheduler.one_by_one(bound, left) end
  function bound.ids(threads) return ids_of(ring, threads) end
  function bound.ids_on(fd) return ids_on(ring, fd) end
  function bound.living(ids) return living_of(ring, ids) end
  function bound.flights() return flights_of(ring) end
  return bound
end

--- Submits what was started.
function Ring:submit()
  turn.submit(self)
end

--- Cancels and ends whatever is in flight.
function Ring:close()
  if self.is_closed then return end
  self.is_closed = true
  local sim = self.sim
  while self.first <= self.last do turn.submit(self) end
  while self.count > 0 do
    local op = self.flights[1]
    if op.thread and not op.done and not op.dying then
      sim:complain("%s was in flight when the ring was closed, and nobody had "
        .. "cancelled it", tostring(op))
    end
    if not op.done then op:end_early(sim, errno.ECANCELED) end
    turn.dispose(self, op, op.value)
    turn.remove(self, op)
  end
  turn.dispose_all(self)
  for i, ring in ipairs(sim.rings) do
    if ring == self then table.remove(sim.rings, i) end
  end
end

--- Makes a buffer ring.
---@param options table
---@return table
function Ring:buf_ring(options)
  return BufRing.new(self, options)
end

--- Makes enters cheaper, were there any.
function Ring.register_ring_fd()
  return true
end

--- The features of the newest kernels.
---@return table set
function Ring.features()
  return { ext_arg = true, nodrop = true, single_mmap = true }
end

--- How many ops have not completed.
---@return integer
function Ring:in_flight()
  return self.count + self.last - self.first + 1
end

return Ring
