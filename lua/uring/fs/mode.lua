--- How a file is to be opened: "r+", flags, or names of flags.
local core = require "uring.core"

local C = core.consts

local MODES = {
  r = C.O_RDONLY, ["r+"] = C.O_RDWR,
  w = C.O_WRONLY | C.O_CREAT | C.O_TRUNC,
  ["w+"] = C.O_RDWR | C.O_CREAT | C.O_TRUNC,
  a = C.O_WRONLY | C.O_CREAT | C.O_APPEND,
  ["a+"] = C.O_RDWR | C.O_CREAT | C.O_APPEND,
}

local MAKES = C.O_CREAT | C.O_TRUNC
local LETTERS = { x = C.O_EXCL, d = C.O_DIRECT, s = C.O_SYNC, t = C.O_TMPFILE }

local mode = {}

-- The flags of the letters beside those of io.open; nil: one is there twice.
local function extras_of(text)
  local flags, rest = 0, text:gsub("b", "")
  for letter, flag in pairs(LETTERS) do
    local count
    rest, count = rest:gsub(letter, "")
    if count > 1 then return nil end
    if count == 1 then flags = flags | flag end
  end
  return flags, rest
end

local function of_string(text)
  local extras, plain = extras_of(text)
  local flags = extras and MODES[plain]
  if not flags then return nil end
  if extras & C.O_TMPFILE == C.O_TMPFILE then
    if plain == "r" or extras & C.O_EXCL ~= 0 then return nil end
    return (flags | extras) & ~MAKES
  end
  if extras & C.O_EXCL ~= 0 and plain:find "r" then return nil end
  return flags | extras
end

local function of_names(list)
  local flags = 0
  for _, name in ipairs(list) do
    local flag = type(name) == "string" and C["O_" .. name:upper()]
    if not flag then return nil end
    flags = flags | flag
  end
  return flags
end

--- Finds the flags of a mode, or raises.
---@param value string|integer|string[]
---@return integer flags
function mode.flags_of(value)
  if math.type(value) == "integer" then return value end
  local flags = MODES[value]
  if flags then return flags end
  if type(value) == "string" then
    flags = of_string(value)
  elseif type(value) == "table" then
    flags = of_names(value)
    if not flags then
      error("fs.open: bad argument 'mode' (names of flags expected)", 4)
    end
  else
    error("fs.open: bad argument 'mode' (string expected)", 4)
  end
  return flags or error("fs.open: bad mode '" .. value .. "'", 4)
end

return mode
