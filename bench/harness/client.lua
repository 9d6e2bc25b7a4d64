--- A load generator, and what it has measured.
local uring = require "uring"

local Client = {}
Client.__index = Client

local PATIENCE = 30 -- seconds beyond what a command takes

-- Who gives up says why on standard error.
local function reason(self)
  return uring.timeout(1, function() return self.process.stderr:read() end)
    or "the load generator gave up"
end

local function ask(self, line, seconds)
  local answer, message = uring.timeout(PATIENCE + seconds, function()
    if line and not self.process.stdin:write(line, "\n") then return nil end
    return self.process.stdout:read()
  end)
  if answer then return answer end
  return nil, message or reason(self)
end

--- Starts one, which connects.
---@param argv string[]
---@param cpu integer where it runs
---@return table? client
---@return string? message
function Client.start(argv, cpu)
  local words = { "taskset", "-c", tostring(cpu) }
  table.move(argv, 1, #argv, #words + 1, words)
  local process, message = uring.process.spawn(words,
    { stdin = "pipe", stdout = "pipe", stderr = "pipe" })
  if not process then return nil, message end
  local self = setmetatable({ process = process }, Client)
  local answer
  answer, message = ask(self, nil, 0)
  if not answer then
    self:close()
    return nil, message
  end
  self.congestion = answer:match "^ready %S+ (%S+)"
  return self
end

--- Makes load for a time.
---@param seconds number
---@return table? result messages, seconds, p50, p99 (microseconds)
---@return string? message
function Client:run(seconds)
  local answer, message = ask(self,
    ("run %d"):format(math.ceil(seconds * 1000)), seconds)
  if not answer then return nil, message end
  local count, took, p50, p99 =
    answer:match "^ran (%d+) (%S+) (%S+) (%S+)"
  return { messages = tonumber(count), seconds = tonumber(took),
    p50 = tonumber(p50), p99 = tonumber(p99) }
end

--- Sends one message on each connection.
---@return boolean? true
---@return string? message
function Client:once()
  local answer, message = ask(self, "once", 0)
  return answer and true, message
end

--- Ends it, and its connections.
function Client:close()
  self.process.stdin:close()
  self.process:close()
end

Client.__close = Client.close

return Client
