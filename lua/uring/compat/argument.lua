--- Arguments as Lua's own libraries check them: taken, converted or refused
-- with the same words.
local argument = {}

--- Refuses an argument; the blame is put on the caller of the function that
-- checks.
---@param what string the function's name
---@param place integer the argument's number, not counting self
---@param problem string
---@param level? integer more levels up
function argument.refuse(what, place, problem, level)
  error(("bad argument #%d to '%s' (%s)"):format(place, what, problem),
    3 + (level or 0))
end

-- As Lua's messages name it.
local function kind_of(value)
  local meta = getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  if type(name) == "string" then return name end
  return value == nil and "no value" or type(value)
end

--- Refuses an argument of another type.
---@param what string
---@param place integer
---@param expected string the name of a type
---@param value any
---@param level? integer more levels up
function argument.refuse_type(what, place, expected, value, level)
  argument.refuse(what, place, expected .. " expected, got "
    .. kind_of(value), 1 + (level or 0))
end

--- A string, or a number as one.
---@param what string
---@param place integer
---@param value any
---@param level? integer more levels up
---@return string
function argument.string(what, place, value, level)
  if type(value) == "string" then return value end
  if type(value) == "number" then return tostring(value) end
  argument.refuse_type(what, place, "string", value, 1 + (level or 0))
end

--- A number, or a string that reads as one.
---@param what string
---@param place integer
---@param value any
---@param default? number where it is nil
---@param level? integer more levels up
---@return number
function argument.number(what, place, value, default, level)
  if type(value) == "number" then return value end
  if value == nil and default then return default end
  local number = type(value) == "string" and tonumber(value)
  if number then return number end
  argument.refuse_type(what, place, "number", value, 1 + (level or 0))
end

--- A boolean.
---@param what string
---@param place integer
---@param value any
---@param level? integer more levels up
---@return boolean
function argument.boolean(what, place, value, level)
  if type(value) == "boolean" then return value end
  argument.refuse_type(what, place, "boolean", value, 1 + (level or 0))
end

--- A table.
---@param what string
---@param place integer
---@param value any
---@param level? integer more levels up
---@return table
function argument.table(what, place, value, level)
  if type(value) == "table" then return value end
  argument.refuse_type(what, place, "table", value, 1 + (level or 0))
end

--- One of some words.
---@param what string
---@param place integer
---@param value any
---@param words table<string, any> what each means
---@param default string where it is nil
---@return any meaning
function argument.option(what, place, value, words, default)
  if value == nil then value = default end
  if type(value) == "number" then value = tostring(value) end
  if type(value) ~= "string" then
    argument.refuse_type(what, place, "string", value, 1)
  end
  if words[value] ~= nil then return words[value] end
  argument.refuse(what, place, "invalid option '" .. value .. "'", 1)
end

return argument
