--- Reading without strings: views of the bytes where the kernel has put them.
-- A view is a Buffer.  The loop's ring of buffers for views has fewer to
-- pick from as long as one is open, so close it: a loop over chunks does.
local core = require "uring.core"
local intake = require "uring.stream.intake"
local limits = require "uring.limits"
local loop = require "uring.loop"

local views = {}

-- The table that a read is given.
local function check_options(what, options, level)
  for name in pairs(options) do
    if name ~= "view" and name ~= "max" then
      error(("%s: unknown option '%s'"):format(what, tostring(name)), level)
    end
  end
  local max = options.max
  if max and (math.type(max) ~= "integer" or max < 1) then
    error(what .. ": bad option 'max' (count of bytes expected)", level)
  end
  if options.view ~= nil and type(options.view) ~= "boolean" then
    error(what .. ": bad option 'view' (boolean expected)", level)
  end
end

--- Checks what a read is given to say how much it reads.
---@param what string names the caller
---@param max? integer|table
---@param level integer of the one to blame, as for error
function views.check(what, max, level)
  if type(max) == "table" then
    check_options(what, max, level + 1)
  elseif max and (math.type(max) ~= "integer" or max < 1) then
    error(what .. ": bad argument 'max' (count of bytes expected)", level)
  end
end

-- No more than so much of a view; the rest is kept as a string.
local function cut(self, view, max)
  if #view <= max then return view end
  self.received, self.at = view:sub(max + 1), 1
  local part = view:slice(1, max)
  view:close()
  return part
end

local read

-- What another read has left.
local function at_hand(self, max)
  intake.before_received(self)
  local bytes, at = self.received, self.at
  if at > #bytes then return read(self, max) end
  local stop = math.min(max and at + max - 1 or #bytes, #bytes)
  self.at = stop + 1
  return core.slice(bytes, at, stop)
end

local function receive(self, max)
  local view, message, code = (self._some_view or views.some)(self)
  if not view then return nil, message, code end
  if type(view) == "string" then
    if view == "" then return nil end
    view = core.slice(view)
  end
  return max and cut(self, view, max) or view
end

--- What comes next as a view, where nothing is at hand.  A class may do it
-- otherwise: its method _some_view.
---@param self table the stream
---@return uring.Buffer|string|nil view "" at the end
---@return string? message
---@return integer? code
function views.some(self)
  if intake.needs_loop(self) then return loop.block(views.some, self) end
  local limit <close> = self.read_timeout and limits.begin(self, "read")
  return intake.receive(self, limit, self._receive_view and "_receive_view"
    or "_receive")
end

function read(self, max)
  if self.at <= #self.received then return at_hand(self, max) end
  return receive(self, max)
end

--- As read_some, but gives a view.
---@param self table the stream
---@param options table view, max
---@return uring.Buffer|string|nil
---@return string? message
---@return integer? code
function views.read(self, options)
  if not options.view then return self:read_some(options.max) end
  return read(self, options.max)
end

local Chunks = {}
Chunks.__index = Chunks

--- The view of the last turn is no longer of use.
function Chunks:close()
  if self.view then self.view:close() end
  self.view = false
end

Chunks.__close = Chunks.close

local function next_view(chunks)
  local last, stream = chunks.view, chunks.stream
  if last then last:close() end
  local some = chunks.some
  local view, message
  if some and stream.received == "" then
    view, message = some(stream)
    if view == "" then view = nil end
  else
    view, message = read(stream, chunks.max)
  end
  if not view and message then error(message, 3) end
  chunks.view = view
  return view
end

--- Iterates over views, each of which is closed before the next is read, and
-- the last where the loop is left.
---@param self table the stream
---@param options table view, max
---@return function iterator
---@return nil
---@return nil
---@return table? closes the last view
function views.chunks(self, options)
  if not options.view then return self:chunks(options.max) end
  local max = options.max
  local chunks = setmetatable({
    stream = self, max = max, some = not max and self._some_view, view = false,
  }, Chunks)
  return function() return next_view(chunks) end, nil, nil, chunks
end

return views
