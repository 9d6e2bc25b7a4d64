--- Measures programs that run from start to end: how long they take, or what
-- figure they print.
local rounds = require "bench.harness.rounds"
local Server = require "bench.harness.server"
local uring = require "uring"

local LIMIT = 60 -- seconds that a program may take

local function measured(text)
  local wall, user, system, rss, code =
    text:match "measured (%S+) (%S+) (%S+) (%d+) (%-?%d+)\n$"
  if not wall then return nil end
  return { wall = tonumber(wall), user = tonumber(user),
    system = tonumber(system), rss = tonumber(rss) * 1024,
    code = tonumber(code) }
end

-- What depends on the folder is a function of the context.
local function value_of(given, context)
  if type(given) == "function" then return given(context) end
  return given
end

local function run(argv, case, context)
  local words = { "build/bench/measure", tostring(context.server_cpu),
    tostring(context.load_cpu), value_of(case.stdout, context) or "-" }
  table.move(argv, 1, #argv, #words + 1, words)
  local result, message = uring.process.run(words, { timeout = LIMIT })
  if not result then return nil, message end
  local usage = measured(result.stdout)
  if not usage or usage.code ~= 0 then
    return nil, (result.stderr .. result.stdout):match "^[^\n]*"
  end
  usage.printed = tonumber(result.stdout:match "^value (%S+)")
  return usage
end

local function turn(subject, case, context, round)
  if case.prepare then
    uring.process.run(value_of(case.prepare, context), { timeout = LIMIT })
  end
  local usage, message =
    run(value_of(subject.definition.argv, context), case, context)
  if not usage then return nil, message end
  subject.rss = math.max(subject.rss or 0, usage.rss)
  subject.user = (subject.user or 0) + usage.user
  subject.system = (subject.system or 0) + usage.system
  if case.figure ~= "printed" then
    subject.per_cpu[round] = usage.user + usage.system
  end
  local check = case.check
  if check and not check(context) then
    return nil, "its result is wrong"
  end
  if case.figure == "printed" then return usage.printed, "it prints nothing" end
  return usage.wall
end

local function mean(sum, count)
  return sum and count > 0 and sum / count or nil
end

local function measure(case, context)
  local subjects, working = {}, {}
  for _, definition in ipairs(case.subjects) do
    local subject = { name = definition.name, ours = definition.ours,
      definition = definition, values = {}, per_cpu = {},
      missing = Server.missing(definition) }
    subjects[#subjects + 1] = subject
    if not subject.missing then working[#working + 1] = subject end
  end
  rounds.go(math.min(context.rounds, case.rounds or math.huge), working,
    function(subject, round)
      return turn(subject, case, context, round)
    end)
  for _, subject in ipairs(subjects) do
    subject.definition = nil
    subject.user_s = mean(subject.user, #subject.values)
    subject.system_s = mean(subject.system, #subject.values)
    subject.user, subject.system = nil, nil
  end
  return subjects
end

--- Measures all cases of a question.
---@param question table cases: name, subjects (name, argv), references,
--- figure = "wall" or "printed", unit, better, stdout, prepare, check, rounds
--- (no more than these)
---@param context table
---@return table[] cases of the result
return function(question, context)
  local results = {}
  if question.setup then question.setup(context) end
  for _, case in ipairs(question.cases) do
    context.say(case.name)
    local better = case.better or "less"
    local subjects = measure(case, context)
    results[#results + 1] = {
      name = case.name, unit = case.unit or "s", better = better,
      subjects = subjects,
      reference = rounds.judge(subjects, case.references, better),
    }
  end
  return results
end
