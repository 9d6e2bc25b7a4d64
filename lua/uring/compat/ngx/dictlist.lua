--- Lists in the dictionaries of ngx.shared, and what concerns all entries.
local shdict = require "uring.compat.ngx.shdict"

local Dict = shdict.Dict

-- The list of a key; made where there is none, and it is asked for.
local function list_of(self, key, is_needed)
  local name, problem = Dict._checked(key)
  if not name then return nil, problem end
  local entry = Dict._find(self, name)
  if not entry and is_needed then
    local ok, message = Dict._store(self, name, { first = 1, last = 0 })
    if not ok then return nil, message end
    entry = self.entries[name]
  end
  if entry and type(entry.value) ~= "table" then
    return nil, "value not a list"
  end
  return entry
end

local function push(self, key, value, put)
  if type(value) ~= "string" and type(value) ~= "number" then
    return nil, "bad value type"
  end
  local entry, problem = list_of(self, key, true)
  if not entry then return nil, problem end
  local size = Dict._overhead // 2 + #tostring(value)
  if not Dict._make_room(self, size, true) then return nil, "no memory" end
  entry.size, self.used = entry.size + size, self.used + size
  local list = entry.value
  put(list, value)
  return list.last - list.first + 1
end

local function pop(self, key, take)
  local entry, problem = list_of(self, key)
  if not entry then return nil, problem end
  local list = entry.value
  local value = take(list)
  local size = Dict._overhead // 2 + #tostring(value)
  entry.size, self.used = entry.size - size, self.used - size
  if list.last < list.first then Dict._remove(self, entry) end
  return value
end

--- Puts a value before the first of a list.
---@param key string
---@param value string|number
---@return integer? length
---@return string? message "value not a list", "no memory"
function Dict:lpush(key, value)
  return push(self, key, value, function(list)
    list.first = list.first - 1
    list[list.first] = value
  end)
end

--- Puts a value behind the last of a list.
---@param key string
---@param value string|number
---@return integer? length
---@return string? message
function Dict:rpush(key, value)
  return push(self, key, value, function(list)
    list.last = list.last + 1
    list[list.last] = value
  end)
end

--- Takes the first value of a list.
---@param key string
---@return string|number|nil value nil where there is none
---@return string? message
function Dict:lpop(key)
  return pop(self, key, function(list)
    local value = list[list.first]
    list[list.first], list.first = nil, list.first + 1
    return value
  end)
end

--- Takes the last value of a list.
---@param key string
---@return string|number|nil value
---@return string? message
function Dict:rpop(key)
  return pop(self, key, function(list)
    local value = list[list.last]
    list[list.last], list.last = nil, list.last - 1
    return value
  end)
end

--- How many values a list has.
---@param key string
---@return integer? length 0 where there is none
---@return string? message
function Dict:llen(key)
  local entry, problem = list_of(self, key)
  if not entry and problem then return nil, problem end
  return entry and entry.value.last - entry.value.first + 1 or 0
end

--- Has everything expire now.
function Dict:flush_all()
  for _, entry in pairs(self.entries) do entry.due = 0 end
end

--- Frees what has expired.
---@param max? integer so many entries at most; 0: all
---@return integer count
function Dict:flush_expired(max)
  local count, entry = 0, self.ends.newer
  while entry ~= self.ends and (not max or max <= 0 or count < max) do
    local next_one = entry.newer
    if Dict._is_expired(entry) then
      Dict._remove(self, entry)
      count = count + 1
    end
    entry = next_one
  end
  return count
end

--- Lists the keys of what has not expired.
---@param max? integer so many at most; 0: all; default 1024
---@return string[]
function Dict:get_keys(max)
  max = max or 1024
  local keys, entry = {}, self.ends.older
  while entry ~= self.ends and (max <= 0 or #keys < max) do
    if not Dict._is_expired(entry) then keys[#keys + 1] = entry.key end
    entry = entry.older
  end
  return keys
end

--- How many bytes it may take.
---@return integer
function Dict:capacity()
  return self.size
end

--- How many of them are free, about.
---@return integer
function Dict:free_space()
  return math.max(0, self.size - self.used)
end

return shdict
