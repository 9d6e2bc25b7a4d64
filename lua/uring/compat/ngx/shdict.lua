--- ngx.shared: dictionaries of so many bytes, which forget what was not used
-- for longest.  There is one process: what they share, its tasks share.
-- Sizes are estimates: keys, values, and a constant for each entry.
local system = require "uring.system"
local words = require "uring.compat.ngx.words"

local OVERHEAD = 64 -- bytes that an entry takes beside its key and value
local LONGEST = 65535 -- bytes of a key

---@class uring.ngx.Dict
local Dict = { __name = "uring.ngx.Dict" }
Dict.__index = Dict

local shdict = {}

--- Makes a dictionary.
---@param capacity integer bytes
---@return uring.ngx.Dict
function shdict.new(capacity)
  local ends = {} -- before the newest and after the oldest entry
  ends.newer, ends.older = ends, ends
  return setmetatable({ size = capacity, used = 0, entries = {},
    ends = ends }, Dict)
end

local function now()
  return system.now() / 1e9
end

-- The list from the newest entry to the oldest

local function unlink(entry)
  entry.newer.older, entry.older.newer = entry.older, entry.newer
end

local function link(self, entry)
  local ends = self.ends
  entry.newer, entry.older = ends, ends.older
  ends.older.newer, ends.older = entry, entry
end

local function remove(self, entry)
  unlink(entry)
  self.entries[entry.key] = nil
  self.used = self.used - entry.size
end

local function is_expired(entry)
  return entry.due and entry.due <= now()
end

-- The entry of a key that has not expired, now the newest.
local function find(self, key)
  local entry = self.entries[key]
  if not entry or is_expired(entry) then return nil end
  unlink(entry)
  link(self, entry)
  return entry
end

local function problem_of(key)
  if key == nil then return "nil key" end
  key = type(key) == "number" and words.number(key) or key
  if type(key) ~= "string" then
    error("bad argument 'key' (string expected, got " .. type(key) .. ")", 4)
  end
  if key == "" then return "empty key" end
  if #key > LONGEST then return "key too long" end
  return nil, key
end

local function checked(key)
  local problem, text = problem_of(key)
  return text, problem
end

local function size_of(key, value)
  return OVERHEAD + #key + (type(value) == "string" and #value or 8)
end

-- Makes room for so many bytes; whether that cost an entry that was valid.
local function make_room(self, size, is_safe)
  local forcible = false
  while self.used + size > self.size do
    local oldest = self.ends.newer
    if oldest == self.ends then return nil end
    if not is_expired(oldest) then
      if is_safe then return nil end
      forcible = true
    end
    remove(self, oldest)
  end
  return true, forcible
end

local function due_in(seconds)
  seconds = tonumber(seconds) or 0
  if seconds < 0 then error("bad \"exptime\" argument", 4) end
  return seconds > 0 and now() + seconds or nil
end

local STORABLE = { string = true, number = true, boolean = true }

-- Puts an entry in place of what the key had.
local function store(self, key, value, seconds, flags, is_safe)
  local due, size = due_in(seconds), size_of(key, value)
  local before = self.entries[key]
  if before then remove(self, before) end
  local has_room, forcible = make_room(self, size, is_safe)
  if not has_room then return false, "no memory", forcible or false end
  self.used = self.used + size
  local entry = { key = key, value = value, due = due, size = size,
    flags = flags and flags ~= 0 and flags or nil }
  self.entries[key] = entry
  link(self, entry)
  return true, nil, forcible
end

-- What set, add and replace have in common; 'refusal' tells by the entry that
-- is there why not.
local function put(self, given, value, seconds, flags, refusal, is_safe)
  local key, problem = checked(given)
  if not key then return nil, problem end
  if value ~= nil and not STORABLE[type(value)] then
    return nil, "bad value type"
  end
  local entry = find(self, key)
  problem = refusal and refusal(entry)
  if problem then return false, problem, false end
  if value == nil then
    if self.entries[key] then remove(self, self.entries[key]) end
    return true, nil, false
  end
  return store(self, key, value, seconds, flags, is_safe)
