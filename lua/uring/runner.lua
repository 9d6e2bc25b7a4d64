--- A run: a ring, a scheduler and the outermost scope, from start to end.
local exit = require "uring.exit"
local headroom = require "uring.headroom"
local holding = require "uring.stream.holding"
local inside = require "uring.inside"
local insist = require "uring.insist"
local loop = require "uring.loop"
local pipes = require "uring.stream.pipes"
local report = require "uring.report"
local Scheduler = require "uring.scheduler"
local Scope = require "uring.nursery"
local stdio = require "uring.stdio"
local system = require "uring.system"
local tree = require "uring.tree"
local watchdog = require "uring.watchdog"

local SIGINT = 2

---@class uring.Run
local Run = { __name = "uring.Run", INTERRUPTED = "interrupted!" }
Run.__index = Run

-- Nothing could ever wake a task: the first time they may clean up.
local function on_deadlock(scheduler)
  local text = ("deadlock: %d task%s waiting, and nothing is in flight "
    .. "that could wake one"):format(scheduler.live,
    scheduler.live == 1 and " is" or "s are")
  local waits = tree.waits(scheduler)
  if waits ~= "" then text = text .. ":\n" .. waits end
  if scheduler.root.own_cause then error(text, 0) end
  scheduler.root:fail(text)
end

-- The first time tasks may clean up; then the process ends at once.
local function on_signal(scheduler, number)
  if number ~= SIGINT then return report.say(tree.text(scheduler)) end
  if scheduler.interrupted then
    report.say(tree.text(scheduler))
    system.die "INT"
  end
  scheduler.interrupted = true
  scheduler.root:cancel("interrupted")
end

--- Opens a ring, and makes a scheduler on it.
---@param entries integer
---@return uring.Scheduler
local function open(entries)
  local ring, message = system.open(entries)
  if not ring then error(message, 0) end
  local bound
  bound, message = system.bind(ring, Scheduler.IO, Scheduler.last)
  if not bound then error(message, 0) end
  return Scheduler.new(ring, bound)
end

--- Makes a scheduler ready for a run.
---@param scheduler uring.Scheduler
function Run.prepare(scheduler)
  scheduler.on_deadlock, scheduler.on_signal = on_deadlock, on_signal
  scheduler.births, scheduler.numbered = 0, 0
  scheduler.now = system.now()
  scheduler.interrupted, scheduler.exit, scheduler.cancelling = false, false, 0
  loop.live[scheduler] = true
end

--- Begins the first task of the run that runs.
---@param scheduler uring.Scheduler
---@param body function
---@param ... any its arguments
---@return uring.Task
function Run.begin(scheduler, body, ...)
  scheduler.root = Scope.outermost "run"
  return scheduler.root:spawn(body, ...)
end

--- Makes a run whose first task has not begun.
---@param options table entries, sigint, watchdog, gc_headroom
---@param body function the first task
---@return uring.Run
function Run.new(options, body)
  local self = setmetatable({
    scheduler = open(options.entries), catches = {}, was_default = false,
    is_turning = false, is_over = false,
  }, Run)
  Run.prepare(self.scheduler)
  self:inside(Run.begin, self.scheduler, body)
  return self
end

--- Calls a function while the run is the one that runs.
---@param body function
---@param ... any
---@return any first of what it returns
function Run:inside(body, ...)
  return inside(self.scheduler, body, ...)
end

--- Has the signals that concern a program act on the run.
---@param sigint string "cancel", "ignore" or "default": what it is already
function Run:catch_signals(sigint)
  self.was_default = system.sigpipe "ignore" -- writes say EPIPE instead
  if sigint ~= "default" and system.catch("INT", sigint == "ignore") then
    table.insert(self.catches, "INT")
  end
  if system.catch "QUIT" then table.insert(self.catches, "QUIT") end
end

-- A signal that came too late for a step is not lost.
local function let_signals_go(self)
  if self.was_default then system.sigpipe "default" end
  self.was_default = false
  for place, name in ipairs(self.catches) do
    self.catches[place] = nil
    if system.let_go(name) and name == "INT" then
      self.scheduler.interrupted = true
    end
  end
end

--- Goes on until all tasks have ended.
---@param room? table headroom of the collector
function Run:drive(room)
  local scheduler = self.scheduler
  self:inside(function()
    local tick = scheduler.tick
    while tick(scheduler) do
      if room then room:turn() end
    end
  end)
