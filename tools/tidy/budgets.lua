--- Rules of size: what does not fit is two things.

local rules = {}

function rules.file_lines(tree, report, house)
  for _, budget in ipairs(house.budgets) do
    for path in tree:paths(budget.files, house.unlimited) do
      local count = #tree:lines(path)
      if count > budget.lines then
        local message = "%d lines, more than %d"
        report(path, count, message:format(count, budget.lines))
      end
    end
  end
end

local function check_function(report, house, path, first, last)
  local count = last - first + 1
  if count > house.function_lines then
    local message = "function of %d lines, more than %d"
    report(path, first, message:format(count, house.function_lines))
  end
end

-- A C function starts with a signature in column 0 that ends in ") {", on
-- this line or a later one, and ends with "}" in column 0.
function rules.c_function_lines(tree, report, house)
  for path in tree:paths "%.[ch]$" do
    local signature, first
    for number, line in ipairs(tree:lines(path, "bare")) do
      if first and line:find "^}" then
        check_function(report, house, path, first, number)
        first = nil
      elseif not first then
        if line:find "^[%a_]" then signature = number end
        if line:find "%)%s*{%s*$" then first = signature end
      end
    end
  end
end

-- The indentation of a Lua function that opens here and does not end here.
local function indentation(line)
  if line:find "%f[%w_]end[%s%),;}]*$" then return nil end
  return line:match "^(%s*)local function%f[^%w_]"
    or line:match "^(%s*)function%f[^%w_]"
    or line:match "^(%s*)return function%f[^%w_]"
    or line:match "^(%s*)[%w_.%s]+=%s*function%f[^%w_]"
end

local function last_line(lines, first, indent)
  for number = first + 1, #lines do
    if lines[number]:find("^" .. indent .. "end%f[^%w_]") then
      return number
    end
  end
  return #lines
end

function rules.lua_function_lines(tree, report, house)
  for path, number, line in tree:each_line("bare", "%.lua$") do
    local indent = indentation(line)
    if indent then
      local last = last_line(tree:lines(path, "bare"), number, indent)
      check_function(report, house, path, number, last)
    end
  end
end

return rules
