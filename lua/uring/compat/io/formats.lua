--- What io's formats read: "n", "l", "L", "a", and counts.
local bytes = require "uring.compat.io.bytes"

local MOST = 200 -- characters of a numeral

local formats = {}

-- Makes sure that something is unread.  Where that is cancelled, the pieces
-- that were taken are unread again.
local function fill(self, pieces)
  if self.at <= #self.unread then return true end
  local ok, some, code = pcall(bytes.fill, self)
  if ok then return some, code end
  pieces[#pieces + 1] = self.unread:sub(self.at)
  self.unread, self.at = table.concat(pieces), 1
  error(some, 0)
end

-- Reads pieces until 'enough' says at which place of the unread bytes they
-- suffice.  Returns what was read, whether it sufficed, and the errno.
local function collect(self, enough)
  local pieces, size = {}, 0
  while true do
    local some, code = fill(self, pieces)
    if not some then return table.concat(pieces), false, code end
    local stop = enough(self.unread, self.at, size)
    local last = bytes.take(self, stop or #self.unread)
    if stop and size == 0 then return last, true end
    pieces[#pieces + 1] = last
    size = size + #last
    if stop then return table.concat(pieces), true end
  end
end

local function find_newline(unread, at)
  return (unread:find("\n", at, true))
end

local function read_line(self, keeps_end)
  local unread, at = self.unread, self.at
  local newline = unread:find("\n", at, true)
  if newline then -- most of them
    self.at = newline + 1
    return unread:sub(at, keeps_end and newline or newline - 1)
  end
  local line, is_whole, code = collect(self, find_newline)
  if not is_whole and line == "" then return nil, code end
  if is_whole and not keeps_end then line = line:sub(1, -2) end
  return line, code
end

local function find_end() end

local function read_all(self)
  local all, _, code = collect(self, find_end)
  return all, code
end

local function read_count(self, count)
  if count == 0 then
    local some, code = bytes.fill(self)
    return some and "" or nil, code
  end
  local data, _, code = collect(self, function(unread, at, size)
    if size + #unread - at + 1 >= count then return at + count - size - 1 end
  end)
  if data == "" then return nil, code end
  return data, code
end

-- Numerals

-- The next character, "" at the end.
local function peek(self)
  if not bytes.fill(self) then return "" end
  return self.unread:sub(self.at, self.at)
end

-- Takes the next character into a numeral; false where that is too long.
local function take(self, numeral, character)
  if #numeral >= MOST then
    numeral.is_bad = true
    return false
  end
  numeral[#numeral + 1] = character
  self.at = self.at + 1
  return true
end

-- Takes the next character where it is one of a set.
local function accept(self, numeral, set)
  local character = peek(self)
  if character == "" or not character:find(set) then return false end
  return take(self, numeral, character)
end

local function digits(self, numeral, set)
  local count = 0
  while accept(self, numeral, set) do count = count + 1 end
  return count
end

local function skip_spaces(self)
  local character = peek(self)
  while character:find("^%s") do
    self.at = self.at + 1
    character = peek(self)
  end
end

local function read_number(self)
  local numeral, count, set, exponent = {}, 0, "^%d", "^[eE]"
  skip_spaces(self)
  accept(self, numeral, "^[-+]")
  if accept(self, numeral, "^0") then
    if accept(self, numeral, "^[xX]") then
      set, exponent = "^%x", "^[pP]"
    else
      count = 1
    end
  end
  count = count + digits(self, numeral, set)
  if accept(self, numeral, "^%.") then
    count = count + digits(self, numeral, set)
  end
  if count > 0 and accept(self, numeral, exponent) then
    accept(self, numeral, "^[-+]")
    digits(self, numeral, "^%d")
  end
  if numeral.is_bad then return nil end
  return tonumber(table.concat(numeral))
end

local READERS = {
  l = function(self) return read_line(self, false) end,
  L = function(self) return read_line(self, true) end,
  a = read_all, n = read_number,
}

--- Reads what one format says.
---@param self table
---@param format string|integer
---@return string|number|nil value nil: there is none, or the format is none
---@return integer|string|nil code of what failed; "format" where it is none
function formats.read(self, format)
  if type(format) == "number" then
    return read_count(self, math.tointeger(format))
  end
  local reader = READERS[format:match("^%*?(.)") or ""]
  if not reader then return nil, "format" end
  return reader(self)
end

return formats