end

--- The descriptor that gets readable when step has something to do.
---@return integer fd
function Run:pollfd()
  return self.scheduler.ring:fileno()
end

--- What pollfd is to be polled for: with pollfd and timeout this makes a run
-- something that a loop of others knows how to wait for, such as cqueues.
---@return "r"
function Run.events()
  return "r"
end

--- How long a step may be put off where pollfd is not readable.
---@return number? seconds nil: for ever
function Run:timeout()
  if self.is_over then return nil end
  local scheduler = self.scheduler
  if #scheduler.ready > 0 or scheduler.ring:sq_ready() > 0 then return 0 end
  local due = scheduler.timers:next()
  if scheduler.unended then due = insist.due(scheduler, due) end
  return due and math.max(0, (due - system.now()) / 1e9)
end

--- Forgets a run that has ended.
---@param scheduler uring.Scheduler
function Run.forget(scheduler)
  loop.live[scheduler] = nil
  pipes.close_all(scheduler)
end

--- Closes all that waits in a run, and its ring.
---@param scheduler uring.Scheduler
function Run.shut(scheduler)
  pcall(scheduler.leave_places, scheduler)
  scheduler:close()
end

local function end_now(self)
  self.is_over = true
  let_signals_go(self)
  Run.forget(self.scheduler)
end

-- A program whose reader has gone ends as any other does, quietly.
local function raise_failure(root)
  local value = root.problem
  if type(value) == "string" then
    if value:sub(-#stdio.BROKEN) == stdio.BROKEN then system.sigpipe "die" end
    if root.trace then value = value .. "\n" .. root.trace end
  end
  error(value, 0)
end

--- Ends the run, which raises what has failed in it.
function Run:finish()
  if self.is_over then return end
  end_now(self)
  local scheduler = self.scheduler
  Run.shut(scheduler)
  holding.finish_all()
  exit.leave_if_asked(scheduler)
  if scheduler.root.failed then raise_failure(scheduler.root) end
  if scheduler.interrupted then error(Run.INTERRUPTED, 0) end
end

-- It cannot go on: all that waits is closed.
local function give_up(self, problem)
  end_now(self)
  Run.shut(self.scheduler)
  exit.leave_if_asked(self.scheduler)
  error(problem, 0)
end

-- Calls a function of the run, with which the run may end.
local function turn(self, what, body, ...)
  if self.is_turning then error(what .. ": called inside the run", 3) end
  self.is_turning = true
  local ok, live = pcall(self.inside, self, body, ...)
  self.is_turning = false
  if not ok then give_up(self, live) end
  if not live then self:finish() end
  return live
end

--- One turn, for a loop that is not ours: what is ready runs, and what has
-- completed.
---@param seconds? number that it may wait at most; default 0
---@return boolean live false once all tasks have ended
function Run:step(seconds)
  seconds = seconds or 0
  if type(seconds) ~= "number" or seconds ~= seconds then
    error("step: bad argument 'seconds' (number expected)", 2)
  end
  if self.is_over then return false end
  local scheduler = self.scheduler
  local limit = seconds < 1e9 and math.ceil(math.max(seconds, 0) * 1e9) or nil
  return turn(self, "step", function()
    if not scheduler:tick(limit) or scheduler.live == 0 then return false end
    -- what was started now, pollfd shall tell of
    if #scheduler.ready == 0 then scheduler.ring:submit() end
    return true
  end)
end

--- Cancels what has not ended, and waits for it.
function Run:close()
  if self.is_over then return end
  local scheduler = self.scheduler
  turn(self, "close", function()
    scheduler.root:cancel("the run was closed")
    while scheduler:tick() do end
    return false
  end)
end

Run.__close = Run.close

--- Runs a function to its end, and all that it has spawned.
---@param options table
---@param body function
function Run.run(options, body)
  local self = Run.new(options, body)
  local room = headroom.begin(options.gc_headroom)
  local ok, problem = pcall(function()
    self:catch_signals(options.sigint or "cancel")
    if options.watchdog then
      watchdog.watch(self.scheduler, options.watchdog)
    end
    self:drive(room)
  end)
  if options.watchdog then watchdog.rest() end
  if room then room:finish() end
  if not ok then give_up(self, problem) end
  self:finish()
end

Run.open = open

return Run
