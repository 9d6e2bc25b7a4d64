--- What specs of the low level do again and again with a ring.
local assert = require "luassert"
local rows = require "spec.support.rows"
local system = require "system" -- which busted uses
local uring = require "uring.ring"

local raw = {}

local PATIENCE = 10 -- seconds, for what takes milliseconds
local SETTLES = 0.02 -- seconds
local C = uring.consts

--- Prepares the op of a row, without submitting it.
---@param ring uring.Ring
---@param row string
---@param ... any its arguments
---@return uring.SQE
---@return integer id
function raw.prepare(ring, row, ...)
  local sqe = assert(ring:get_sqe())
  return sqe, sqe["prep_" .. row](sqe, ...)
end

--- Takes the CQE at the head, waiting for it.
---@param ring uring.Ring
---@return integer res
---@return integer flags
---@return any data
function raw.take(ring)
  local cqe = assert(ring:wait_cqe(PATIENCE))
  ring:cqe_seen(cqe)
  return cqe.res, cqe.flags, cqe.data
end

--- Sends until the socket takes no more, so that the next send waits. TCP may
-- still be handing on what it has taken (a paced connection does so by a
-- timer, so it shall be none), which makes room again: full is what is so four
-- times, each a while after the other.
---@param fd integer
---@return integer count of bytes that went
function raw.fill(fd)
  local ring <close> = rows.ring()
  local count, refused, block = 0, 0, ("."):rep(4096)
  uring.setsockopt(fd, C.IPPROTO_TCP, C.TCP_CONGESTION, "reno") -- or it is none
  while refused < 4 do
    local res = rows.call(ring, "send", fd, block, C.MSG_DONTWAIT)
    if res > 0 then
      count, refused = count + res, 0
    else
      refused = refused + 1
      system.sleep(SETTLES)
    end
  end
  return count
end

--- Receives so many bytes.
---@param ring uring.Ring
---@param fd integer
---@param count integer
---@return string
function raw.receive(ring, fd, count)
  local buffer, parts = uring.buffer(65536), {}
  while count > 0 do
    local part = buffer:slice(1, math.min(count, #buffer))
    local res = rows.call(ring, "recv", fd, part)
    assert.is_true(res > 0, "the stream has ended")
    parts[#parts + 1] = buffer:sub(1, res)
    count = count - res
  end
  return table.concat(parts)
end

--- Collects everything that nobody refers to.
function raw.collect()
  for _ = 1, 3 do collectgarbage() end
end

return raw
