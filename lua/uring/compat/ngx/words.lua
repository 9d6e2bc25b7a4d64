--- What ngx takes and says: values as text, failures in OpenResty's words.
local core = require "uring.core"
local errno = require "uring.errno"

local words = {}

--- What stands for NULL in answers of databases.
words.null = setmetatable({}, { __tostring = function() return "null" end })

--- A number as LuaJIT writes it: no ".0" after what is whole.
---@param number number
---@return string
function words.number(number)
  if math.type(number) == "integer" then return tostring(number) end
  return ("%.14g"):format(number)
end

local put

local function put_list(pieces, list, what)
  local count = #list
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > count then
      error(what .. ": non-array table found", 0)
    end
  end
  for i = 1, count do put(pieces, list[i], what) end
end

function put(pieces, value, what)
  local kind = type(value)
  if kind == "string" then
    pieces[#pieces + 1] = value
  elseif kind == "number" then
    pieces[#pieces + 1] = words.number(value)
  elseif kind == "boolean" or kind == "nil" or value == words.null then
    pieces[#pieces + 1] = tostring(value)
  elseif kind == "table" then
    put_list(pieces, value, what)
  else
    error(("%s: bad data type %s found (string, number, boolean, nil, or "
      .. "array table expected)"):format(what, kind), 0)
  end
end

-- What is most common, in one go: a list of strings and integers.
local function flat(list)
  local count = #list
  for i = 1, count do
    local value = list[i]
    if type(value) ~= "string" and math.type(value) ~= "integer" then
      return nil
    end
  end
  if count == 0 or next(list, count) ~= nil then return nil end
  return table.concat(list)
end

--- The text of a value, or of a list of them, nested to any depth.
---@param what string names who asks
---@param value any string, number, boolean, nil or list; others raise
---@return string
function words.text(what, value)
  local kind = type(value)
  if kind == "string" then return value end
  local whole = kind == "table" and flat(value)
  if whole then return whole end
  local pieces = {}
  local ok, problem = pcall(put, pieces, value, what)
  if not ok then error(problem, 3) end
  return table.concat(pieces)
end

--- What a failure of ours is called there.
---@param message string
---@param code? integer
---@return string
function words.failure(message, code)
  if message == "timeout" then return "timeout" end
  if code == errno.ECLOSED then return "closed" end
  if code and code > 0 then return core.strerror(code):lower() end
  return message
end

return words
