--- A worker, seen from inside: one process of several that do the same.
local cancelled = require "uring.cancelled"
local Event = require "uring.sync.event"
local exit = require "uring.exit"
local loop = require "uring.loop"
local net = require "uring.net"
local op = require "uring.op"
local report = require "uring.report"
local Run = require "uring.runner"
local signal = require "uring.signal"
local structured = require "uring.structured"
local system = require "uring.system"

local ENTRIES = 256
local READY, FAILED = "+", "!" -- what the parent is told

local member = {
  index = false, -- which worker this process is
  listeners = {}, -- where -> listener, in the order 1..n as well
}

local pipe = false -- to the parent
local is_ready, is_draining, asked = false, false, false
local drained = Event.new()

--- Listens for all workers: before they are started, in the parent.
---@param where string|uring.Address
---@param options? table
---@return uring.Listener? listener
---@return string? message
---@return integer? code
function member.listen(where, options)
  local listener, message, code = net.listen(where, options)
  if not listener then return nil, message, code end
  listener.is_shared = true
  member.listeners[tostring(where)] = listener
  table.insert(member.listeners, listener)
  return listener
end

--- The listener that the parent has made.
---@param where string|uring.Address
---@return uring.Listener? listener nil where there is none
function member.listener(where)
  return member.listeners[tostring(where)]
end

--- Tells the parent that this worker does its work.
function member.ready()
  if is_ready or not pipe then return end
  is_ready = true
  loop.post("write", pipe, READY, -1)
end

-- Who accepts is ready.
local function watch_listener(listener)
  for _, name in ipairs { "accept", "iter" } do
    local method = listener[name]
    rawset(listener, name, function(...)
      rawset(listener, name, nil)
      member.ready()
      return method(...)
    end)
  end
end

--- Nobody connects to this process any more.
function member.close_listeners()
  for _, listener in ipairs(member.listeners) do listener:close() end
end

--- Whether this worker is to end.
---@return boolean
function member.draining()
  asked = true
  return is_draining
end

--- Waits until this worker is to end.
function member.wait_drain()
  asked = true
  drained:wait()
end

-- No new connections; those that there are have until the grace is over.
local function drain(scope, grace)
  if is_draining then return end
  is_draining = true
  drained:set()
  member.close_listeners()
  if #member.listeners == 0 and not asked then grace = 0 end
  scope:daemon(function()
    loop.sleep(grace)
    scope:cancel("the worker ends")
  end)
end

local function work(body, grace)
  structured.scope({ name = "worker " .. member.index }, function(scope)
    scope:daemon(function()
      -- the others are the parent's business: it sends TERM
      for name in signal.iter { "TERM", "INT", "HUP" } do
        if name == "TERM" then drain(scope, grace) end
      end
    end)
    body(member.index)
  end)
end

local function tell(problem)
  local text = cancelled.text_of(problem)
  report.say(("worker %d: %s"):format(member.index, text))
  op.write(pipe, FAILED .. text, -1)
end

--- Becomes a worker, in a process that was forked for it.  Never returns.
---@param index integer
---@param body fun(index: integer)
---@param grace number seconds
---@param to integer descriptor of the pipe to the parent
function member.live(index, body, grace, to)
  member.index, pipe = index, to
  local ok, problem = pcall(function()
    signal.block("TERM", "INT", "HUP")
    signal.forget()
    math.randomseed(system.now(), index) -- not the same in all
    for _, listener in ipairs(member.listeners) do
      if not listener:closed() then watch_listener(listener) end
    end
    Run.run({ entries = ENTRIES, sigint = "default" }, function()
      work(body, grace)
    end)
  end)
  if not ok then pcall(tell, problem) end
  exit.exit(ok and 0 or 1, false)
end

--- Understands what a worker has told.
---@param bytes string all of it
---@return boolean ready
---@return string? problem
function member.understand(bytes)
  return bytes:sub(1, 1) == READY, bytes:match("^%+?%!(.*)$")
end

return member
