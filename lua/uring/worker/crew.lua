--- The workers, seen from their parent: started, watched, started again.
-- The parent forks while it has no ring: between the runs in which it waits
-- for something to happen (watch.lua).
local Child = require "uring.child"
local member = require "uring.worker.member"
local report = require "uring.report"
local signal = require "uring.signal"
local system = require "uring.system"
local watch = require "uring.worker.watch"

local FIRST_PAUSE = 0.1 -- seconds, before the second try
local LATER = 1 -- seconds after its grace until a worker is killed
local NS = 1000000000

---@class uring.Crew
local Crew = {}
Crew.__index = Crew

--- Makes a crew without workers.
---@param count integer
---@param body fun(index: integer)
---@param options table
---@return uring.Crew
function Crew.new(count, body, options)
  local self = setmetatable({
    body = body, options = options, slots = {}, members = {},
    stopping = false, problem = false, signals = false, has_begun = false,
  }, Crew)
  for index = 1, count do
    self.slots[index] = {
      index = index, due = 0, failures = 0, refusals = 0, is_done = false,
      current = false, fresh = false, -- who works; who will, when it is ready
      wants_fresh = false,
    }
  end
  return self
end

local function now()
  return system.now() / NS
end

-- Starting

-- A child keeps nothing of its siblings.
local function let_go(self)
  for _, each in ipairs(self.members) do
    if each.pipe then system.close(each.pipe) end
    if each.child.pidfd then system.close(each.child.pidfd) end
    each.pipe, each.child.pidfd = false, false
  end
  self.members = {}
end

local function start(self, slot)
  local child = Child.new()
  local from, to = system.pipe()
  if not from then return nil, to end
  local pid, message = system.fork()
  if pid == 0 then
    system.close(from)
    let_go(self)
    member.live(slot.index, self.body, self.options.grace, to)
  end
  system.close(to)
  if not pid then
    system.close(from)
    return nil, message
  end
  local each = {
    slot = slot, child = child, pipe = from, text = "",
    since = now(), is_ready = false, is_draining = false, kill_at = false,
    ready_at = now() + self.options.ready_after,
  }
  table.insert(self.members, each)
  child:own(pid, assert(system.pidfd(pid)))
  return each
end

-- A machine that has no room for one more process now may have it later:
-- those that work go on.
local function try_to_start(self, slot)
  local each, message = start(self, slot)
  if each then
    slot.refusals = 0
    return each
  end
  if not self.has_begun then error("worker.run: " .. message, 0) end
  slot.refusals = slot.refusals + 1
  local pause = math.max(FIRST_PAUSE, math.min(self.options.backoff,
    FIRST_PAUSE * 2 ^ (slot.refusals - 1)))
  report.say(("worker %d cannot be started: %s; the next try is in %g s")
    :format(slot.index, message, pause))
  slot.due = now() + pause
  return false
end

local function start_due(self)
  if self.stopping then return end
  for _, slot in ipairs(self.slots) do
    if slot.due <= now() and not slot.is_done then
      if slot.wants_fresh then
        slot.fresh = try_to_start(self, slot)
        slot.wants_fresh = not slot.fresh
      elseif not slot.current then
        slot.current = try_to_start(self, slot)
      end
    end
  end
  self.has_begun = true
end

-- Ending

local function drain(self, each)
  if each.is_draining then return end
  each.is_draining = true
  each.kill_at = now() + self.options.grace + LATER
  each.child:kill "TERM"
end

--- All are to end, and nobody connects any more; asked again, at once.
function Crew:stop()
  for _, each in ipairs(self.members) do
    if self.stopping then each.child:kill "KILL" end
    drain(self, each)
  end
  self.stopping = true
  member.close_listeners()
end

-- What has happened

local function describe(each)
  local child, _, text = each.child, member.understand(each.text)
  if text then return text:match "^[^\n]*" end
  if child.code then return "exited with " .. child.code end
  return "ended by " .. Child.signal_name(child.signo or 0)
end

-- How long until the next try; nil where there have been too many.
local function pause_after(self, slot, each)
  local options = self.options
  if now() - each.since >= options.settle then slot.failures = 0 end
  slot.failures = slot.failures + 1
  if slot.failures >= options.max_failures then return nil end
  if slot.failures == 1 then return 0 end
  return math.min(options.backoff, FIRST_PAUSE * 2 ^ (slot.failures - 2))
end

local function give_up(self, slot, each)
  local text = ("worker %d failed %d times in a row: %s"):format(slot.index,
    slot.failures, describe(each))
  slot.failures = 0
  if slot.current then -- the old one goes on
    return report.say(text .. "; the one before it goes on")
  end
  self.problem = self.problem or "worker.run: " .. text
  self:stop()
end

local function failed(self, slot, each)
  local pause = pause_after(self, slot, each)
  if not pause then return give_up(self, slot, each) end
  report.say(("worker %d (pid %d) %s; the next one starts %s"):format(
    slot.index, each.child.pid, describe(each),
    pause == 0 and "now" or ("in %g s"):format(pause)))
  slot.due = now() + pause
  slot.wants_fresh = slot.current ~= false
end

local function forget(self, each)
  for place, other in ipairs(self.members) do
    if other == each then table.remove(self.members, place) end
  end
  if each.pipe then system.close(each.pipe) end
  each.pipe = false
end

--- One has ended.
---@param each table
function Crew:ended(each)
  local slot = each.slot
  forget(self, each)
  if slot.fresh == each then slot.fresh = false end
  if slot.current == each then
    slot.current, slot.fresh = slot.fresh, false
  end
  if self.stopping or each.is_draining then return end
  if each.child.code == 0 then
    slot.is_done = true
    if slot.current then drain(self, slot.current) end
  elseif not (slot.current and slot.current.since > each.since) then
    failed(self, slot, each)
  end
end

--- One does its work: the one before it may go.
---@param each table
function Crew:is_ready(each)
  local slot = each.slot
  each.is_ready = true
  if slot.fresh ~= each then return end
  local before = slot.current
  slot.current, slot.fresh = each, false
  if before then drain(self, before) end
end

--- All are to be replaced: also those that are not ready yet.
function Crew:hand_over()
  for _, slot in ipairs(self.slots) do
    if slot.fresh then drain(self, slot.fresh) end
    slot.fresh, slot.wants_fresh, slot.due = false, slot.current ~= false, 0
  end
end

local function look_at_time(self)
  local time = now()
  for _, each in ipairs(self.members) do
    if each.kill_at and each.kill_at <= time then
      each.kill_at = false
      each.child:kill "KILL"
    end
    if not each.is_ready and each.ready_at <= time then self:is_ready(each) end
  end
end

local function is_over(self)
  if #self.members > 0 then return false end
  if self.stopping then return true end
  for _, slot in ipairs(self.slots) do
    if not slot.is_done then return false end
  end
  return true
end

--- Starts the workers, and keeps them until they are to end.  Raises what
-- has gone wrong.
function Crew:run()
  local _self <close> = self
  self.signals = signal.iter { "TERM", "INT", "HUP" }
  start_due(self)
  while not is_over(self) do
    watch.wait(self)
    look_at_time(self)
    start_due(self)
  end
  if self.problem then error(self.problem, 0) end
end

--- Kills whoever is left.
function Crew:close()
  for _, each in ipairs(self.members) do each.child:kill "KILL" end
  for _, each in ipairs(self.members) do
    if each.pipe then system.close(each.pipe) end
    each.pipe = false
    pcall(each.child.wait, each.child)
  end
  self.members = {}
  if self.signals then self.signals:close() end
end

Crew.__close = Crew.close

return Crew
