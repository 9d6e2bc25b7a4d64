--- Rounds: everybody has a turn in each, and begins one in its turn.
local stats = require "bench.harness.stats"

local rounds = {}

--- Goes through some rounds.  Who fails is out from then on.
---@param count integer
---@param subjects table[] gets values, by round, and failed, a message
---@param turn fun(subject: table, round: integer): number?, string? its
--- figure, or nil and why not
function rounds.go(count, subjects, turn)
  for round = 1, count do
    for step = 0, #subjects - 1 do
      local subject = subjects[(round + step) % #subjects + 1]
      if not subject.failed then
        local value, message = turn(subject, round)
        if value then subject.values[round] = value
        else subject.failed = message or "it failed" end
      end
    end
  end
end

local function candidates(subjects, names)
  local found = {}
  for _, name in ipairs(names) do
    for _, subject in ipairs(subjects) do
      if subject.name == name and not subject.failed
          and not subject.missing then
        found[#found + 1] = subject
      end
    end
  end
  return found
end

--- Makes summaries, and ratios to the best of the references.
---@param subjects table[]
---@param references string[] names
---@param better string "more" or "less"
---@return string? reference the name of the best
function rounds.judge(subjects, references, better)
  local best = stats.best(candidates(subjects, references), better)
  for _, subject in ipairs(subjects) do
    if subject.values and #subject.values > 0 and not subject.failed then
      subject.value = stats.summary(subject.values)
      if best then
        subject.ratio = stats.ratio(subject.values, best.values)
      end
      if best and subject.per_cpu then
        subject.cpu_ratio = stats.ratio(subject.per_cpu, best.per_cpu)
      end
    end
  end
  return best and best.name
end

return rounds
