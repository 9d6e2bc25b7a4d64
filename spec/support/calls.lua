--- Methods of a ring: skipped where the kernel lacks them, failing as they
-- should, refusing what is wrong.
local assert = require "luassert"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local calls = {}

--- Makes a function that skips the test where this kernel is older.
---@param skip function the spec's own 'pending': busted's is another
---@return fun(version: string)
function calls.needs(skip)
  return function(version)
    if rows.is_newer(version) then skip("needs Linux " .. version) end
  end
end

--- Asserts that a call fails as it should, and that the ring still works.
---@param ring uring.Ring
---@param name string of the errno
---@param reason string what it means
---@param method string
---@param ... any its arguments
function calls.assert_fails(ring, name, reason, method, ...)
  local code = assert(uring.errno[name])
  assert.same({ nil, method .. ": " .. reason, code },
    { ring[method](ring, ...) })
  assert.equal(0, (rows.call(ring, "nop")))
end

--- Asserts that a call raises, and names the argument.
---@param ring uring.Ring
---@param method string
---@param index integer which argument
---@param why string
---@param ... any its arguments
function calls.refuse(ring, method, index, why, ...)
  local ok, message = pcall(ring[method], ring, ...)
  assert.is_false(ok)
  assert.equal(("bad argument #%d to '?' (%s)"):format(index + 1, why),
    message)
end

return calls
