--- A piece of what is copied, in memory.
local core = require "uring.core"
local intake = require "uring.stream.intake"

local PAGE = 4096 -- to which files with O_DIRECT want memory aligned
local MOST = 64 -- Buffers that are kept for later

---@class uring.Piece
---@field data string|uring.Buffer
---@field sent integer bytes of it that have gone
---@field buffer uring.Buffer|false of which data is a part
---@field is_view boolean? data is a view
local Piece = { SIZE = 65536 } -- bytes of one that goes through a Buffer
Piece.__index = Piece

local kept = {} -- Buffers of SIZE

--- Makes one.
---@param data string|uring.Buffer
---@param sent integer
---@param buffer? uring.Buffer|false
---@param is_view? boolean
---@return uring.Piece
function Piece.new(data, sent, buffer, is_view)
  return setmetatable({
    data = data, sent = sent, buffer = buffer or false, is_view = is_view,
  }, Piece)
end

--- A Buffer for one.
---@param size integer bytes
---@return uring.Buffer
function Piece.buffer(size)
  return size == Piece.SIZE and table.remove(kept) or core.buffer(size, PAGE)
end

--- A Buffer that is of no more use.
---@param buffer uring.Buffer
function Piece.keep(buffer)
  if #buffer == Piece.SIZE and #kept < MOST then kept[#kept + 1] = buffer end
end

function Piece:__len()
  return #self.data
end

--- Parts have this method too.
function Piece:skip()
  return self
end

--- Sends what goes at once.
---@param stream table
---@param piece uring.Piece
---@return integer? count
---@return string? message
---@return integer? code
function Piece.transmit(stream, piece)
  local data, transmit = piece.data, stream._transmit_some
  if piece.sent > 0 then data = core.slice(data, piece.sent + 1) end
  local count, message, code = (transmit or stream._transmit)(stream, data)
  if count then piece.sent = piece.sent + count end
  return count, message, code
end

--- Gives back to where it came from what has not gone.
---@param src table
function Piece:put_back(src)
  intake.put_back(src, self.data:sub(self.sent + 1))
  if self.is_view then self.data:close() end
end

--- It is of no more use.
function Piece:finish()
  if self.is_view then self.data:close() end
  if self.buffer then Piece.keep(self.buffer) end
end

return Piece
