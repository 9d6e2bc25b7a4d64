--- Answers that are kept for as long as they hold.
local system = require "uring.system"

local MOST = 1024 -- answers

---@class uring.dns.Cache
local Cache = {}
Cache.__index = Cache

--- Makes a cache.
---@param seconds number that it keeps an answer at most
---@return uring.dns.Cache
function Cache.new(seconds)
  return setmetatable({
    seconds = seconds,
    entries = {}, -- key -> entry
    order = {}, first = 1, last = 0, -- the entries as they came
  }, Cache)
end

--- What was put there, where it still holds.
---@param key string
---@return string|string[]|nil answer
---@return integer? age in seconds
function Cache:get(key)
  local entry, now = self.entries[key], system.now() / 1e9
  if not entry or now >= entry.due then return nil end
  return entry.answer, math.floor(now - entry.since)
end

local function drop_first(self)
  local entry = self.order[self.first]
  self.order[self.first] = nil
  self.first = self.first + 1
  if self.entries[entry.key] == entry then self.entries[entry.key] = nil end
end

--- Keeps an answer; one that came long ago goes where there are too many.
---@param key string
---@param answer string|string[]
---@param ttl integer seconds that it holds
function Cache:put(key, answer, ttl)
  local seconds = math.min(ttl, self.seconds)
  if seconds <= 0 then return end
  if self.last - self.first + 1 >= MOST then drop_first(self) end
  local since = system.now() / 1e9
  local entry = { key = key, answer = answer, since = since,
    due = since + seconds }
  self.entries[key] = entry
  self.last = self.last + 1
  self.order[self.last] = entry
end

return Cache
