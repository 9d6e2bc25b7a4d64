--- Results as pictures: gnuplot draws SVG.
local fs = require "uring.fs"
local uring = require "uring"

local plot = {}

-- As all text of the house is: no tabs, no space at the ends.
local function clean(path)
  local svg = assert(fs.read_file(path)):gsub("\t", "  ")
  svg = svg:gsub("[ \r]+\n", "\n"):gsub("%s+$", "") .. "\n"
  assert(fs.write_file(path, svg))
end

local function text(value)
  return '"' .. value:gsub('["\\]', "") .. '"'
end

-- The names of all who have a figure somewhere, in the order of the cases.
local function names_of(cases)
  local names, seen = {}, {}
  for _, case in ipairs(cases) do
    for _, subject in ipairs(case.subjects) do
      if subject.value and not seen[subject.name] then
        names[#names + 1], seen[subject.name] = subject.name, true
      end
    end
  end
  return names
end

local function subject_of(case, name)
  for _, subject in ipairs(case.subjects) do
    if subject.name == name then return subject end
  end
end

-- A line for each case; for each name median, least and most.
local function data_of(cases, names)
  local lines = {}
  for i, case in ipairs(cases) do
    local words = { text(case.name), tostring(case.x or i) }
    for _, name in ipairs(names) do
      local subject = subject_of(case, name)
      local ratio = subject and subject.ratio
      words[#words + 1] = ratio and ("%g %g %g"):format(ratio.median,
        ratio.min, ratio.max) or "? ? ?"
    end
    lines[i] = table.concat(words, " ")
  end
  return table.concat(lines, "\n")
end

-- What hardly ever happens should not flatten the rest.
local function highest(cases)
  local most = 1
  for _, case in ipairs(cases) do
    for _, subject in ipairs(case.subjects) do
      most = math.max(most, subject.ratio and subject.ratio.median or 0)
    end
  end
  return most * 1.4
end

-- A color for each, ours the strongest.
local COLORS = {
  "444444", "888888", "bbbbbb", "1f77b4", "aec7e8", "ff7f0e", "ffbb78",
  "2ca02c", "98df8a", "9467bd", "c5b0d5", "8c564b", "e377c2", "17becf",
}

local function colors(cases, names)
  local lines, ours, next_color = {}, {}, 1
  for _, case in ipairs(cases) do
    for _, subject in ipairs(case.subjects) do
      ours[subject.name] = subject.ours
    end
  end
  for i, name in ipairs(names) do
    local color = COLORS[next_color]
    if ours[name] then color = name:find "," and "f08080" or "d62728"
    else next_color = next_color % #COLORS + 1 end
    lines[i] = ('set linetype %d lc rgb "#%s" lw 1.5'):format(i, color)
  end
  return table.concat(lines, "\n")
end

local function bars(names)
  local parts = {}
  for i, name in ipairs(names) do
    local column = 3 * i
    parts[i] = ("$data using %d:%d:%d%s title %s"):format(column, column + 1,
      column + 2, i == 1 and ":xtic(1)" or "", text(name))
  end
  return [[
set style data histogram
set style histogram errorbars gap 2 lw 0.5
set style fill solid 0.8 noborder
set errorbars lc rgb "#666666"
set xtics rotate by -30
plot ]] .. table.concat(parts, ", \\\n ") .. ", 1 lc black notitle\n"
end

local function curves(names)
  local parts = {}
  for i, name in ipairs(names) do
    local column = 3 * i
    parts[i] = ("$data using 2:%d:%d:%d with yerrorlines title %s"):format(
      column, column + 1, column + 2, text(name))
  end
  return "set logscale x\nplot " .. table.concat(parts, ", \\\n ") .. "\n"
end

local SCRIPT = [[
set terminal svg size 1000,420 font "sans,11" background "white" noenhanced
set output %s
set title %s
set datafile missing "?"
set key outside right top
set yrange [0:%g]
set grid ytics
set ylabel "÷ reference"
%s
$data << EOD
%s
EOD
%s
]]

--- Draws a result.
---@param result table
---@param path string of the SVG
---@return boolean? true nil where there is no gnuplot, or nothing to draw
function plot.draw(result, path)
  local names = names_of(result.cases)
  if #names == 0 then return nil end
  local body = result.cases[1].x and curves(names) or bars(names)
  local drawn = uring.process.run({ "gnuplot" }, { timeout = 30,
    input = SCRIPT:format(text(path), text(result.title),
      highest(result.cases), colors(result.cases, names),
      data_of(result.cases, names), body) })
  if not drawn then return nil end
  if drawn.code ~= 0 then
    io.stderr:write(drawn.stderr)
    return nil
  end
  clean(path)
  return true
end

return plot
