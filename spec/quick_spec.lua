--- Receiving and sending in C as they mostly go: what they leave to others.
local byhand = require "spec.support.byhand"
local core = require "uring.core"
local leaks = require "spec.support.leaks"

leaks.watch()

local EBADF = require("uring.errno").EBADF
local resume, taken = byhand.resume, byhand.taken

-- Calls a function in a coroutine: what that yields or returns.
local function called(...)
  local thread = coroutine.create(function(f, ...) return f(...) end)
  local waits, ok, count = resume(thread, ...)
  if waits then return "waits", thread end
  return table.pack(taken(thread, ok, count))
end

-- The results of those who wait, in order of their completion.
local function finish(bound, count)
  local results = {}
  while #results < count do
    local ready = bound.step(true, 10000000000)
    assert(ready > 0, "nothing has completed")
    local left, thread, ok, values = bound.go(ready)
    while left do
      results[#results + 1] = table.pack(taken(thread, ok, values))
      left, thread, ok, values = bound.go(left)
    end
  end
  return results
end

local NOTHING = { true, n = 1 } -- no error and no result

describe("a quick op", function()
  local ring, bound, near, far, strings

  before_each(function()
    ring, bound, near, far = byhand.bound()
    strings = assert(ring:buf_ring { bgid = 1, entries = 2, size = 16 })
  end)

  after_each(function() byhand.close(ring, near, far) end)

  it("sends a string or a Buffer, and receives a string", function()
    assert.equal("waits", (called(bound.transmit, near, false, "hello")))
    assert.same({ { true, true, n = 2 } }, finish(bound, 1))
    assert.equal("waits", (called(bound.receive, far, 1)))
    local result = finish(bound, 1)[1]
    assert.same({ true, "hello" }, { result[1], result[2] })
    assert.equal("waits", (called(bound.transmit, near, false, core.buffer(5))))
    assert.equal("waits", (called(bound.receive, far, 1)))
    assert.equal(2, #finish(bound, 2))
  end)

  it("tells an alarm who waits", function()
    local alarm = { thread = false }
    local _, thread = called(bound.receive, far, 1, alarm)
    assert.equal(thread, alarm.thread)
    _, thread = called(bound.transmit, near, alarm, "hello")
    assert.equal(thread, alarm.thread)
    assert.equal(2, #finish(bound, 2))
  end)

  it("says with which errno it failed", function()
    assert.equal("waits", (called(bound.receive, 999999, 1)))
    local result = finish(bound, 1)[1]
    assert.same({ true, nil, EBADF, n = 3 }, result)
  end)

  it("starts nothing for what is not as usual", function()
    local closed = core.buffer(4)
    closed:close()
    for _, data in ipairs { 5, true, {}, "", closed, core.slice "abc" } do
      assert.same(NOTHING, called(bound.transmit, near, false, data))
    end
    assert.same(NOTHING, called(bound.transmit, near, false))
    assert.same(NOTHING, called(bound.transmit, near, false, nil))
    assert.same(NOTHING, called(bound.transmit, near, false, "a", "b"))
    assert.same(NOTHING, called(bound.transmit, "x", false, "a"))
    assert.same(NOTHING, called(bound.transmit, -1, false, "a"))
    assert.same(NOTHING, called(bound.transmit, 1 << 31, false, "a"))
    assert.same(NOTHING, called(bound.receive, near))
    assert.same(NOTHING, called(bound.receive, near, "abc"))
    assert.equal(0, ring:in_flight())
  end)

  it("starts nothing where nobody could wait", function()
    assert.equal(0, select("#", bound.transmit(near, false, "a")))
    assert.equal(0, select("#", bound.receive(near, 1)))
    assert.equal(0, ring:in_flight())
  end)

  it("starts nothing where there are no buffers to receive into", function()
    assert.same(NOTHING, called(bound.receive, near, 2))
    assert(ring:buf_ring { bgid = 2, entries = 2, size = 16, source = true })
    assert.same(NOTHING, called(bound.receive, near, 2))
    strings:close()
    assert.same(NOTHING, called(bound.receive, near, 1))
    assert.equal(0, ring:in_flight())
  end)

  it("starts nothing on a ring that is closed", function()
    ring:close()
    assert.same(NOTHING, called(bound.transmit, near, false, "a"))
    assert.same(NOTHING, called(bound.receive, near, 1))
  end)

  it("starts nothing where there is no room, which another makes", function()
    local count = 0
    while called(bound.receive, near, 1) == "waits" do
      count = count + 1
    end
    assert.equal(256, count)
    assert.equal(count, ring:in_flight())
    assert.equal("waits", (called(bound.wait.recv, near, strings)))
    assert.equal("waits", (called(bound.receive, near, 1)))
  end)

  it("keeps what it sends alive, and lets go of it then", function()
    local kept = setmetatable({}, { __mode = "v" })
    do
      local buffer = core.buffer(9)
      kept[1] = buffer
      assert.equal("waits", (called(bound.transmit, near, false, buffer)))
      assert.equal("waits",
        (called(bound.transmit, near, false, ("y"):rep(99))))
    end
    collectgarbage()
    assert.same({ { true, true, n = 2 }, { true, true, n = 2 } },
      finish(bound, 2))
    collectgarbage()
    assert.is_nil(kept[1])
  end)
end)
