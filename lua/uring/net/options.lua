--- Tables of options, checked: what nobody knows raises.
local options = {}

local function names_of(known)
  local names = {}
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

-- Whether a value is of one of the types in "boolean|number".  Numbers are
-- 0 or more.
local function fits(value, types)
  local kind = type(value)
  if kind == "number" and (value < 0 or value ~= value) then return false end
  for each in types:gmatch("[^|]+") do
    if kind == each then return true end
    if each == "integer" and math.type(value) == each then return true end
    if each == "address" and (kind == "string" or kind == "userdata") then
      return true
    end
  end
  return false
end

--- Checks the options of a function.
---@param what string the function
---@param given? table
---@param known table<string, string> their types: "boolean|number"
---@param level? integer of the one to blame, as for error; default 3
---@return table given, or an empty one
function options.check(what, given, known, level)
  level = level or 3
  if given == nil then return {} end
  if type(given) ~= "table" then
    error(what .. ": bad argument 'options' (table expected, got "
      .. type(given) .. ")", level)
  end
  for name, value in pairs(given) do
    local types = known[name]
    if not types then
      error(("%s: bad option '%s' (there are %s)"):format(what,
        tostring(name), names_of(known)), level)
    elseif not fits(value, types) then
      error(("%s: bad option '%s' (%s expected)"):format(what, name,
        (types:gsub("|", " or "))), level)
    end
  end
  return given
end

--- Makes a set of options of several.
---@param ... table<string, string>
---@return table<string, string>
function options.join(...)
  local all = {}
  for _, known in ipairs { ... } do
    for name, types in pairs(known) do all[name] = types end
  end
  return all
end

return options
