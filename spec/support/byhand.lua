--- Coroutines that are resumed by hand, and a bound ring without a scheduler.
local assert = require "luassert"
local core = require "uring.core"

local byhand = {
  IO = {}, -- what one yields that waits
  last = { false }, -- who was resumed last
}

byhand.resume, byhand.taken = core.resumer(byhand.IO)

--- As coroutine.resume, packed, of one that does not wait.
---@param thread thread
---@param ... any
---@return table results
function byhand.resumed(thread, ...)
  local waits, ok, count = byhand.resume(thread, ...)
  assert.is_false(waits)
  return table.pack(byhand.taken(thread, ok, count))
end

--- Many values.
---@param count integer
---@return integer ... 1 to count
function byhand.numbers(count)
  local list = {}
  for i = 1, count do list[i] = i end
  return table.unpack(list)
end

--- Makes a bound ring that has room for ops, and two sockets.
---@param given? uring.Ring this one
---@return uring.Ring ring
---@return table bound
---@return integer near
---@return integer far
function byhand.bound(given)
  local ring = given or assert(core.ring(8))
  local bound = assert(core.bind(ring, byhand.IO, byhand.last))
  assert.is_true(byhand.resume(core.thread(bound.wait.nop)))
  assert.equal(1, (bound.step(true, 10000000000)))
  assert.equal(0, (bound.go(1)))
  return ring, bound, assert(core.socketpair())
end

--- Closes what byhand.bound has made.
---@param ring uring.Ring
---@param near integer
---@param far integer
function byhand.close(ring, near, far)
  ring:close()
  core.close(near)
  core.close(far)
end

return byhand
