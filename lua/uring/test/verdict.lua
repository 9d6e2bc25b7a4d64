--- What is to be said of a simulated run when it is over.
local LAST = 30 -- events of the trace

local verdict = {}

local function add_leaks(sim, lines)
  for _, leak in ipairs(sim.descriptors:leaks()) do
    lines[#lines + 1] = ("descriptor %d was never closed: %s has made it")
      :format(leak.fd, leak.maker)
  end
end

local function add_ops(sim, lines)
  if sim.started ~= sim.ended then
    lines[#lines + 1] = ("%d ops were started, and %d have ended"):format(
      sim.started, sim.ended)
  end
end

--- Finds what a run that has not failed has done wrong.
---@param sim uring.test.Sim
---@return string? problem
function verdict.of_success(sim)
  local lines = {}
  if sim.options.strict ~= false then
    for _, complaint in ipairs(sim.complaints) do
      lines[#lines + 1] = complaint
    end
    if sim.more_complaints > 0 then
      lines[#lines + 1] = ("%d more of the kind"):format(sim.more_complaints)
    end
    add_leaks(sim, lines)
  end
  add_ops(sim, lines)
  if #lines == 0 then return nil end
  return "uring.test: seed " .. sim.seed .. ":\n  "
    .. table.concat(lines, "\n  ")
end

-- What was in flight when nothing could happen any more.
local function stuck_ops(sim)
  local list = {}
  for _, op in ipairs(sim.stuck) do list[#list + 1] = op end
  return table.concat(list, ", ")
end

--- Adds to what a run raised what only the simulation knows.
---@param sim uring.test.Sim
---@param problem any
---@return any problem
function verdict.of_failure(sim, problem)
  if not sim.stuck or type(problem) ~= "string" then return problem end
  if #sim.stuck == 0 then return problem end
  return ("%s\n%s: %s"):format(problem,
    "in flight, and nothing will complete it", stuck_ops(sim))
end

local function quote(word)
  if word:find "^[%w%._/=:@+-]+$" then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The command that has started this process, as far as Lua knows it.
local function command()
  local words, from = {}, 0
  if not arg then return "lua5.4 ..." end
  while arg[from - 1] do from = from - 1 end
  for i = from, #arg do words[#words + 1] = quote(arg[i]) end
  return table.concat(words, " ")
end

--- Says of a seed that failed all that helps to find out why.
---@param sim uring.test.Sim
---@param problem any what was raised
---@return string
function verdict.of_seed(sim, problem)
  return ("%s\n\nseed %d; the trace ends with\n%s\nagain: URING_SEED=%d %s")
    :format(tostring(problem), sim.seed, sim.trace:text(LAST), sim.seed,
      command())
end

return verdict
