--- One turn of a simulated ring: what was started is submitted, what may
-- complete is tried in an order that the seed decides, and where nothing
-- does, the clock jumps to when something could.
local core = require "uring.core"
local errno = require "uring.errno"

local status = coroutine.status

local MORE = core.consts.IORING_CQE_F_MORE
local CQES = 512 -- at most, in one step
local PLACES = 3 -- in the CQ, for each
local TURN = 10000 -- nanoseconds, that a turn of the loop takes at most

local turn = {}

-- Completing

--- Forgets an op that has ended.
---@param ring table
---@param op table
function turn.remove(ring, op)
  local flights, count, place = ring.flights, ring.count, op.place
  flights[place] = flights[count]
  flights[place].place = place
  flights[count] = nil
  ring.count, ring.sim.ended = count - 1, ring.sim.ended + 1
  ring.by_id[op.id] = nil
  if ring.by_thread[op.thread] == op then ring.by_thread[op.thread] = nil end
  op:land(ring.sim)
end

--- Nobody is there to take what an op brings.
---@param ring table
---@param op table
---@param value any
function turn.dispose(ring, op, value)
  if value and op.handler.makes_fd then
    ring.sim.descriptors:close(value, tostring(op) .. " (nobody took it)")
  end
end

local function more_of(flags)
  return flags & MORE ~= 0 and ", and more to come" or ""
end

