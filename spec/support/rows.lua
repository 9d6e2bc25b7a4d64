--- One row of the opcode table at a time, on a bare ring and in a loop.
local assert = require "luassert"
local busted = require "busted"
local leaks = require "spec.support.leaks"
local setupflags = require "uring.setupflags"
local uring = require "uring.ring"
local within = require "spec.support.within"

local PATIENCE = 10 -- seconds, for what takes milliseconds
local MORE = uring.consts.IORING_CQE_F_MORE

local rows = {}

--- A descriptor that is not open.
rows.NOT_OPEN = 1 << 20

--- Tells whether a version is newer than this kernel.
---@param since string "6.1"
---@return boolean
function rows.is_newer(since)
  return not setupflags.is_kernel(since)
end

--- Tells whether this kernel lacks a row.  The probe knows opcodes, but not
-- which modes an opcode has.
---@param row table of uring.ops
---@return boolean
function rows.is_missing(row)
  local ring <close> = assert(uring.ring(1))
  return not ring:probe()[row.name] or rows.is_newer(row.since)
end

--- Describes the behaviour of a row, of which no test may leak; skips it
-- visibly where this kernel lacks it.
---@param name string of the row
---@param body function
function rows.describe(name, body)
  for _, row in ipairs(uring.ops) do
    if row.name == name then
      return busted.describe("row " .. name, function()
        leaks.watch()
        if not rows.is_missing(row) then return body() end
        busted.pending("needs Linux " .. row.since)
      end)
    end
  end
  error("no row " .. name)
end

local Guard = {}
Guard.__index = Guard

--- Owns descriptors for the time of a test: local own <close> = rows.owner()
-- then local r, w = own(uring.pipe()).
---@return table owner
function rows.owner()
  return setmetatable({}, Guard)
end

function Guard:__call(fd, ...)
  assert.is_number(fd, (...))
  for _, each in ipairs { fd, ... } do self[#self + 1] = each end
  return fd, ...
end

--- Closes one that it owns at once.
---@param fd integer
function Guard:close(fd)
  for i, each in ipairs(self) do
    if each == fd then table.remove(self, i) end
  end
  assert.is_true(uring.close(fd))
end

--- Gives one up: somebody else has closed it.
---@param fd integer
function Guard:forget(fd)
  for i, each in ipairs(self) do
    if each == fd then table.remove(self, i) end
  end
end

function Guard:__close()
  for _, fd in ipairs(self) do uring.close(fd) end
end

--- Opens a ring for a test: local ring <close> = rows.ring()
---@return uring.Ring
function rows.ring()
  return assert(uring.ring(16))
end

--- Submits one op, whose CQE brings the name of the row.
---@return integer id
function rows.start(ring, row, ...)
  local sqe = assert(ring:get_sqe())
  local id = sqe["prep_" .. row](sqe, ...)
  assert.equal(id, sqe:id())
  sqe:set_data(row)
  assert.equal(1, ring:submit())
  return id
end

--- Waits for some CQEs.
---@return table[] cqes {res =, flags =, data =}, ...
function rows.reap(ring, count)
  local found = {}
  while #found < count do
    assert(ring:submit_and_wait(1, PATIENCE))
    for res, flags, data in ring:cqes() do
      found[#found + 1] = { res = res, flags = flags, data = data }
    end
  end
  assert.equal(count, #found)
  return found
end

--- Does one op and nothing else on a ring.
---@return integer res
---@return integer flags
function rows.call(ring, row, ...)
  rows.start(ring, row, ...)
  local cqe = rows.reap(ring, 1)[1]
  assert.equal(row, cqe.data)
  assert.equal(0, cqe.flags & MORE)
  assert.equal(0, ring:in_flight())
  return cqe.res, cqe.flags
end

--- Does one op on a ring of its own.
---@return integer res
---@return integer flags
function rows.raw(row, ...)
  local ring <close> = rows.ring()
  return rows.call(ring, row, ...)
end

--- Starts an op that must wait, and cancels it.
---@return integer res of the op
---@return integer res of the cancel
function rows.cancelled(ring, row, ...)
  local id = rows.start(ring, row, ...)
  assert.equal(0, ring:submit_and_wait(0))
  assert.equal(0, ring:cq_ready()) -- it does wait
  rows.start(ring, "cancel", id)
  local res = {}
  for _, cqe in ipairs(rows.reap(ring, 2)) do res[cqe.data] = cqe.res end
  assert.equal(0, ring:in_flight())
  return res[row], res.cancel
end

--- Asserts that an op that waits is cancelled at once.
function rows.assert_cancelled(row, ...)
  local ring <close> = rows.ring()
  local res, cancel = rows.cancelled(ring, row, ...)
  assert.equal(-uring.errno.ECANCELED, res)
  assert.equal(0, cancel)
end

--- Asserts how an op ended that was cancelled while a thread of the kernel
--- may have begun with it. A signal interrupts what has; 512 is ERESTARTSYS,
--- which no system call would let out. The kernel looks for a running op
--- twice, so that its answer is "not there" where it ends between the two.
---@param res integer of the op
---@param cancel integer of its cancel
function rows.assert_cancelled_or_interrupted(res, cancel)
  local errno = require("uring").errno
  if res == -errno.ECANCELED then return end
  assert.is_true(res == -errno.EINTR or res == -512, res)
  assert.is_true(cancel == -errno.EALREADY or cancel == -errno.ENOENT, cancel)
end

--- Awaits one op in a loop of its own.
---@return any ... what it gives
function rows.await(row, ...)
  return within.run(function(...)
    return require("uring").op[row](...)
  end, ...)
end

--- Asserts how an op fails, in both layers.
---@param row string
---@param name string of the errno
---@param reason string what it means
---@param ... any its arguments
function rows.assert_fails(row, name, reason, ...)
  local code = assert(uring.errno[name])
  assert.equal(-code, (rows.raw(row, ...)))
  local value, message, number = rows.await(row, ...)
  assert.same({ nil, row .. ": " .. reason, code }, { value, message, number })
end

return rows
