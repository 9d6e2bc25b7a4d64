--- What stream.copy and stream.pipe_both are given: checked, or raised about.
local given = {}

--- Raises where a value is no stream that can do this.
---@param what string names the caller
---@param name string of the argument
---@param stream any
---@param method string that it must have
function given.check_stream(what, name, stream, method)
  if type(stream) ~= "table" or not stream[method] then
    error(("%s: bad argument '%s' (%s expected)"):format(what, name,
      method == "_receive" and "stream to read from" or "stream to write to"),
      3)
  end
end

local function is_count(value)
  return math.type(value) == "integer" and value >= 0
end

local OPTIONS = {
  max = is_count,
  size = function(value) return is_count(value) and value > 0 end,
  flush = function(value) return type(value) == "boolean" end,
  progress = function(value) return type(value) == "function" end,
  way = function(value) return value == "buffer" or value == "splice" end,
}

--- Raises where there is a wrong option.
---@param what string names the caller
---@param options any
---@param known? string the only one there may be
function given.check(what, options, known)
  if type(options) ~= "table" then
    error(what .. ": bad argument 'options' (table expected)", 3)
  end
  for name, value in pairs(options) do
    if not OPTIONS[name] or known and name ~= known
      or not OPTIONS[name](value) then
      error(("%s: bad option '%s'"):format(what, tostring(name)), 3)
    end
  end
end

return given