local function tell(ring, op)
  local sim, value, extra = ring.sim, op.value, op.extra
  if value == nil then
    sim:note("#%d: %s", op.id, errno[extra] or extra)
  elseif type(value) == "string" then
    sim:note("#%d: %d bytes%s", op.id, #value, more_of(extra))
  else
    sim:note("#%d: %s%s", op.id, value, more_of(extra))
  end
end

-- Posts what an op says.  Returns how much of the CQ is filled then.
local function post(ring, op, filled)
  tell(ring, op)
  local cq, value, extra = ring.cq, op.value, op.extra
  if not op.thread then
    turn.dispose(ring, op, value)
  else
    cq[filled + 1], cq[filled + 2], cq[filled + 3] = op, value, extra
    filled = filled + PLACES
  end
  if value == nil or extra & MORE == 0 then turn.remove(ring, op) end
  return filled
end

-- What comes next of the CQ: an op, its value, and what comes with it.
local function shift(ring)
  local cq, first = ring.cq, ring.filled - PLACES * ring.untaken + 1
  local op, value, extra = cq[first], cq[first + 1], cq[first + 2]
  cq[first], cq[first + 1], cq[first + 2] = false, false, false
  ring.untaken = ring.untaken - 1
  return op, value, extra
end

--- As the take that core.bind makes.
---@param ring table
---@param left integer
---@return integer? left nothing where nothing is left
---@return thread? thread
---@return any value
---@return integer? extra
function turn.take(ring, left)
  if left == 0 or ring.untaken == 0 then return end
  local op, value, extra = shift(ring)
  if status(op.thread) == "dead" then
    turn.dispose(ring, op, value)
    value, extra = nil, errno.ECANCELED
  end
  return left - 1, op.thread, value, extra
end

--- Nobody will take what was not taken.
---@param ring table
function turn.dispose_all(ring)
  while ring.untaken > 0 do
    local op, value = shift(ring)
    turn.dispose(ring, op, value)
  end
end

-- Whether an op has something to say now.
local function is_ready(ring, op)
  if op.done then return op.at <= ring.sim.now end
  if op:attempt(ring.sim) then return true end
  if not op.done and op.dying and op.dying <= ring.sim.now then
    op:end_early(ring.sim, errno.EINTR)
  end
  return op.done and op.at <= ring.sim.now
end

-- Whether an op has to wait, and nothing has changed since it found that out.
local function is_asleep(op, now)
  local news = op.news
  return news and news.count == op.seen and not op.done
    and not (op.dying and op.dying <= now)
end

-- Goes once through the ops that may do something.
local function pass(ring, filled, skips, forced)
  local sim, due, count = ring.sim, ring.due, 0
  for i = 1, ring.count do
    local op = ring.flights[i]
    if op.at <= sim.now and (forced or not is_asleep(op, sim.now)) then
      count = count + 1
      due[count] = op
    end
  end
  sim.random:shuffle(due, count)
  local skipped, posted = 0, 0
  for i = 1, count do
    local op = due[i]
    due[i] = false
    if posted == CQES or skips and sim.random:below(4) == 0 then
      skipped = skipped + 1
    elseif is_ready(ring, op) then
      filled = post(ring, op, filled)
      posted = posted + 1
    end
  end
  return filled, skipped
end

-- Takes what completes now.
local function collect(ring)
  local sim = ring.sim
  local filled, skipped = pass(ring, 0, true)
  while filled == 0 and skipped > 0 or sim.has_moved do
    sim.has_moved = false
    filled, skipped = pass(ring, filled, false)
  end
  return filled
end

--- Submits what waits in line, or some of it.
---@param ring table
function turn.submit(ring)
  local sim, chance = ring.sim, ring.sim.faults.line
  while ring.first <= ring.last do
    local op = ring.line[ring.first]
    ring.line[ring.first] = nil
    ring.first = ring.first + 1
    ring.count = ring.count + 1
    ring.flights[ring.count], op.place = op, ring.count
    op:submit(sim)
    if chance > 0 and ring.first <= ring.last and sim.random:chance(chance) then
      sim:note("%d wait in line", ring.last - ring.first + 1)
      return
    end
  end
end

-- When something may happen next, on any ring.
local function next_time(sim)
  local now, least = sim.now, nil
  for _, ring in ipairs(sim.rings) do
    for i = 1, ring.count do
      local op = ring.flights[i]
      local at = op.at
      if at <= now then at = op.dying end
      if at and at > now and (not least or at < least) then least = at end
    end
  end
  return least
end

-- What is in flight on other rings goes on, though nobody is told yet.
local function nudge_others(ring)
  local sim = ring.sim
  for _, other in ipairs(sim.rings) do
    for i = 1, other ~= ring and other.count or 0 do
      local op = other.flights[i]
      if not op.done and not op.handler.goes_on and op.at <= sim.now then
        op:attempt(sim)
      end
    end
  end
end

-- Nothing can happen, unless what changes things has not told of it.
local function check_stuck(ring)
  if pass(ring, 0, false, true) > 0 then
    error "uring.test: a change of a simulated thing went unnoticed"
  end
end

-- Lets time pass, once.  Returns how much of the CQ is filled then, nil
-- where nothing can happen any more.
local function pass_time(ring, limit)
  local sim = ring.sim
  if ring.first <= ring.last then
    sim.now = sim.now + TURN
    turn.submit(ring)
    return collect(ring)
  end
  local at = next_time(sim)
  if limit and (not at or at > limit) then at = limit end
  if at then
    sim.now = at
    sim:note("the clock jumps")
  end
  if sim.rings[2] then nudge_others(ring) end
  local filled = collect(ring)
  -- what ended for nobody may have changed something
  if at or filled > 0 or next_time(sim) then return filled end
  return check_stuck(ring)
end

-- Lets time pass until something completes, or it is time.
local function wait_for(ring, limit)
  local sim, filled = ring.sim, 0
  while filled == 0 and not (limit and sim.now >= limit) do
    filled = pass_time(ring, limit)
  end
  return filled
end

--- What is in flight or waits in line, oldest first.
---@param ring table
---@return table[] ops
function turn.in_order(ring)
  local ops = table.move(ring.flights, 1, ring.count, 1, {})
  table.move(ring.line, ring.first, ring.last, ring.count + 1, ops)
  table.sort(ops, function(a, b) return a.id < b.id end)
  return ops
end

local function describe_all(ring)
  local texts = {}
  for i, op in ipairs(turn.in_order(ring)) do
    texts[i] = ("%s %s"):format(tostring(op), op[op.handler.shows] or "")
  end
  return texts
end

--- As the step that core.bind makes.
---@param ring table
---@param wait boolean
---@param nanoseconds integer how long, at most; negative: for ever
---@return integer? count nothing where nothing can happen any more
---@return integer? now
---@return integer? signal
function turn.step(ring, wait, nanoseconds)
  local sim = ring.sim
  sim.now = sim.now + sim.random:below(TURN)
  local limit = nanoseconds >= 0 and sim.now + nanoseconds or nil
  turn.submit(ring)
  if sim.rings[2] then nudge_others(ring) end
  local filled = collect(ring)
  if filled == 0 and wait and #sim.interrupts == 0 then
    filled = wait_for(ring, limit)
    if not filled then
      sim:note("nothing can happen any more")
      sim.stuck = describe_all(ring)
      return
    end
  end
  ring.filled, ring.untaken = filled, filled // PLACES
  return ring.untaken, sim.now, table.remove(sim.interrupts, 1)
end

return turn
