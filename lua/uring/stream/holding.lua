--- Output that is held back, to be sent together: stream:setvbuf.
-- A stream that holds some back has a 'write' and a 'close' of its own, so
-- that the others pay nothing for it.
local errno = require "uring.errno"
local loop = require "uring.loop"
local Parts = require "uring.stream.parts"
local system = require "uring.system"

local SIZE = 16384 -- bytes, where nothing is said
local HERE = -1 -- a file's own position

local holding = {}

-- Which streams may hold something, each with what opened rings then: in
-- uring.test it is another.
local streams = setmetatable({}, { __mode = "k" })

---@class uring.Held
---@field pieces string[] what was written
---@field size integer bytes of it
---@field mode "line"|"full"
---@field most integer bytes

local function take(held)
  local pieces = held.pieces
  held.pieces, held.size = {}, 0
  return pieces
end

-- What has not gone stays, before what came meanwhile.
local function put_back(held, text)
  if text == "" then return end
  table.insert(held.pieces, 1, text)
  held.size = held.size + #text
end

-- Sends what is held and 'data' after it.  Where that fails, what was held
-- stays, as far as it has not gone; 'data' is the caller's again.
local function send(self, held, data)
  local before, old = held.size, table.concat(take(held))
  local all = old
  if data then
    all = old == "" and data or Parts.new({ old, data })
  end
  local ok, done, message, code, sent = pcall(self._write_out, self, all)
  if done and ok then return self end
  sent = ok and sent or 0
  if not self.is_broken and not self.is_closed then
    put_back(held, old:sub(sent + 1))
  end
  if not ok then error(done, 0) end
  return nil, message, code, math.max(0, sent - before)
end

--- Sends what is held.
---@param self table the stream
---@return table? self
---@return string? message
---@return integer? code
function holding.flush(self)
  local done, message, code = send(self, self.held)
  return done, message, code
end

local function write(self, ...)
  local held = self.held
  if self.is_closed then return nil, "closed", errno.ECLOSED, 0 end
  local data, problem = Parts.gather("write", ...)
  if not data then error(problem, 2) end
  if #data + held.size >= held.most then return send(self, held, data) end
  if type(data) == "userdata" then data = data:tostring() end
  if type(data) == "table" then data = Parts.join(data.items) end
  if held.mode == "line" and data:find("\n", 1, true) then
    return send(self, held, data)
  end
  held.pieces[#held.pieces + 1] = data
  held.size = held.size + #data
  return self
end

-- Without waiting: the kernel does what it can.
local function post(self, held)
  if not self.fd then return end -- it is none of the kernel's
  loop.post("write", self.fd, table.concat(take(held)), HERE)
end

--- Sends what is held before the stream is closed.  Where the caller cannot
-- wait, or is cancelled, the kernel is given it, and nobody hears of the
-- outcome.
---@param self table the stream
---@return boolean? true
---@return string? message
---@return integer? code
function holding.finish(self)
  local held = self.held
  if not held or held.size == 0 or self.is_closed then return true end
  local ok, done, message, code = pcall(holding.flush, self)
  if ok and done then return true end
  if not ok and not self.is_closed and held.size > 0 then
    post(self, held)
    return true
  end
  return nil, message, code
end

-- The class's own, after what is held has gone.
local function close(self)
  local flushed, message, code = holding.finish(self)
  local closed, why, reason = getmetatable(self).close(self)
  if not flushed then return nil, message, code end
  return closed, why, reason
end

--- Sets how a stream holds back.
---@param self table the stream
---@param mode "no"|"line"|"full"
---@param size? integer
---@return boolean? true
---@return string? message
---@return integer? code
function holding.set(self, mode, size)
  if self.held then
    local done, message, code = holding.flush(self)
    if not done then return nil, message, code end
  end
  if mode == "no" then
    self.held, self.write, self.close, streams[self] = nil, nil, nil, nil
    return true
  end
  self.held = { pieces = {}, size = 0, mode = mode, most = size or SIZE }
  self.write, self.close, streams[self] = write, close, system.open
  return true
end

--- Sends what any stream holds: a run has ended.
function holding.finish_all()
  local list = {}
  for stream, opener in pairs(streams) do
    if opener == system.open then list[#list + 1] = stream end
  end
  for _, stream in ipairs(list) do holding.finish(stream) end
end

return holding
