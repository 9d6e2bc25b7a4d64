--- The channels of a resolver: one that rests, and those of the runs that ask.
-- A run that asks while another one does (see uring.blocking) has its own.
local Exchange = require "uring.dns.exchange"
local loop = require "uring.loop"
local system = require "uring.system"

local FRESH = 5000000000 -- nanoseconds before resolv.conf is read again

---@class uring.dns.Channels
local Channels = {}
Channels.__index = Channels

--- Makes the channels of a resolver, of which none is open.
---@param settings table of uring.cares.channel
---@return uring.dns.Channels
function Channels.new(settings)
  return setmetatable({
    settings = settings,
    idle = false, -- a channel that rests
    opened = 0, opener = false, -- when it was opened, by what
    exchanges = setmetatable({}, { __mode = "k" }), -- by their schedulers
    is_closed = false,
  }, Channels)
end

-- In a forked child it is the parent's; in uring.test there is none.
local function take(self)
  local idle, open, now = self.idle, system.channel, system.now()
  self.idle = false
  if idle and idle:is_ours() and open == self.opener
    and now - self.opened < FRESH then
    return idle
  end
  if idle then idle:close() end
  self.opener, self.opened = open, now
  return open(self.settings)
end

local function exchange_of(self)
  local scheduler = loop.current("uring.dns")
  local exchange = self.exchanges[scheduler]
  if exchange then return exchange end
  local channel, reason = take(self)
  if not channel then return nil, reason end
  exchange = Exchange.new(channel, function(rested)
    self.exchanges[scheduler] = nil
    if self.idle or self.is_closed then return rested.channel:close() end
    self.idle = rested.channel
  end)
  self.exchanges[scheduler] = exchange
  return exchange
end

--- Asks, and waits for the answer: see Exchange:ask.
---@param what string
---@param start fun(channel: userdata): userdata?, integer?
---@return string|integer status
---@return string|string[]|nil answer
---@return integer? ttl
function Channels:ask(what, start)
  local exchange, reason = exchange_of(self)
  if not exchange then return reason end
  return exchange:ask(what, start)
end

--- Closes all: whoever waits is told "CLOSED".
function Channels:close()
  self.is_closed = true
  if self.idle then self.idle:close() end
  self.idle = false
  for _, exchange in pairs(self.exchanges) do exchange:close() end
end

return Channels
