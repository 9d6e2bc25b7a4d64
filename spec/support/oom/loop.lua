--- The loop: tasks, ops, sleeps, generators.
local core = require "uring.core"
local uring = require "uring"

local op = uring.op

verify = require "spec.support.oom.after.run"

local function numbers()
  op.nop()
  coroutine.yield(1)
  uring.sleep(0.001)
  coroutine.yield(2)
end

local function sum(generator)
  local total = 0
  for number in coroutine.wrap(generator) do total = total + number end
  return total
end

local function main(name)
  local task = uring.spawn(function(first, second)
    uring.sleep(0.001)
    uring.yield()
    assert(first + second == 3)
    assert(pcall(op.nop))
  end, 1, 2)
  assert(op.nop())
  assert(sum(numbers) == 3)
  local ring = require("uring.buffers").receive(1)
  assert(not op.recv(0x7fffffff, ring or core.buffer(8)))
  assert(pcall(uring.sleep, 0))
  assert(tostring(task))
  return "done", name
end

function attempt()
  local done, name = uring.run({ entries = 8 }, main, "main")
  assert(done == "done" and name == "main")
end
