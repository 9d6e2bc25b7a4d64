--- A program from start to end, and what it writes meanwhile.
local errno = require "uring.errno"
local Event = require "uring.sync.event"
local structured = require "uring.structured"
local system = require "uring.system"

local LIMIT = 16 << 20 -- bytes
local QUIET, DRAIN = 0.1, 1 -- seconds, for what others write after its end

-- Reads a stream up to its end.
local function collect(run, name, stream)
  local pieces, size = run.pieces[name], 0
  while true do
    local bytes = stream:read_some()
    if not bytes then break end
    size, run.arrived = size + #bytes, run.arrived + #bytes
    if size > run.limit then
      run.over = name
      pieces[#pieces + 1] = bytes:sub(1, run.limit - size - 1)
      return run.process:close()
    end
    pieces[#pieces + 1] = bytes
  end
  run.reading = run.reading - 1
  if run.reading == 0 then run.read:set() end
end

-- What it has written is in the pipes when it has ended.  Its own children
-- may keep them open for long.
local function drain(run)
  local deadline = system.now() + DRAIN * 1000000000
  local before
  repeat
    before = run.arrived
    structured.timeout(QUIET, run.read.wait, run.read)
  until run.reading == 0 or run.arrived == before
    or system.now() >= deadline
end

local function result_of(run)
  local child = run.process.child
  local result = { code = child.code or nil }
  if child.signo then result.signal = child.signal_name(child.signo) end
  for name, pieces in pairs(run.pieces) do
    result[name] = table.concat(pieces)
  end
  return result
end

local function wait(process)
  process:wait()
  return true
end

local function wait_and_drain(run, timeout)
  local process = run.process
  if not structured.timeout(timeout or math.huge, wait, process) then
    process:close()
    return nil, "timeout", errno.ETIMEDOUT, result_of(run)
  end
  if run.reading > 0 and not run.over then drain(run) end
  if run.over then
    return nil, ("run %s: %s is too long"):format(process.name, run.over),
      errno.ELIMIT, result_of(run)
  end
  local child = process.child
  if child.problem then return nil, child.problem, child.code end
  return result_of(run)
end

--- Starts a program by a function, and waits until it has ended.
---@param start fun(): uring.Process?, string?, integer?
---@param options table limit, timeout
---@return table? result
---@return string? message
---@return integer? code
---@return table? partial result
return function(start, options)
  return structured.scope({ name = "process.run" }, function(scope)
    local process <close>, message, code = start()
    if not process then return nil, message, code end
    local run = {
      process = process, limit = options.limit or LIMIT, over = false,
      pieces = {}, arrived = 0, reading = 0, read = Event.new(),
    }
    for _, name in ipairs { "stdout", "stderr" } do
      if process[name] then
        run.pieces[name], run.reading = {}, run.reading + 1
        scope:daemon(collect, run, name, process[name])
      end
    end
    return wait_and_drain(run, options.timeout)
  end)
end
