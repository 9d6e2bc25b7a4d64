--- What is made of the figures of several rounds.

local stats = {}

--- The middle one, or the mean of both in the middle.
---@param values number[] at least one
---@return number
function stats.median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local half = #sorted // 2
  if #sorted % 2 == 1 then return sorted[half + 1] end
  return (sorted[half] + sorted[half + 1]) / 2
end

--- Median, least and most.
---@param values number[] at least one
---@return table summary {median =, min =, max =}
function stats.summary(values)
  return {
    median = stats.median(values),
    min = math.min(table.unpack(values)),
    max = math.max(table.unpack(values)),
  }
end

-- The rounds in which both have a figure.
local function paired(values, reference)
  local ratios = {}
  for round, value in pairs(values) do
    local other = reference[round]
    if other and other > 0 then ratios[#ratios + 1] = value / other end
  end
  return ratios
end

--- What becomes of a figure where it is divided by the reference of the same
-- round.
---@param values table<integer, number> by round
---@param reference table<integer, number>
---@return table? summary nil where they have no round in common
function stats.ratio(values, reference)
  local ratios = paired(values, reference)
  if #ratios == 0 then return nil end
  return stats.summary(ratios)
end

--- The best of some references: who has the best median, and not whoever was
-- lucky in a round.
---@param candidates table[] each has name and values
---@param better string "more" or "less"
---@return table? candidate nil where none has a figure
function stats.best(candidates, better)
  local best, figure
  for _, candidate in ipairs(candidates) do
    if #candidate.values > 0 then
      local median = stats.median(candidate.values)
      if not best or (better == "more") == (median > figure) then
        best, figure = candidate, median
      end
    end
  end
  return best
end

return stats
