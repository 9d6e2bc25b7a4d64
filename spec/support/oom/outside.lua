--- Outside of a run: single ops, and calls that have a run of their own.
local core = require "uring.core"
local uring = require "uring"

local C, op = core.consts, uring.op

local after = require "spec.support.oom.after.run"

local reader, writer = assert(core.pipe())

op.nop() -- opens the ring

function attempt()
  assert(op.nop())
  assert(op.write(writer, "x") == 1)
  local buffer = core.buffer(8)
  assert(op.read(reader, buffer) == 1)
  local fd = assert(op.openat(C.AT_FDCWD, "/proc/self/stat", C.O_RDONLY, 0))
  core.close(fd)
  assert(uring.blocking(op.nop))
  assert(op.nop())
end

function verify()
  after()
  require("uring.blocking").rest()
  core.close(reader)
  core.close(writer)
end
