--- One simulated run: everything that belongs to it, made from a seed.
local Descriptors = require "uring.test.descriptors"
local event = require "uring.test.event"
local faults = require "uring.test.faults"
local Network = require "uring.test.network"
local Random = require "uring.test.random"
local Trace = require "uring.test.trace"
local Tree = require "uring.test.tree"

local START = 1000 * 1000000000 -- on the monotonic clock
local EPOCH = 1700000000 -- what the other one says then, in seconds
local COMPLAINTS = 20 -- that are kept

local Sim = {}
Sim.__index = Sim

--- Makes the world of a run.
---@param options table see test.run
---@return uring.test.Sim
function Sim.new(options)
  local self = setmetatable({
    options = options, seed = options.seed, now = START, start = START,
    random = Random.new(options.seed), trace = Trace.new(),
    faults = faults.check(options.faults),
    disk = options.disk or math.maxinteger,
    rings = {}, has_moved = false, stuck = false, started = 0, ended = 0,
    complaints = {}, more_complaints = 0,
    threads = setmetatable({}, { __mode = "k" }), thread_count = 0,
    signals = {}, blocked = {}, caught = {}, -- sets of numbers
    interrupts = {}, -- those caught that have come, first come first served
  }, Sim)
  self.descriptors = Descriptors.new(self, options.descriptors)
  self.tree = Tree.new(self, options.files)
  self.network = Network.new(self)
  self.standard = {}
  for fd = 0, 2 do
    local stream = event.standard(fd == 0 and options.stdin or nil)
    self.standard[fd] = stream
    self.descriptors:add(stream, "the system", fd)
  end
  self.descriptors.count = 0 -- these are not counted
  return self
end

--- Adds a line to the trace.
---@param format string
---@param ... any at most four
function Sim:note(format, ...)
  self.trace:add(self.now, format, ...)
end

--- Keeps what the program has done wrong.
---@param format string
---@param ... any
function Sim:complain(format, ...)
  local text = format:format(...)
  self:note("wrong: %s", text)
  if #self.complaints == COMPLAINTS then
    self.more_complaints = self.more_complaints + 1
  else
    self.complaints[#self.complaints + 1] = text
  end
end

--- Numbers the coroutines in the order in which they first wait.
---@param thread thread
---@return integer
function Sim:number_of(thread)
  local number = self.threads[thread]
  if number then return number end
  self.thread_count = self.thread_count + 1
  self.threads[thread] = self.thread_count
  return self.thread_count
end

--- The time that a clock on the wall shows.
---@param now? integer nanoseconds on the monotonic one
---@return integer seconds since 1970
function Sim:wall(now)
  return EPOCH + ((now or self.now) - START) // 1000000000
end

return Sim
