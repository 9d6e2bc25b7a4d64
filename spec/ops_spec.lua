--- Proves of every row of the opcode table: the kernel knows it, it is
-- described, both layers offer it, and each of its arguments is refused by
-- name, without harm to the ring or the loop.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local samples = require "spec.support.samples"
local uring = require "uring"
local within = require "spec.support.within"

local HERE = debug.getinfo(1, "S").short_src

local NAMES = {}
for _, row in ipairs(core.ops) do NAMES[row.name] = row end

-- The arguments of a row up to one of them, which has a given value.
local function arguments(row, at, value, things)
  local list = { n = at }
  for i = 1, at - 1 do list[i] = samples.right(row.args[i], things) end
  list[at] = value
  return table.unpack(list, 1, at)
end

local function message(line, row, arg, why)
  return ("%s:%d: %s: bad argument '%s' (%s)")
    :format(HERE, line, row.name, arg.name, why)
end

-- What calling raises, and the line that the call says it is on.
local function refusal(call, ...)
  local line
  local ok, raised = pcall(call, function()
    line = debug.getinfo(2, "l").currentline + 1
  end, ...)
  assert.is_false(ok)
  return raised, line
end

local function prepare(sqe, row, ...)
  local prep = sqe["prep_" .. row.name]
  return refusal(function(next_line, ...)
    next_line()
    prep(sqe, ...)
  end, ...)
end

-- A multishot row is refused when its loop begins, at the latest.
local function await(row, ...)
  local op = uring.op[row.name]
  if not row.multishot then
    return refusal(function(next_line, ...)
      next_line()
      op(...)
    end, ...)
  end
  return refusal(function(next_line, ...)
    next_line()
    for _ in op(...) do error("not refused") end
  end, ...)
end

-- The ring still completes a nop, and then nothing is in flight.
local function assert_works(ring)
  for _ in ring:cqes() do end
  assert.equal(0, ring:in_flight())
  ring:get_sqe():set_data("still here")
  assert.equal(1, ring:submit_and_wait(1))
  local res, flags, data = ring:cqes()(ring)
  assert.same({ 0, 0, "still here" }, { res, flags, data })
  assert.equal(0, ring:in_flight())
end

local function refuses_by_prep(row, at)
  local arg = row.args[at]
  local ring <close> = assert(core.ring(4))
  local things = samples.things(ring)
  for _, wrong in ipairs(samples.wrong(arg, things)) do
    local sqe = ring:get_sqe()
    local raised, line = prepare(sqe, row,
      arguments(row, at, wrong.value, things))
    assert.equal(message(line, row, arg, wrong.why), raised)
    assert.equal("uring.SQE (nop)", tostring(sqe))
    assert.equal(1, ring:in_flight())
    ring:submit_and_wait(1)
    assert_works(ring)
  end
end

local function refuses_by_op(row, at)
  local arg = row.args[at]
  local ring = loop.current("this spec").ring
  local things, others = samples.things(ring), ring:in_flight()
  for _, wrong in ipairs(samples.wrong(arg, things)) do
    local raised, line = await(row, arguments(row, at, wrong.value, things))
    assert.equal(message(line, row, arg, wrong.why), raised)
    assert.equal(others, ring:in_flight())
    assert.is_true(uring.op.nop())
  end
end

describe("the table", function()
  leaks.watch()

  it("is not empty, and names each row once", function()
    local count = 0
    for _ in pairs(NAMES) do count = count + 1 end
    assert.equal(#core.ops, count)
    assert.is_true(count >= 20)
  end)

  it("is all that SQEs prepare and all that uring.op awaits", function()
    local ring <close> = assert(core.ring(1))
    local sqe = ring:get_sqe()
    for name in pairs(getmetatable(sqe).__index) do
      local row = name:match("^prep_(.*)")
      assert.is_true(row == nil or NAMES[row] ~= nil, name)
    end
    for name in pairs(uring.op) do assert.is_table(NAMES[name], name) end
  end)
end)

for _, row in ipairs(core.ops) do
  describe("row " .. row.name, function()
    leaks.watch()

    it("is known to this kernel", function()
      local ring <close> = assert(core.ring(1))
      local known = assert(ring:probe())
      if not known[row.name] then pending("needs Linux " .. row.since) end
      assert.is_true(known[row.name])
    end)

    it("is described in one sentence", function()
      assert.matches("^%u[^\n]*[^%s.]%.$", row.summary)
      assert.is_nil(row.summary:find(". ", 1, true))
      assert.matches("^%d+%.%d+$", row.since)
      assert.matches("^io_uring_prep_[%l%d_]+$", row.helper)
    end)

    it("is offered by both layers", function()
      local ring <close> = assert(core.ring(1))
      assert.is_function(ring:get_sqe()["prep_" .. row.name])
      assert.is_function(uring.op[row.name])
    end)

    if row.multishot then
      it("needs uring.run to be awaited", function()
        local raised, line = await(row)
        assert.equal(("%s:%d: uring.op.%s needs uring.run")
          :format(HERE, line, row.name), raised)
      end)
    end

    for at, arg in ipairs(row.args) do
      it("refuses a wrong " .. arg.name .. " when prepared", function()
        refuses_by_prep(row, at)
      end)

      it("refuses a wrong " .. arg.name .. " when awaited", function()
        within.run(refuses_by_op, row, at)
      end)
    end
  end)
end
