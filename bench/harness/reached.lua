--- What has been reached in a question: functions of the results, by names of
-- questions, that return a summary, and one by CPU time where there is one;
-- nil: that was not measured.
local stats = require "bench.harness.stats"

local reached = {}

local function is_meant(subject, who)
  if subject.failed or subject.missing then return false end
  if who == "ours" then return subject.ours end
  for _, name in ipairs(type(who) == "table" and who or { who }) do
    if subject.name == name then return true end
  end
end

local function all_of(case, who)
  local list = {}
  for _, subject in ipairs(case.subjects) do
    if is_meant(subject, who) then list[#list + 1] = subject end
  end
  return list
end

-- The case of a question, and the best of those who are meant in it.
local function find(results, question, name, who)
  for _, case in ipairs((results[question] or { cases = {} }).cases) do
    if case.name == name then
      who = who or case.reference
      return case, who and stats.best(all_of(case, who), case.better)
    end
  end
end

--- A figure divided by that of others in the same round.
---@param question string
---@param name string of the case
---@param who string|string[] names, of which the best counts; or "ours"
---@param over? string|string[] the others; default: the reference
---@return function reached
function reached.ratio(question, name, who, over)
  return function(results)
    local _, subject = find(results, question, name, who)
    local _, other = find(results, question, name, over)
    if not subject or not other then return nil end
    return stats.ratio(subject.values, other.values),
      stats.ratio(subject.per_cpu or {}, other.per_cpu or {})
  end
end

--- A figure itself.
---@param question string
---@param name string
---@param who string|string[]
---@return function reached
function reached.value(question, name, who)
  return function(results)
    local _, subject = find(results, question, name, who)
    return subject and subject.value
  end
end

local function single(number)
  return number and { median = number, min = number, max = number }
end

--- One that is kept for all rounds together.
---@param question string
---@param name string
---@param who string|string[]
---@param key string its field
---@param over? string|string[] by whose it is divided
---@return function reached
function reached.figure(question, name, who, key, over)
  return function(results)
    local _, subject = find(results, question, name, who)
    local number = subject and subject[key]
    if not over or not number then return single(number) end
    local _, other = find(results, question, name, over)
    local divisor = other and other[key] or 0
    return single(divisor > 0 and number / divisor or nil)
  end
end

--- How much faster the CPU time of a message grows from a case to another
-- than that of the latter's reference.
---@param question string
---@param from string
---@param to string
---@param who string|string[]
---@return function reached
function reached.growth(question, from, to, who)
  return function(results)
    local case, last = find(results, question, to, who)
    local reference = case and case.reference
    local _, first = find(results, question, from, who)
    local _, last_other = find(results, question, to, reference)
    local _, first_other = find(results, question, from, reference)
    if not (first and last and first_other and last_other) then return nil end
    local ratios = {}
    for round, before in ipairs(first.per_cpu) do
      local after, x, y = last.per_cpu[round], first_other.per_cpu[round],
        last_other.per_cpu[round]
      if after and x and y and after > 0 and x > 0 then
        ratios[#ratios + 1] = before / after * y / x
      end
    end
    return #ratios > 0 and stats.summary(ratios) or nil
  end
end

return reached
