--- ngx.escape_uri and the like: bytes in other clothes.
local words = require "uring.compat.ngx.words"

local text = {}

local function hex_of(byte)
  return ("%%%02X"):format(byte:byte())
end

local UNSAFE = { [0] = "[%c \127-\255#%%?]", [2] = "[^%w%-._~]" }

--- Escapes what has a meaning in a URI.
---@param bytes string
---@param kind? integer 2, a component of a URI, the default; 0, a whole one
---@return string
function text.escape_uri(bytes, kind)
  local unsafe = UNSAFE[kind or 2]
  if not unsafe then
    error(("\"type\" %s is not in [0, 2]"):format(tostring(kind)), 2)
  end
  return (words.text("escape_uri", bytes):gsub(unsafe, hex_of))
end

local function byte_of(hex)
  return string.char(tonumber(hex, 16))
end

--- The other way round.
---@param bytes string
---@return string
function text.unescape_uri(bytes)
  local plain = words.text("unescape_uri", bytes):gsub("+", " ")
  return (plain:gsub("%%(%x%x)", byte_of))
end

local function put_argument(pieces, name, value)
  local kind = type(value)
  if kind == "table" then
    for _, each in ipairs(value) do put_argument(pieces, name, each) end
  elseif value == true then
    pieces[#pieces + 1] = name
  elseif kind == "string" or kind == "number" then
    pieces[#pieces + 1] = name .. "=" .. text.escape_uri(value)
  elseif value ~= false then
    error("attempt to use " .. kind .. " as query arg value", 3)
  end
end

--- Writes the arguments of a query; in order of their names.
---@param arguments table<string, string|number|boolean|table>
---@return string
function text.encode_args(arguments)
  local names, pieces = {}, {}
  for name in pairs(arguments) do
    if type(name) ~= "string" and type(name) ~= "number" then
      error("attempt to use " .. type(name) .. " as query arg key", 2)
    end
    names[#names + 1] = name
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    put_argument(pieces, text.escape_uri(name), arguments[name])
  end
  return table.concat(pieces, "&")
end

local function add(arguments, name, value)
  local before = arguments[name]
  if before == nil then
    arguments[name] = value
  elseif type(before) == "table" then
    before[#before + 1] = value
  else
    arguments[name] = { before, value }
  end
end

--- Reads the arguments of a query.
---@param query string
---@param max? integer so many at most; 0: all; default 100
---@return table arguments
---@return string? message "truncated"
function text.decode_args(query, max)
  local arguments, count = {}, 0
  max = max or 100
  for argument in query:gmatch "[^&]+" do
    count = count + 1
    if max > 0 and count > max then return arguments, "truncated" end
    local name, value = argument:match "^([^=]*)=(.*)$"
    name = text.unescape_uri(name or argument)
    if name ~= "" then
      add(arguments, name, value and text.unescape_uri(value) or true)
    end
  end
  return arguments
end

-- Base64

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
  .. "+/"

local digit, number = {}, {}
for i = 0, 63 do
  digit[i] = DIGITS:sub(i + 1, i + 1)
  number[DIGITS:byte(i + 1)] = i
end

local function encode_three(bytes)
  local a, b, c = bytes:byte(1, 3)
  local all = a << 16 | (b or 0) << 8 | (c or 0)
  return digit[all >> 18] .. digit[all >> 12 & 63]
    .. (b and digit[all >> 6 & 63] or "=") .. (c and digit[all & 63] or "=")
end

--- Writes bytes in base64.
---@param bytes string
---@param no_padding? boolean
---@return string
function text.encode_base64(bytes, no_padding)
  local encoded = words.text("encode_base64", bytes)
    :gsub("..?.?", encode_three)
  return no_padding and encoded:gsub("=+$", "") or encoded
end

local function decode_four(digits)
  local a, b, c, d = digits:byte(1, 4)
  local all = number[a] << 18 | number[b or 65] << 12 | number[c or 65] << 6
    | number[d or 65]
  return string.pack(">I3", all):sub(1, #digits - 1)
end

--- The other way round.
---@param encoded string with its padding, or without
---@return string? bytes nil where it is no base64
function text.decode_base64(encoded)
  local digits = encoded:gsub("=?=?$", "")
  if digits:find "[^%w+/]" or #digits % 4 == 1 then return nil end
  return (digits:gsub("..?.?.?", decode_four))
end

local QUOTED = {
  ["\0"] = "\\0", ["\b"] = "\\b", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t", ["\26"] = "\\Z", ["\\"] = "\\\\", ["'"] = "\\'",
  ['"'] = '\\"',
}

--- A string as MySQL reads it, in quotes.
---@param bytes string
---@return string
function text.quote_sql_str(bytes)
  return "'" .. words.text("quote_sql_str", bytes):gsub('[%z\b\n\r\t\26\\\'"]',
    QUOTED) .. "'"
end

return text
