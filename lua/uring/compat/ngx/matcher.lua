--- Regular expressions, compiled: each node of the tree of pattern.lua becomes
-- a function of where the match is and of what comes after it.
local matcher = {}

-- A matcher is m(state, at, next) --> where the whole match ends, or nil;
-- next(at) goes on.  state.subject; state[2n - 1], state[2n]: the groups.

local compile

local makers = {}

--- One byte of a set.
function makers.set(node)
  local set = node.set
  return function(state, at, after)
    if set[state.subject:byte(at)] then return after(at + 1) end
  end
end

--- The beginning, of the subject or of a line.
function makers.begin(_, options)
  local lines = options.m
  return function(state, at, after)
    if at == 1 or lines and state.subject:byte(at - 1) == 10 then
      return after(at)
    end
  end
end

--- The end, or before the last newline.
function makers.finish(_, options)
  local lines = options.m
  return function(state, at, after)
    local length = #state.subject
    local newline = state.subject:byte(at) == 10
    if at > length or newline and (lines or at == length) then
      return after(at)
    end
  end
end

--- The edge of a word.
function makers.edge()
  local word = "^[%w_]"
  return function(state, at, after)
    local before = at > 1 and state.subject:find(word, at - 1) ~= nil
    if before ~= (state.subject:find(word, at) ~= nil) then
      return after(at)
    end
  end
end

--- One after the other.
function makers.sequence(node, options)
  local parts = {}
  for i, each in ipairs(node) do parts[i] = compile(each, options) end
  local function from(i, state, at, after)
    if i > #parts then return after(at) end
    return parts[i](state, at, function(here)
      return from(i + 1, state, here, after)
    end)
  end
  return function(state, at, after) return from(1, state, at, after) end
end

--- The first that leads to a match.
function makers.choice(node, options)
  local parts = {}
  for i, each in ipairs(node) do parts[i] = compile(each, options) end
  return function(state, at, after)
    for i = 1, #parts do
      local stop = parts[i](state, at, after)
      if stop then return stop end
    end
  end
end

--- A group that is not kept.
function makers.plain(node, options)
  return compile(node.body, options)
end

--- A group, whose place is kept.
function makers.group(node, options)
  local body, from, to = compile(node.body, options), 2 * node.number - 1,
    2 * node.number
  return function(state, at, after)
    local old_from, old_to = state[from], state[to]
    local stop = body(state, at, function(here)
      local inner_from, inner_to = state[from], state[to]
      state[from], state[to] = at, here - 1
      local found = after(here)
      if not found then state[from], state[to] = inner_from, inner_to end
      return found
    end)
    if not stop then state[from], state[to] = old_from, old_to end
    return stop
  end
end

-- Of a set, whose length is known, without a call for each byte.
local function repeat_set(node)
  local set, least, most = node.body.set, node.least, node.most
  if node.lazy then
    return function(state, at, after)
      local subject, count = state.subject, 0
      while true do
        if count >= least then
          local stop = after(at + count)
          if stop then return stop end
        end
        if count >= most or not set[subject:byte(at + count)] then return end
        count = count + 1
      end
    end
  end
  return function(state, at, after)
    local subject, count = state.subject, 0
    while count < most and set[subject:byte(at + count)] do
      count = count + 1
    end
    for taken = count, least, -1 do
      local stop = after(at + taken)
      if stop then return stop end
    end
  end
end

makers["repeat"] = function(node, options)
  if node.body.kind == "set" then return repeat_set(node) end
  local body, least, most = compile(node.body, options), node.least, node.most
  local function try(state, at, after, count)
    local function more()
      if count >= most then return end
      return body(state, at, function(here)
        if here == at and count >= least then return end -- for ever
        return try(state, here, after, count + 1)
      end)
    end
    if count < least then return more() end
    if node.lazy then return after(at) or more() end
    return more() or after(at)
  end
  return function(state, at, after) return try(state, at, after, 0) end
end

function compile(node, options)
  return makers[node.kind](node, options)
end

--- Makes the matcher of a tree: m(state, at, next).
---@param tree table
---@param options table<string, boolean> m
---@return function
function matcher.compile(tree, options)
  return compile(tree, options)
end

return matcher
