--- Several addresses of one peer tried at once: RFC 8305, "happy eyeballs".
-- Families take turns.  An attempt gets a head start; when that is over, or
-- it has failed, the next one begins.  The first connection wins; the others
-- are cancelled, or closed.
local errno = require "uring.errno"
local limits = require "uring.limits"
local loop = require "uring.loop"
local structured = require "uring.structured"

local eyeballs = {}

--- Sorts addresses so that the families take turns, beginning with that of
-- the first.
---@param list uring.Address[]
---@return uring.Address[]
function eyeballs.interleave(list)
  local first, second = {}, {}
  for _, each in ipairs(list) do
    local own = each.family == list[1].family and first or second
    own[#own + 1] = each
  end
  local sorted = {}
  for i = 1, math.max(#first, #second) do
    sorted[#sorted + 1] = first[i]
    sorted[#sorted + 1] = second[i]
  end
  return sorted
end

-- What an address of a family says that this machine does not have.
local DULL = {
  [errno.EAFNOSUPPORT] = true, [errno.EADDRNOTAVAIL] = true,
  [errno.ENETUNREACH] = true,
}

-- As a place to wait at: until one more attempt has ended.
local Race = {}
Race.__index = Race

--- Takes out who waits no more.
function Race:leave()
  self.thread = nil
end

--- What it is to wait for it.
---@return string
function Race:describe()
  return ("connections to %d addresses"):format(self.started)
end

-- Waits until an attempt ends, or the head start of the last one is over.
local function wait(self, seconds)
  local _alarm <close> = seconds and limits.within(seconds)
  self.thread = coroutine.running()
  loop.wait(self)
end

local function note(self, conn, message, code)
  self.ended = self.ended + 1
  if conn and self.conn then
    conn:close() -- another was as fast
  elseif conn then
    self.conn = conn
  elseif not self.message or not DULL[code] then
    self.message, self.code = message, code
  end
  if not self.thread then return end
  loop.wake(self.thread)
  self.thread = nil
end

local function start(self, scope, list, attempt, stagger)
  for i, address in ipairs(list) do
    self.started = i
    local ended = self.ended
    scope:spawn(function() note(self, attempt(address)) end)
    if i < #list and self.ended == ended then wait(self, stagger) end
    if self.conn then return end
  end
  while not self.conn and self.ended < self.started do wait(self) end
end

--- Connects to the first address of some that answers.
---@param list uring.Address[] two or more
---@param attempt fun(address: uring.Address): uring.Conn? connects to one
---@param stagger? number seconds of head start; nil: until it has failed
---@return uring.Conn? conn
---@return string? message of the attempt that tells most
---@return integer? code
function eyeballs.connect(list, attempt, stagger)
  local self = setmetatable({
    conn = nil, thread = nil, started = 0, ended = 0,
  }, Race)
  local ok, problem = pcall(structured.scope, function(scope)
    start(self, scope, eyeballs.interleave(list), attempt, stagger)
    scope:cancel("another address has answered")
  end)
  if not ok then
    if self.conn then self.conn:close() end
    error(problem, 0)
  end
  return self.conn, self.message, self.code
end

return eyeballs
