--- Rules about comments: what a caller may use says how.

local rules = {}

-- The first line of the comment block that ends right above a function.
local function block_above(lines, number)
  local first
  while number > 1 and lines[number - 1]:find "^%-%-" do
    number = number - 1
    first = lines[number]
  end
  return first or ""
end

local function exported(line)
  return line:match "^function [%w_.]+[.:]([%w_]+)%s*%("
    or line:match "^[%w_.]+%.([%w_]+)%s*=%s*function%f[^%w_]"
end

function rules.lua_docs(tree, report, house)
  local files = "^lua/.*%.lua$"
  for path, number, line in tree:each_line("bare", files, house.generated) do
    local name = exported(line)
    if name and not name:find "^_" then
      if not block_above(tree:lines(path), number):find "^%-%-%-" then
        report(path, number, name .. " has no --- comment above it")
      end
    end
  end
end

-- Calls visit(name, function) for each entry of each luaL_Reg in a file.
local function each_entry(tree, path, visit)
  local text = tree:text(path, "code")
  for registry in text:gmatch "luaL_Reg[^;={]*=%s*(%b{})" do
    local entry = '{%s*"([^"]+)"%s*,%s*([%a_][%w_]*)'
    for name, c_function in registry:gmatch(entry) do
      if c_function ~= "NULL" then visit(name, c_function) end
    end
  end
end

local function definition_in(tree, path, c_function)
  local pattern = "^[%a_].*%f[%w_]" .. c_function .. "%s*%("
  for number, line in ipairs(tree:lines(path, "bare")) do
    if line:find(pattern) and not line:find ";%s*$" then return number end
  end
end

-- Where a function is defined: in the file that registers it, or elsewhere.
local function definition(tree, home, c_function)
  local line = definition_in(tree, home, c_function)
  if line then return home, line end
  for path in tree:paths "^csrc/.*%.[ch]$" do
    line = definition_in(tree, path, c_function)
    if line then return path, line end
  end
end

-- The C comment that ends right above a line.
local function comment_above(lines, number)
  number = number - 1
  if number < 1 or not lines[number]:find "%*/%s*$" then return "" end
  local last = number
  while number > 1 and not lines[number]:find("/*", 1, true) do
    number = number - 1
  end
  return table.concat(lines, "\n", number, last)
end

function rules.c_signatures(tree, report)
  local function check(home, name, c_function)
    local path, line = definition(tree, home, c_function)
    if not path then
      return report(home, 1, "no definition of " .. c_function)
    end
    local comment = comment_above(tree:lines(path), line)
    if not comment:find("%f[%w_]" .. name .. "[({]") then
      local message = "no comment with %s( above %s"
      report(path, line, message:format(name, c_function))
    end
  end
  for path in tree:paths "^csrc/.*%.c$" do
    each_entry(tree, path, function(name, c_function)
      if not name:find "^__" then check(path, name, c_function) end
    end)
  end
end

return rules