end

local function if_new(entry) return entry and "exists" end
local function if_there(entry) return not entry and "not found" or nil end

--- Sets a value.
---@param key string
---@param value string|number|boolean|nil nil deletes it
---@param seconds? number until it expires; 0: never
---@param flags? integer
---@return boolean? success
---@return string? message
---@return boolean? forcible entries that were valid had to go
function Dict:set(key, value, seconds, flags)
  return put(self, key, value, seconds, flags)
end

--- The same, but "no memory" rather than that valid entries go.
function Dict:safe_set(key, value, seconds, flags)
  return put(self, key, value, seconds, flags, nil, true)
end

--- Sets a value where there is none; "exists".
function Dict:add(key, value, seconds, flags)
  return put(self, key, value, seconds, flags, if_new)
end

--- The same, but "no memory" rather than that valid entries go.
function Dict:safe_add(key, value, seconds, flags)
  return put(self, key, value, seconds, flags, if_new, true)
end

--- Sets a value where there is one; "not found".
function Dict:replace(key, value, seconds, flags)
  return put(self, key, value, seconds, flags, if_there)
end

--- Deletes a value.
function Dict:delete(key)
  return put(self, key, nil)
end

local function plain(entry)
  if type(entry.value) == "table" then return nil, "value is a list" end
  return entry.value, entry.flags
end

--- Gets a value.
---@param key string
---@return any value
---@return integer|string|nil flags, or why not
function Dict:get(key)
  local name, problem = checked(key)
  if not name then return nil, problem end
  local entry = find(self, name)
  if entry then return plain(entry) end
end

--- The same, also where it has expired and is there yet.
---@return any value
---@return integer|string|nil flags
---@return boolean? is_stale
function Dict:get_stale(key)
  local name, problem = checked(key)
  if not name then return nil, problem end
  local entry = self.entries[name]
  if not entry then return nil end
  local value, flags = plain(entry)
  return value, flags, is_expired(entry) or false
end

--- Adds to a number.
---@param key string
---@param by number
---@param init? number where there is none
---@param seconds? number until that expires
---@return number? sum
---@return string? message "not found", "not a number"
---@return boolean? forcible
function Dict:incr(key, by, init, seconds)
  local name, problem = checked(key)
  if not name then return nil, problem end
  by = tonumber(by) or error("incr: bad argument 'by' (number expected)", 2)
  local entry = find(self, name)
  if not entry then
    if not init then return nil, "not found" end
    local _, message, forcible = store(self, name, init + by, seconds)
    if message then return nil, message, forcible end
    return init + by, nil, forcible
  end
  if type(entry.value) ~= "number" then return nil, "not a number" end
  entry.value = entry.value + by
  return entry.value, nil, false
end

--- Seconds until a value expires.
---@param key string
---@return number? seconds 0: never
---@return string? message "not found"
function Dict:ttl(key)
  local name, problem = checked(key)
  if not name then return nil, problem end
  local entry = self.entries[name]
  if not entry or is_expired(entry) then return nil, "not found" end
  return entry.due and entry.due - now() or 0
end

--- Sets when a value expires.
---@param key string
---@param seconds number 0: never
---@return boolean? true
---@return string? message "not found"
function Dict:expire(key, seconds)
  local name, problem = checked(key)
  if not name then return nil, problem end
  local entry = find(self, name)
  if not entry then return nil, "not found" end
  entry.due = due_in(seconds)
  return true
end

-- For dictlist.lua
Dict._checked, Dict._find, Dict._store = checked, find, store
Dict._remove, Dict._make_room = remove, make_room
Dict._is_expired, Dict._overhead = is_expired, OVERHEAD
shdict.Dict = Dict

return shdict
