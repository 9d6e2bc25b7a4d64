--- Two streams joined: what comes from each goes to the other.
local Copy = require "uring.stream.copy"
local errno = require "uring.errno"
local given = require "uring.stream.given"
local loop = require "uring.loop"
local structured = require "uring.structured"
local system = require "uring.system"

local LINGER = 1 -- seconds for what a peer had sent before it went
local GONE = { [errno.EPIPE] = true, [errno.ECONNRESET] = true }

local both = {}

---@class uring.Both
---@field failure table? message, code of what failed first
local Both = {}
Both.__index = Both

-- The end of one goes on to the other.  Where that cannot be told of it, as
-- it is no socket, or has gone by now, there is nothing to be done.
local function copy(self, job)
  local count, message, code = job:run()
  if count then return job.dst:shutdown "w" end
  self.failure = self.failure or { message, code }
  if job.fault == "write" and GONE[code] then
    self.scope.deadline = system.now() / 1e9 + LINGER
  else
    self.scope:cancel(message)
  end
end

--- Copies what comes from each of two streams to the other, until both have
-- ended.  The end of one direction is passed on, by shutdown("w").  Where one
-- fails the other is ended; where a peer has gone, what it had sent before
-- still has a second to arrive.  The streams stay open.
---@param a uring.Stream
---@param b uring.Stream
---@param options? table way, as for copy
---@return integer? a_to_b bytes
---@return integer|string b_to_a bytes; or a message
---@return string|integer way of the first, "splice" or "buffer"; or a code
---@return string|integer way of the second; or bytes, a to b
---@return integer? b_to_a where it has failed
function both.pipe_both(a, b, options)
  options = options or {}
  for _, method in ipairs { "_receive", "_write_out" } do
    given.check_stream("pipe_both", "a", a, method)
    given.check_stream("pipe_both", "b", b, method)
  end
  given.check("pipe_both", options, "way")
  if not loop.is_running() then
    return loop.block(both.pipe_both, a, b, options)
  end
  local there, back = Copy.new(a, b, options), Copy.new(b, a, options)
  local self = setmetatable({ scope = false, failure = false }, Both)
  structured.scope({ name = "pipe_both" }, function(scope)
    self.scope = scope
    scope:spawn(copy, self, there)
    copy(self, back)
  end)
  if not self.failure then
    return there.count, back.count, there:way(), back:way()
  end
  local message, code = table.unpack(self.failure)
  return nil, message, code, there.count, back.count
end

return both
