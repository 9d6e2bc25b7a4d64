--- Workers: the same program on several processors, each in a process of its
-- own with a run of its own, started again where it dies.
local blocking = require "uring.blocking"
local Crew = require "uring.worker.crew"
local check_options = require "uring.net.options".check
local Listener = require "uring.net.listener"
local loop = require "uring.loop"
local member = require "uring.worker.member"
local system = require "uring.system"

local MOST = 1024

local worker = {}

local OPTIONS = {
  grace = 10, ready_after = 1, backoff = 5, settle = 5, max_failures = 10,
}

local function with_defaults(options)
  if type(options) ~= "table" then
    error("worker.run: bad argument 'options' (table expected)", 3)
  end
  local all = {}
  for name, value in pairs(OPTIONS) do all[name] = value end
  for name, value in pairs(options) do
    if not OPTIONS[name] or not math.type(value) or value ~= value
      or value < 0 or value == math.huge then
      error(("worker.run: bad option '%s'"):format(tostring(name)), 3)
    end
    all[name] = value
  end
  return all
end

local function check_count(count)
  if count == "auto" then return system.cpus() end
  if math.type(count) ~= "integer" or count < 1 or count > MOST then
    error(("worker.run: bad argument 'count' (\"auto\", or 1 to %d expected)")
      :format(MOST), 3)
  end
  return count
end

-- What is forked must not have a ring.
local function check_place()
  if member.index then error("worker.run: this is a worker", 3) end
  if loop.is_running() then
    error("worker.run inside uring.run: call it at the top level", 3)
  end
  blocking.rest()
  if system.has_ring() then
    error("worker.run: this process has a ring open, which a worker cannot "
      .. "share: close it, or open it in the worker", 3)
  end
end

--- Runs a function in so many processes, each as the first task of a run.
-- One that fails, or is killed, is started again: at once, then after pauses
-- that grow; one whose function returns is not.  SIGTERM and SIGINT end all:
-- each worker closes its listeners, and has time to end what it has begun.
-- SIGHUP replaces them: new ones are started, and the old ones end when those
-- are ready.  Where this process dies, so do the workers.
---@param count integer|"auto" as many as there are usable processors
---@param body fun(index: integer) called in each, with 1 to count
---@param options? table seconds: grace = 10, that a worker has to end; backoff
--- = 5, the longest pause; settle = 5, after so long a failure is the first
--- again; ready_after = 1, that a new one is taken to be ready after; and
--- max_failures = 10, in a row, which end everything
---@return boolean true once all have ended; raises where one has failed too
--- often, or none could be started
function worker.run(count, body, options)
  options = with_defaults(options or {})
  count = check_count(count)
  if type(body) ~= "function" then
    error("worker.run: bad argument 'body' (function expected)", 2)
  end
  check_place()
  Crew.new(count, body, options):run()
  return true
end

--- Listens for connections that any of the workers takes.  To be called
-- before worker.run, which hands it to all of them, also to those that are
-- started later: it stays open as long as the parent lives, so nobody is
-- refused meanwhile.  In a worker it gives what was made there by this name.
---@param where string|uring.Address as for uring.listen
---@param options? table as for uring.listen
---@return uring.Listener? listener
---@return string? message
---@return integer? code
function worker.listen(where, options)
  if type(where) ~= "string" and type(where) ~= "userdata" then
    error("worker.listen: bad argument 'where' (an address expected)", 2)
  end
  check_options("worker.listen", options, Listener.OPTIONS)
  if not member.index then return member.listen(where, options) end
  local listener = member.listener(where)
  if not listener then
    error(("worker.listen: %s has to be called before worker.run"):format(
      tostring(where)), 2)
  end
  member.ready()
  return listener
end

--- Tells the parent that this worker does its work: at SIGHUP the one before
-- it ends then.  Who accepts, or calls worker.listen, need not call it.
function worker.ready()
  member.ready()
end

--- Which of the workers this process is.
---@return integer? index nil in the parent
function worker.index()
  return member.index or nil
end

--- Whether this worker is to end: no new work, please.
---@return boolean
function worker.draining()
  return member.draining()
end

--- Waits until this worker is to end.  One that neither listens nor asks is
-- cancelled at once.
function worker.wait_drain()
  loop.check_can_wait("worker.wait_drain")
  member.wait_drain()
end

return worker
