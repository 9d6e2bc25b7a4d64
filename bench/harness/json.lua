--- JSON, as the results are kept: objects have their keys in order.

local json = {}

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" }

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(char)
    return ESCAPES[char] or ("\\u%04x"):format(char:byte())
  end) .. '"'
end

local encode

local function list(value, indent)
  local parts, is_flat = {}, true
  for i, each in ipairs(value) do
    parts[i] = encode(each, indent .. "  ")
    is_flat = is_flat and type(each) ~= "table"
  end
  if is_flat then return "[" .. table.concat(parts, ", ") .. "]" end
  return "[\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent
    .. "  ") .. "\n" .. indent .. "]"
end

local function object(value, indent)
  local names, parts = {}, {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = ("%s  %s: %s"):format(indent, quoted(name),
      encode(value[name], indent .. "  "))
  end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

-- Six digits are more than any figure is worth.
local function numeral(value)
  if math.type(value) == "integer" then return tostring(value) end
  if value ~= value or value == math.huge then return "null" end
  return ("%.6g"):format(value)
end

function encode(value, indent)
  local kind = type(value)
  if kind == "number" then return numeral(value) end
  if kind == "boolean" then return tostring(value) end
  if kind == "string" then return quoted(value) end
  assert(kind == "table", kind)
  if #value > 0 or next(value) == nil then return list(value, indent) end
  return object(value, indent)
end

--- Turns a table of tables, strings, numbers and booleans into text.
---@param value any
---@return string text
function json.encode(value)
  return encode(value, "") .. "\n"
end

local UNESCAPED = { n = "\n", t = "\t", r = "\r", b = "\b", f = "\f" }
local WORDS = { ["true"] = true, ["false"] = false }

local decode

local function skip(text, at)
  return text:find("[^%s]", at) or #text + 1
end

local function text_at(text, at)
  local parts, from = {}, at + 1
  while true do
    local stop = assert(text:find('["\\]', from), "unfinished string")
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:byte(stop) == 34 then return table.concat(parts), stop + 1 end
    local code = text:match("^u(%x%x%x%x)", stop + 1)
    local char = text:sub(stop + 1, stop + 1)
    parts[#parts + 1] = code and utf8.char(tonumber(code, 16))
      or UNESCAPED[char] or char
    from = stop + (code and 6 or 2)
  end
end

local function members(text, at, stop, take)
  at = skip(text, at + 1)
  while text:sub(at, at) ~= stop do
    at = skip(text, take(at))
    if text:sub(at, at) == "," then at = skip(text, at + 1)
    else assert(text:sub(at, at) == stop, "comma expected") end
  end
  return at + 1
end

local function list_at(text, at)
  local result = {}
  return result, members(text, at, "]", function(from)
    result[#result + 1], from = decode(text, from)
    return from
  end)
end

local function object_at(text, at)
  local result = {}
  return result, members(text, at, "}", function(from)
    local name
    name, from = text_at(text, from)
    from = assert(text:match("^%s*:()", from), "colon expected")
    result[name], from = decode(text, from)
    return from
  end)
end

function decode(text, at)
  at = skip(text, at)
  local char = text:sub(at, at)
  if char == "{" then return object_at(text, at) end
  if char == "[" then return list_at(text, at) end
  if char == '"' then return text_at(text, at) end
  local word, stop = text:match("^([%w+.-]+)()", at)
  assert(word, "value expected")
  if WORDS[word] ~= nil then return WORDS[word], stop end
  return math.tointeger(word) or tonumber(word), stop -- null is nil
end

--- The value that a text stands for; raises where it is none.
---@param text string
---@return any value
function json.decode(text)
  local value = decode(text, 1)
  return value
end

return json
