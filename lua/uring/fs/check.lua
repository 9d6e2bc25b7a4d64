--- Arguments of uring.fs: checked, or raised about.
-- Names are any bytes but NUL, which no file system can have.
local check = {}

local function refuse(what, name, why)
  error(("fs.%s: bad argument '%s' (%s)"):format(what, name, why), 4)
end

--- Raises where a value is no path.
---@param what string the function that was called
---@param path any
---@param name? string of the argument, default "path"
function check.path(what, path, name)
  if type(path) ~= "string" then
    refuse(what, name or "path", "string expected, got " .. type(path))
  elseif path:find("\0", 1, true) then
    refuse(what, name or "path", "the path contains a zero byte")
  end
end

local function count(what, value, name)
  local integer = type(value) == "number" and math.tointeger(value)
  if integer and integer >= 0 then return integer end
  error(("fs.%s: bad argument '%s' (count expected, got %s)"):format(what,
    name, type(value) == "number" and tostring(value) or type(value)), 4)
end

--- Raises where a value is no integer from 0 on.
---@param what string
---@param value any
---@param name string of the argument
---@return integer value
function check.count(what, value, name)
  local integer = count(what, value, name)
  return integer
end

--- The same where there may be none.
---@param what string
---@param value any
---@param name string
---@return integer? value
function check.opt_count(what, value, name)
  local integer = value ~= nil and count(what, value, name) or nil
  return integer
end

--- As check.count, for methods of a File: they speak as those of streams do.
---@param what string the method
---@param name string of the argument
---@param value any
---@return integer value
function check.count_of_file(what, name, value)
  value = type(value) == "number" and math.tointeger(value)
  if not value or value < 0 then
    error(("%s: bad argument '%s' (count expected)"):format(what, name), 3)
  end
  return value
end

--- Raises where a value is not of a type.
---@param what string
---@param value any
---@param name string
---@param kind string
function check.kind(what, value, name, kind)
  if type(value) ~= kind then
    refuse(what, name, kind .. " expected, got " .. type(value))
  end
end

--- Raises where options are not those that there are.
---@param what string
---@param options any table, or nil
---@param known table<string, string> name -> type
---@return table options
function check.options(what, options, known)
  if options == nil then return {} end
  if type(options) ~= "table" then
    refuse(what, "options", "table expected, got " .. type(options))
  end
  for name, value in pairs(options) do
    if type(value) ~= known[name] or value ~= value then
      error(("fs.%s: bad option '%s'"):format(what, tostring(name)), 3)
    end
  end
  return options
end

return check
