--- Regular expressions, read: the text of one to a tree.
-- Of Perl's: . ^ $ \d \w \s \b and their opposites, [classes], ( ) (?: )
-- (?<name> ), |, * + ? {n,m}, each lazy with ? after it, and escapes.
local pattern = {}

local SETS = {
  d = "%d", w = "[%w_]", s = "%s", D = "%D", W = "[^%w_]", S = "%S",
  h = "[ \t]", v = "[\n\v\f\r]",
}
local ESCAPES = { n = "\n", r = "\r", t = "\t", f = "\f", v = "\v", e = "\27",
  a = "\a", ["0"] = "\0" }

local function fail(self, text)
  error({ problem = ("%s at %d in \"%s\""):format(text, self.at - 1,
    self.source) }, 0)
end

local function peek(self)
  return self.source:sub(self.at, self.at)
end

local function take(self, wanted)
  if self.source:sub(self.at, self.at + #wanted - 1) ~= wanted then
    return false
  end
  self.at = self.at + #wanted
  return true
end

local function match(self, lua_pattern)
  local found, to = self.source:match("^(" .. lua_pattern .. ")()", self.at)
  if found then self.at = to end
  return found
end

-- A set: a table with true for each byte in it.

local function add_matching(set, lua_pattern)
  for byte = 0, 255 do
    if string.char(byte):find("^" .. lua_pattern .. "$") then
      set[byte] = true
    end
  end
end

local function finish_set(self, set, negated)
  if self.options.i then
    for byte = 65, 90 do
      if set[byte] or set[byte + 32] then
        set[byte], set[byte + 32] = true, true
      end
    end
  end
  if not negated then return { kind = "set", set = set } end
  local others = {}
  for byte = 0, 255 do others[byte] = not set[byte] or nil end
  return { kind = "set", set = others }
end

-- After a backslash: the byte, or nil and a Lua pattern.
local function escaped(self)
  local hex = match(self, "x%x%x")
  if hex then return tonumber(hex:sub(2), 16) end
  local char = peek(self)
  if char == "" then fail(self, "\\ at end of pattern") end
  self.at = self.at + 1
  if SETS[char] then return nil, SETS[char] end
  if ESCAPES[char] then return ESCAPES[char]:byte() end
  if char:find "%w" then fail(self, "\\" .. char .. " is not supported") end
  return char:byte()
end

local function class_member(self, set)
  local class = match(self, "%[:%a+:%]")
  if class then
    local names = { alpha = "%a", digit = "%d", alnum = "%w", space = "%s",
      upper = "%u", lower = "%l", punct = "%p", xdigit = "%x", cntrl = "%c" }
    local name = names[class:sub(3, -3)]
    if not name then fail(self, "unknown POSIX class name") end
    return add_matching(set, name)
  end
  if take(self, "\\") then
    if take(self, "b") then return 8 end
    local byte, name = escaped(self)
    if name then add_matching(set, name) end
    return byte
  end
  self.at = self.at + 1
  return self.source:byte(self.at - 1)
end

local function class(self)
  local set, negated, is_first = {}, take(self, "^"), true
  while is_first or not take(self, "]") do
    if peek(self) == "" then fail(self, "missing terminating ]") end
    is_first = false
    local from = class_member(self, set)
    if from and self.source:find("^%-[^%]]", self.at) then
      self.at = self.at + 1
      local to = class_member(self, set)
      if not to or to < from then fail(self, "range out of order") end
      for byte = from, to do set[byte] = true end
    elseif from then
      set[from] = true
    end
  end
  return finish_set(self, set, negated)
end

local alternatives

local function group(self)
  local name = match(self, "%?P?<[%a_][%w_]*>")
  local node = { kind = "group" }
  if name then
    name = name:match "<(.*)>"
  elseif take(self, "?:") then
    node.kind = "plain"
  elseif peek(self) == "?" then
    fail(self, "unrecognized character after (?")
  end
  if node.kind == "group" then
    self.count = self.count + 1
    node.number = self.count
    if name then self.names[name] = self.count end
  end
  node.body = alternatives(self)
  if not take(self, ")") then fail(self, "missing )") end
  return node
end

local function atom(self)
  if take(self, "(") then return group(self) end
  if take(self, "[") then return class(self) end
  if take(self, "^") then return { kind = "begin" } end
  if take(self, "$") then return { kind = "finish" } end
  local set = {}
  if take(self, ".") then
    if not self.options.s then set[10] = true end
    return finish_set(self, set, true)
  elseif take(self, "\\b") then
    return { kind = "edge" }
  elseif take(self, "\\") then
    local byte, name = escaped(self)
    if name then add_matching(set, name) else set[byte] = true end
    return finish_set(self, set)
  end
  if peek(self):find "[*+?]" then fail(self, "nothing to repeat") end
  set[self.source:byte(self.at)] = true
  self.at = self.at + 1
  return finish_set(self, set)
end

local REPEATS = { ["*"] = { 0, math.huge }, ["+"] = { 1, math.huge },
  ["?"] = { 0, 1 } }

local function quantified(self)
  local body = atom(self)
  local limits = REPEATS[peek(self)]
  if limits then
    self.at = self.at + 1
  else
    local counts = match(self, "{%d+,?%d*}")
    if not counts then return body end
    local least, comma, most = counts:match "(%d+)(,?)(%d*)"
    least = math.tointeger(least)
    limits = { least, comma == "" and least or math.tointeger(most)
      or math.huge }
  end
  if body.kind == "begin" or body.kind == "finish" then
    fail(self, "nothing to repeat")
  end
  local node = { kind = "repeat", body = body, least = limits[1],
    most = limits[2], lazy = take(self, "?") }
  if take(self, "+") then fail(self, "a possessive + is not supported") end
  return node
end

local function sequence(self)
  local nodes = { kind = "sequence" }
  while not peek(self):find "^[|)]?$" do
    nodes[#nodes + 1] = quantified(self)
  end
  return nodes
end

function alternatives(self)
  local nodes = { kind = "choice", sequence(self) }
  while take(self, "|") do nodes[#nodes + 1] = sequence(self) end
  return #nodes == 1 and nodes[1] or nodes
end

--- Reads a regular expression.
---@param source string
---@param options table<string, boolean> i, s
---@return table? tree
---@return integer|string count of its groups, or why not
---@return table<string, integer>? names of groups
function pattern.parse(source, options)
  local self = { source = source, at = 1, options = options, count = 0,
    names = {} }
  local ok, tree = pcall(function()
    local nodes = alternatives(self)
    if self.at <= #source then fail(self, "unmatched )") end
    return nodes
  end)
  if ok then return tree, self.count, self.names end
  if type(tree) ~= "table" then error(tree, 0) end
  return nil, tree.problem
end

return pattern
