--- System calls that may block and have no opcode, done by other threads.
--   offload.call("readlinkat", C.AT_FDCWD, path) --> bytes
-- A run has a tray while jobs are out, where the done ones lie, and a
-- coroutine that waits for its eventfd; without jobs there is nothing.
local core = require "uring.core"
local errno = require "uring.errno"
local loop = require "uring.loop"
local op = require "uring.op"
local system = require "uring.system"

local offload = {}

-- Who waits for a job.  It cannot be cancelled, so there is no 'leave'.
local Place = {}
Place.__index = Place

--- What it is to wait for it.
---@return string
function Place:describe()
  return "a thread to do " .. self.name
end

local trays = setmetatable({}, { __mode = "k" }) -- of each scheduler

-- Takes what is done, and wakes who waits for it.
local function hand_out(self, id, ...)
  if not id then return false end
  local place = self.places[id]
  self.places[id] = nil
  self.out = self.out - 1
  place.results = table.pack(...)
  loop.wake(place.thread)
  return true
end

-- Nobody will learn what is done: who waits for it goes on.
local function give_up(self, message, code)
  for id, place in pairs(self.places) do
    self.places[id] = nil
    place.results = table.pack(nil, message, code)
    loop.wake(place.thread)
  end
  self.out = 0
end

-- Waits until something is done.
local function wait(tray, count)
  local fd = tray:fileno()
  local done, message, code = op.read(fd, count)
  if code == errno.EAGAIN then
    done, message, code = op.poll_add(fd, core.consts.POLLIN)
  end
  if code == errno.EINTR or code == errno.ECANCELED then return true end
  return done, message, code
end

-- Runs in a coroutine that is no task, so a run does not wait for it.
local function serve(self, scheduler)
  local tray <close> = self.tray
  local count = core.buffer(8)
  while self.out > 0 do
    local done, message, code = wait(tray, count)
    while hand_out(self, tray:take()) do end
    if not done then give_up(self, message, code) end
  end
  if trays[scheduler] == self then trays[scheduler] = nil end
end

local function open(name)
  local tray, message, code = system.tray(name)
  if not tray then return nil, message, code end
  return { tray = tray, places = {}, out = 0 }
end

-- Starts a job; the first of a tray makes it one that is served.
local function start(place, ...)
  local scheduler = loop.current("offload")
  local self = trays[scheduler]
  local id, message, code
  if not self then
    self, message, code = open((...))
    if not self then return nil, message, code end
  end
  id, message, code = self.tray:start(...)
  if not id then
    if not trays[scheduler] then self.tray:close() end
    return nil, message, code
  end
  self.places[id], self.out = place, self.out + 1
  if not trays[scheduler] then
    trays[scheduler] = self
    loop.ready(coroutine.create(function() serve(self, scheduler) end))
  end
  return id
end

--- Does a job, and waits until it is done: cancelled or not, its result is
-- delivered.  Where no loop runs it blocks the thread.
---@param name string
---@param ... any its arguments: see csrc/jobs.c
---@return any value true, a count, or bytes; nil where it failed
---@return string? message
---@return integer? code
function offload.call(name, ...)
  if not loop.is_running() then return system.work(name, ...) end
  loop.check_can_wait(name)
  local place = setmetatable({ name = name, thread = coroutine.running(),
    results = false }, Place)
  local id, message, code = start(place, name, ...)
  if not id then return nil, message, code end
  local ok, problem = pcall(loop.wait, place)
  local results = place.results
  if not results then error(problem, 0) end
  if not ok and not results[1] then error(problem, 0) end
  return table.unpack(results, 1, results.n)
end

local HEAD = "<i4 i4 i4 i4"

--- Has the C library look a name up: /etc/hosts, DNS, whatever is set up.
---@param node? string a name, or an address in digits
---@param service? string a name, or a port in digits
---@param hints? table family, socktype, flags (integers)
---@return table[]? list {address = uring.Address, family, socktype, protocol
--- (integers)}, ...
---@return string? message
---@return integer? code an errno, or -100 less the EAI_ code's amount
function offload.getaddrinfo(node, service, hints)
  hints = hints or {}
  local bytes, message, code = offload.call("getaddrinfo", node, service,
    hints.family or 0, hints.socktype or 0, hints.flags or 0)
  if not bytes then return nil, message, code end
  local list, at = {}, 1
  while at <= #bytes do
    local family, socktype, protocol, size, from = HEAD:unpack(bytes, at)
    at = from + size
    list[#list + 1] = { family = family, socktype = socktype,
      protocol = protocol,
      address = core.unpack_sockaddr(bytes:sub(from, at - 1)) }
  end
  return list
end

--- Whether a failure means that a call is not to be had here.
---@param code? integer
---@return boolean
function offload.is_lacking(code)
  return code == errno.ENOSYS or code == errno.EOPNOTSUPP
    or code == errno.EINVAL
end

return offload
