--- Results as tables of Markdown.

local tables = {}

local function rounded(value, digits)
  if not value then return "" end
  return (("%%.%df"):format(digits)):format(value)
end

-- Three or four digits, whatever the size.
local function figure(value)
  if not value then return "" end
  if value >= 1e6 then return rounded(value / 1e6, 2) .. " M" end
  if value >= 1e4 then return rounded(value / 1e3, 1) .. " k" end
  if value >= 100 then return rounded(value, 0) end
  return ("%.3g"):format(value)
end

local function ratio(summary)
  if not summary then return "" end
  return ("**%.2f** (%.2f–%.2f)"):format(summary.median, summary.min,
    summary.max)
end

local function mebibytes(bytes)
  return bytes and rounded(bytes / (1 << 20), 1) or ""
end

local COLUMNS = {
  servers = {
    { "messages/s", function(s) return figure(s.value.median) end },
    { "÷ reference", function(s) return ratio(s.ratio) end },
    { "÷, by its CPU time", function(s) return ratio(s.cpu_ratio) end },
    { "user µs", function(s) return rounded(s.user_us, 2) end },
    { "system µs", function(s) return rounded(s.system_us, 2) end },
    { "calls", function(s) return rounded(s.calls, 3) end },
    { "p50 µs", function(s) return figure(s.p50) end },
    { "p99 µs", function(s) return figure(s.p99) end },
    { "MiB", function(s) return mebibytes(s.rss) end },
  },
  commands = {
    { "figure", function(s) return figure(s.value.median) end },
    { "÷ reference", function(s) return ratio(s.ratio) end },
    { "÷, by its CPU time", function(s) return ratio(s.cpu_ratio) end },
    { "user s", function(s) return rounded(s.user_s, 2) end },
    { "system s", function(s) return rounded(s.system_s, 2) end },
    { "MiB", function(s) return mebibytes(s.rss) end },
  },
  memory = {
    { "bytes", function(s) return figure(s.value.median) end },
    { "÷ reference", function(s) return ratio(s.ratio) end },
    { "MiB", function(s) return mebibytes(s.rss) end },
  },
}

local function row(cells)
  return "| " .. table.concat(cells, " | ") .. " |"
end

local function name_of(subject, case)
  local name = subject.name
  if subject.ours then name = "**" .. name .. "**" end
  if name == case.reference then name = name .. " (reference)" end
  return name
end

-- Where there is no figure, why.
local function cells_of(subject, columns)
  local cells = {}
  if subject.value then
    for i, column in ipairs(columns) do cells[i] = column[2](subject) end
  else
    for i in ipairs(columns) do cells[i] = "" end
    cells[1] = subject.missing and "missing: " .. subject.missing
      or "failed: " .. (subject.failed or "?")
  end
  return cells
end

local function head(lines, columns)
  local names, rule = { "case", "who" }, { "---", "---" }
  for _, column in ipairs(columns) do
    names[#names + 1] = column[1]
    rule[#rule + 1] = "--:"
  end
  lines[#lines + 1] = row(names)
  lines[#lines + 1] = row(rule)
end

local function case_name(case)
  local how = case.better == "less" and ", less is better" or ""
  return ("%s (%s%s)"):format(case.name, case.unit, how)
end

--- The table of a result.
---@param result table
---@return string markdown
function tables.markdown(result)
  local columns, lines = COLUMNS[result.kind], {}
  head(lines, columns)
  for _, case in ipairs(result.cases) do
    for i, subject in ipairs(case.subjects) do
      local cells = cells_of(subject, columns)
      table.insert(cells, 1, name_of(subject, case))
      table.insert(cells, 1, i == 1 and case_name(case) or "")
      lines[#lines + 1] = row(cells)
    end
  end
  return table.concat(lines, "\n")
end

return tables
