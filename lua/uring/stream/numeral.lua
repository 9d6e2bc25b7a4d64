--- Where a numeral ends: what read("n") takes, as a file of io does.
-- The state of the automaton is the place in STEPS; it looks at each byte
-- once, however the bytes come.
local MOST = 200 -- bytes of a numeral, as in liolib.c

local numeral = {}

local function set(bytes)
  local has = {}
  for byte in bytes:gmatch "." do has[byte:byte()] = true end
  return has
end

local SPACE, SIGN = set " \t\n\v\f\r", set "+-"
local DIGIT, HEX = set "0123456789", set "0123456789abcdefABCDEF"
local ZERO, POINT, NONE = set "0", set ".", {}
local X, P, E = set "xX", set "pP", set "eE"

local function digits_of(self)
  return self.hex and HEX or DIGIT
end

local function exponent_mark(self)
  if self.digits == 0 then return NONE end
  return self.hex and P or E
end

-- Each takes one byte ("one") or as many as there are, of the bytes that
-- 'of' names; 'digits': these make it a numeral.
local STEPS = {
  { of = function() return SPACE end, is_space = true },
  { of = function() return SIGN end, one = true },
  { of = function() return ZERO end, one = true, zero = true },
  { of = function(self) return self.zero and X or NONE end, one = true,
    hex = true },
  { of = digits_of, digits = true },
  { of = function() return POINT end, one = true },
  { of = digits_of, digits = true },
  { of = exponent_mark, one = true, exponent = true },
  { of = function(self) return self.exponent and SIGN or NONE end,
    one = true },
  { of = function(self) return self.exponent and DIGIT or NONE end },
}

-- Notes that a byte was taken by a step.
local function note(self, step)
  if step.is_space then return end
  self.length = self.length + 1
  if step.zero then
    self.zero, self.digits = true, self.digits + 1
  elseif step.hex then
    self.hex, self.digits = true, 0
  elseif step.digits then
    self.digits = self.digits + 1
  elseif step.exponent then
    self.exponent = true
  end
end

local function advance(self)
  self.step = self.step + 1
  local step = STEPS[self.step]
  self.bytes = step and step.of(self)
end

-- Whether the byte belongs to it.
local function takes(self, byte)
  while self.bytes do
    local step = STEPS[self.step]
    if self.bytes[byte] then
      if self.length == MOST then
        self.is_too_long = true
        return false
      end
      note(self, step)
      if step.one then advance(self) end
      return true
    end
    advance(self)
  end
  return false
end

--- Begins one.
---@return table state
function numeral.begin()
  return { step = 1, bytes = SPACE, length = 0, digits = 0,
    zero = false, hex = false, exponent = false, is_too_long = false }
end

--- Looks at a piece.
---@param self table state
---@param piece string
---@param at integer from this byte on
---@return integer? stop the last byte that belongs to it; nil: all do
function numeral.scan(self, piece, at)
  for i = at, #piece do
    if not takes(self, piece:byte(i)) then return i - 1 end
  end
end

--- What it is worth.
---@param self table state
---@param bytes string what scan has let pass
---@return number? value nil where it is no numeral
function numeral.value(self, bytes)
  if self.is_too_long then return nil end
  return tonumber(bytes)
end

return numeral
