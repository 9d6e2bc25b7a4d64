--- Serving: a task for each connection, and an end that lets them finish.
-- The tasks are in a scope of their own, which a cancellation from outside
-- does not reach: it ends the accepting, then the others have their time.
local cancelled = require "uring.cancelled"
local Listener = require "uring.net.listener"
local loop = require "uring.loop"
local options = require "uring.net.options"
local report = require "uring.report"
local Scope = require "uring.nursery"
local structured = require "uring.structured"
local sync = require "uring.sync"
local system = require "uring.system"
local traces = require "uring.traces"

local MAX, GRACE = 10000, 5 -- connections at once; seconds
local FOREVER = 1e9 -- seconds, and more
local MINUTE = 60000000000 -- nanoseconds

local serving = {}

local OPTIONS = {
  max = "integer", on_error = "function", timeout = "number",
  shutdown_grace = "number",
}

local ALL_OPTIONS = options.join(OPTIONS, Listener.OPTIONS)

-- Handlers

local function say(problem, trace)
  report.say(("net.serve: %s%s"):format(cancelled.text_of(problem),
    trace and "\n" .. trace or ""))
end

-- A cancellation that is not for us, as of a task that was awaited, is an
-- error like others.
local function pass_cancellation(problem)
  if cancelled.is(problem) then loop.check() end
end

local function tell(self, problem, conn)
  local trace = traces.of(problem)
  if not self.on_error then return say(problem, trace) end
  local ok, failure = xpcall(self.on_error, traces.keep, problem, trace,
    conn)
  if ok then return end
  pass_cancellation(failure)
  say(failure, traces.of(failure))
end

-- A scope of its own: what the handler has spawned fails with it alone.
local function begin(self, conn)
  local peer = conn:peername()
  loop.check()
  local scope, limit = Scope.open(false), self.timeout
  if limit and limit < FOREVER then
    local now = system.now()
    scope:end_at(now + math.ceil(limit * 1e9), now)
  end
  return scope, peer
end

-- The handler has ended, as pcall has it.
local function leave(self, conn, scope, ok, problem)
  local result, message
  ok, result, message = scope:join(ok, ok or problem)
  if not ok then error(result, 0) end
  if not result and message == "timeout" and self.on_error then
    tell(self, "timeout", conn)
  end
end

-- Bytes that it has kept back are sent, where its class keeps some.
local function finish(conn)
  if conn.flush and not conn:closed() then conn:flush() end
end

local function serve_one(self, conn, guard)
  local _guard <close> = guard
  local _conn <close> = conn
  local ok, problem, peer = pcall(begin, self, conn)
  if ok then -- no call more stands around a handler, which most often waits
    ok, problem = pcall(leave, self, conn, problem,
      xpcall(self.handler, traces.keep, conn, peer))
  end
  if not ok then
    pass_cancellation(problem)
    tell(self, problem, conn)
  end
  finish(conn)
end

-- Accepting

-- From outside a server without descriptors looks like one that hangs.
local function say_when_full(self)
  local due = 0
  self.listener.on_full = function(message)
    local now = system.now()
    if now < due then return end
    due = now + MINUTE
    tell(self, message)
  end
end

local function accept_all(self)
  self.is_ready:wait()
  say_when_full(self)
  local next_conn, _, _, feed = self.listener:iter()
  local _feed <close> = feed
  while true do
    local guard = self.room:acquire()
    local ok, conn = pcall(next_conn)
    if ok and conn then
      self.scope:spawn(serve_one, self, conn, guard)
    else
      guard:release()
      if ok then return end
      error(conn, 0)
    end
  end
end

-- The task in whose scope the handlers are: it ends when they have, after
-- the accepting.
local function shelter(self)
  structured.scope({ shield = true, name = "connections" }, function(scope)
    self.scope = scope
    self.is_ready:set()
    self.is_over:wait()
  end)
end

-- A cancellation limits how long handlers may go on, also where it comes
-- while they do after the listener was closed.
local function limit(self)
  if not self.scope then return end -- it came before all else
  local due = system.now() / 1e9 + self.grace
  self.scope.deadline = math.min(due, self.scope.deadline or math.huge)
end

local function serve(self)
  return structured.scope({ name = "serve" }, function(scope)
    local task = scope:spawn(shelter, self)
    local ok, problem = pcall(accept_all, self)
    self.listener:close()
    self.is_over:set()
    if ok then ok, problem = pcall(task.await, task) end
    if ok then return true end
    limit(self)
    error(problem, 0)
  end)
end

local function listener_of(where, given)
  if type(where) == "table" and where.accept then return where end
  local wanted = {}
  for name in pairs(Listener.OPTIONS) do wanted[name] = given[name] end
  return Listener.listen(where, wanted)
end

--- Calls a function for each connection that comes, in a task of its own,
-- and closes the connection when it returns.  An error in it ends that
-- connection alone.  Goes on until the listener is closed, and all have
-- returned, or until it is cancelled: then it stops accepting, and what
-- still runs has a time to finish, after which it is cancelled.
---@param where uring.Listener|string|integer|uring.Address a listener, which
--- is closed at the end, or what listen takes
---@param handler fun(conn: uring.Conn, address?: uring.Address)
---@param given? table max = 10000 connections at once, others wait in the
--- kernel's queue; on_error = function(problem, trace, conn), default: writes
--- to standard error (conn is nil where it is "accept: Too many open files",
--- which is told once a minute); timeout (seconds that a handler may take);
--- shutdown_grace = 5 seconds; and the options of listen
---@return boolean? true the listener was closed
---@return string? message why it could not listen; where it cannot accept any
--- more it raises that, as iter does
---@return integer? code
function serving.serve(where, handler, given)
  if type(handler) ~= "function" then
    error("serve: bad argument 'handler' (function expected)", 2)
  end
  given = options.check("serve", given, ALL_OPTIONS)
  if given.max and given.max < 1 then
    error("serve: bad option 'max' (1 or more expected)", 2)
  end
  loop.check_can_wait("serve")
  local listener, message, code = listener_of(where, given)
  if not listener then return nil, message, code end
  local self = {
    listener = listener, handler = handler, on_error = given.on_error,
    timeout = given.timeout, grace = given.shutdown_grace or GRACE,
    room = sync.semaphore(given.max or MAX),
    is_ready = sync.event(), is_over = sync.event(), scope = false,
  }
  local _listener <close> = listener
  return serve(self)
end

return serving
