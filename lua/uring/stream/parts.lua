--- What one write is given, as a list of strings and Buffers that goes out
-- in as few ops as may be.
local core = require "uring.core"

local JOINED = 16384 -- bytes: up to here one string is faster than iovecs
local SMALL = 2048 -- bytes of a string that is joined with its like
local MOST = 1024 -- iovecs of an op, as IOV_MAX
local DEPTH = 32 -- of arrays in arrays
local BUFFER = getmetatable(core.slice "")

---@class uring.Parts
---@field size integer bytes in all
local Parts = {}
Parts.__index = Parts

-- Adds what a value holds, or says which value is wrong.
local function add(items, value, depth)
  local kind = type(value)
  if kind == "string" then
    if value ~= "" then items[#items + 1] = value end
  elseif kind == "number" then
    items[#items + 1] = tostring(value)
  elseif kind == "table" and depth < DEPTH then
    for i = 1, #value do
      local wrong = add(items, value[i], depth + 1)
      if wrong then return wrong end
    end
  elseif kind == "userdata" and getmetatable(value) == BUFFER then
    if #value > 0 then items[#items + 1] = value end
  else
    return kind
  end
end

local function total(items)
  local size = 0
  for i = 1, #items do size = size + #items[i] end
  return size
end

--- All of some items as one string.
---@param items table of strings and Buffers
---@return string
function Parts.join(items)
  for i = 1, #items do
    if type(items[i]) ~= "string" then
      local strings = table.move(items, 1, #items, 1, {})
      for j = i, #items do
        if type(items[j]) ~= "string" then strings[j] = items[j]:tostring() end
      end
      return table.concat(strings)
    end
  end
  return table.concat(items)
end

-- Strings that follow each other and are small become one.
local function merge(items)
  local merged, first = {}, 1
  local function flush(last)
    local text = table.concat(items, "", first, last)
    if text ~= "" then merged[#merged + 1] = text end
  end
  for i = 1, #items do
    local item = items[i]
    if type(item) ~= "string" or #item >= SMALL then
      flush(i - 1)
      merged[#merged + 1] = item
      first = i + 1
    end
  end
  flush(#items)
  return merged
end

local function flatten(what, ...)
  local items = {}
  for i = 1, select("#", ...) do
    local wrong = add(items, (select(i, ...)), 0)
    if wrong then
      return nil, ("%s: bad argument #%d (string, number, Buffer or array of "
        .. "them expected, got %s)"):format(what, i, wrong)
    end
  end
  return items
end

-- The usual case: some strings.  Nil where there is something else.
local function size_of_strings(values, count)
  local size = 0
  for i = 1, count do
    local value = values[i]
    if type(value) ~= "string" then return nil end
    size = size + #value
  end
  return size
end

--- Makes one string or Buffer of the arguments of a write, or Parts.
---@param what string names the caller
---@param ... any strings, numbers, Buffers, and arrays of them
---@return string|uring.Buffer|uring.Parts|nil
---@return string? message of the error to raise where an argument is wrong
function Parts.gather(what, ...)
  local items = { ... }
  local size = size_of_strings(items, select("#", ...))
  if size and size <= JOINED then
    return table.concat(items)
  elseif not size then
    local problem
    items, problem = flatten(what, ...)
    if not items then return nil, problem end
    size = total(items)
  end
  if #items == 1 then return items[1] end
  if size <= JOINED then return Parts.join(items) end
  items = merge(items)
  if #items == 1 then return items[1] end
  return Parts.new(items, size)
end

--- Makes Parts of a list.
---@param items table of strings and Buffers
---@param size? integer
---@return uring.Parts
function Parts.new(items, size)
  return setmetatable({ items = items, size = size or total(items),
    first = 1, -- the item that has not gone as a whole
  }, Parts)
end

function Parts:__len()
  return self.size
end

--- So many more bytes have gone.
---@param count integer
---@return uring.Parts self
function Parts:skip(count)
  local items, first = self.items, self.first
  while first < #items and #items[first] <= count do
    count = count - #items[first]
    first = first + 1
  end
  self.first = first
  if count > 0 then items[first] = core.slice(items[first], count + 1) end
  return self
end

--- Transmits what one op takes of the rest.
---@param stream table
---@param parts uring.Parts
---@return integer? count
---@return string? message
---@return integer? code
function Parts.transmit(stream, parts)
  local items, first = parts.items, parts.first
  local last = math.min(#items, first + MOST - 1)
  if last == first or not stream._transmit_parts then
    return stream:_transmit(items[first])
  end
  local rest = table.move(items, first, last, 1, {})
  return stream:_transmit_parts(core.iovecs(rest), total(rest))
end

return Parts
