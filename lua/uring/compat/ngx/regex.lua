--- ngx.re: regular expressions, by backtracking.
-- See pattern.lua for what it knows of Perl's.
local matcher = require "uring.compat.ngx.matcher"
local pattern = require "uring.compat.ngx.pattern"

local regex = {}

local cache = setmetatable({}, { __mode = "v" })

local function options_of(text)
  local options = {}
  for letter in (text or ""):gmatch "." do
    if not ("ijosmau"):find(letter, 1, true) then
      return nil, ('unknown flag "%s"'):format(letter)
    end
    options[letter] = true
  end
  return options
end

local function identity(at) return at end

-- What was compiled, or nil and why not.
local function prepare(source, flags)
  local key = (flags or "") .. "/" .. source
  local ready = cache[key]
  if ready then return ready end
  local options, problem = options_of(flags)
  if not options then return nil, problem end
  local tree, count, names = pattern.parse(source, options)
  if not tree then return nil, "pcre_compile() failed: " .. count end
  ready = { match = matcher.compile(tree, options), count = count,
    names = names, anchored = options.a }
  cache[key] = ready
  return ready
end

-- Finds the first match from a place on: its state, with from and to.
local function search(ready, subject, init)
  for at = init, ready.anchored and init or #subject + 1 do
    local state = { subject = subject }
    local stop = ready.match(state, at, identity)
    if stop then
      state.from, state.to = at, stop - 1
      return state
    end
  end
end

local function capture(state, number)
  if number == 0 then return state.subject:sub(state.from, state.to) end
  local from = state[2 * number - 1]
  return from and state.subject:sub(from, state[2 * number]) or false
end

local function captures(ready, state, into)
  local result = into or {}
  for number = 0, ready.count do result[number] = capture(state, number) end
  for name, number in pairs(ready.names) do result[name] = result[number] end
  return result
end

local function position(context)
  return context and math.tointeger(context.pos) or 1
end

--- Finds the first match.
---@param subject string
---@param source string the regular expression
---@param flags? string of i, j, o, s, m, a, u
---@param context? table pos: where to begin, and where the match has ended
---@param into? table to be filled
---@return table? match [0] all, [1] the first group, or false ...
---@return string? message
function regex.match(subject, source, flags, context, into)
  subject = tostring(subject)
  local ready, problem = prepare(source, flags)
  if not ready then return nil, problem end
  local state = search(ready, subject, position(context))
  if not state then return nil end
  if context then context.pos = state.to + 1 end
  return captures(ready, state, into)
end

--- Finds where the first match is.
---@param subject string
---@param source string
---@param flags? string
---@param context? table
---@param group? integer of whose place to tell; default 0, all
---@return integer? from
---@return integer? to
---@return string? message
function regex.find(subject, source, flags, context, group)
  subject = tostring(subject)
  local ready, problem = prepare(source, flags)
  if not ready then return nil, nil, problem end
  local state = search(ready, subject, position(context))
  if not state then return nil end
  if context then context.pos = state.to + 1 end
  if not group or group == 0 then return state.from, state.to end
  return state[2 * group - 1], state[2 * group]
end

-- Calls visit(state) for each match, until it says false.
local function each(ready, subject, visit)
  local at = 1
  while at <= #subject + 1 do
    local state = search(ready, subject, at)
    if not state or visit(state) == false then return end
    at = math.max(state.to + 1, state.from + (state.to < state.from and 1 or 0))
  end
end

--- Iterates over all matches.
---@param subject string
---@param source string
---@param flags? string
---@return function? iterator
---@return string? message
function regex.gmatch(subject, source, flags)
  subject = tostring(subject)
  local ready, problem = prepare(source, flags)
  if not ready then return nil, problem end
  local at = 1
  return function()
    if at > #subject + 1 then return nil end
    local state = search(ready, subject, at)
    at = state and math.max(state.to + 1, state.from
      + (state.to < state.from and 1 or 0)) or #subject + 2
    return state and captures(ready, state) or nil
  end
end

-- What stands in the place of a match: "$1", "${1}", "$0" and "$$".
local function replacement(ready, state, with)
  if type(with) == "function" then
    return tostring(with(captures(ready, state)))
  end
  return (tostring(with):gsub("%$(%$?)({?)(%d*)(}?)",
    function(dollar, open, number, close)
      if dollar ~= "" then return "$" .. open .. number .. close end
      local group = math.tointeger(tonumber(number)) or 0
      local text = group <= ready.count and capture(state, group) or ""
      return open == "" and text .. close or text
    end))
end

local function substitute(subject, source, with, flags, only_first)
  subject = tostring(subject)
  local ready, problem = prepare(source, flags)
  if not ready then return nil, 0, problem end
  local pieces, done, count = {}, 1, 0
  each(ready, subject, function(state)
    pieces[#pieces + 1] = subject:sub(done, state.from - 1)
    pieces[#pieces + 1] = replacement(ready, state, with)
    done, count = state.to + 1, count + 1
    return not only_first
  end)
  pieces[#pieces + 1] = subject:sub(done)
  return table.concat(pieces), count
end

--- Replaces the first match.
---@param subject string
---@param source string
---@param with string|function "$1" is the first group
---@param flags? string
---@return string? text
---@return integer count
---@return string? message
function regex.sub(subject, source, with, flags)
  return substitute(subject, source, with, flags, true)
end

--- Replaces all matches.
---@param subject string
---@param source string
---@param with string|function
---@param flags? string
---@return string? text
---@return integer count
---@return string? message
function regex.gsub(subject, source, with, flags)
  return substitute(subject, source, with, flags, false)
end

return regex
