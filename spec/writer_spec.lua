--- write of a connection, in C as it mostly goes: what it leaves to others.
local byhand = require "spec.support.byhand"
local core = require "uring.core"
local leaks = require "spec.support.leaks"

leaks.watch()

local resume, taken = byhand.resume, byhand.taken

describe("write", function()
  local ring, bound, near, far, quick, write

  -- What it does in a coroutine, to the end of its send.
  local function written(...)
    local thread = core.thread(write, ...)
    local waits, ok, count, _ = resume(thread)
    if waits then
      assert.equal(1, (bound.step(true, 10000000000)))
      local left
      left, _, ok, count = bound.go(1)
      assert.equal(0, left)
    end
    return table.pack(taken(thread, ok, count))
  end

  local function stream()
    return { fd = near, is_writing = false, is_broken = false,
      is_closed = false }
  end

  before_each(function()
    ring, bound, near, far = byhand.bound()
    quick = { bound.transmit }
    write = core.writer(quick,
      function(self, ...)
        self.went_on = table.pack(...)
        return "went", "on"
      end,
      function(_, ...)
        return "slowly", ...
      end)
  end)

  after_each(function() byhand.close(ring, near, far) end)

  it("sends a string or a Buffer, and returns the stream", function()
    local self = stream()
    assert.same({ true, self, n = 2 }, written(self, "hello"))
    assert.same({ true, self, n = 2 }, written(self, core.buffer(3)))
    assert.is_false(self.is_writing)
    assert.is_nil(self.went_on)
    local buffer = core.buffer(9)
    local reader = core.thread(bound.wait.recv, far, buffer)
    assert.is_true(resume(reader))
    bound.step(true, 10000000000)
    local _, _, received = bound.take(1)
    assert.equal("hello\0\0\0", buffer:sub(1, received))
  end)

  it("says that it writes for as long as it does", function()
    local self = stream()
    local thread = core.thread(write, self, "hello")
    assert.is_true(resume(thread))
    assert.is_true(self.is_writing)
    assert.same({ true, "slowly", "more", n = 3 }, written(self, "more"))
  end)

  it("goes on elsewhere where it failed, or others wait", function()
    local self = stream()
    self.fd = 999999
    assert.same({ true, "went", "on", n = 3 }, written(self, "hello"))
    local EBADF = require("uring.errno").EBADF
    assert.same({ "hello", nil, EBADF, n = 3 }, self.went_on)
    assert.is_false(self.is_writing)
    self = stream()
    self.writers = {}
    assert.same({ true, "went", "on", n = 3 }, written(self, "hello"))
    assert.same({ "hello", true, 0, n = 3 }, self.went_on)
  end)

  it("leaves alone what is not as usual", function()
    for _, field in ipairs { "is_writing", "is_broken", "is_closed",
      "write_timeout" } do
      local self = stream()
      self[field] = 1
      assert.same({ true, "slowly", "a", n = 3 }, written(self, "a"))
      assert.equal(1, self[field])
    end
    for _, data in ipairs { 5, true, {}, "", core.slice "abc" } do
      assert.same({ true, "slowly", data, n = 3 }, written(stream(), data))
    end
    assert.same({ true, "slowly", "a", nil, n = 4 },
      written(stream(), "a", nil))
    assert.same({ true, "slowly", n = 2 }, written(stream()))
    assert.same({ true, "slowly", "a", n = 3 }, written(nil, "a"))
    for _, other in ipairs { false, 5, print } do
      quick[1] = other
      assert.same({ true, "slowly", "a", n = 3 }, written(stream(), "a"))
    end
    quick[1] = nil
    assert.same({ true, "slowly", "a", n = 3 }, written(stream(), "a"))
    assert.equal(0, ring:in_flight())
  end)

  it("leaves alone what nobody could wait for, and a closed ring", function()
    local self = stream()
    assert.same({ "slowly", "a" }, { write(self, "a") })
    assert.is_false(self.is_writing)
    ring:close()
    assert.same({ true, "slowly", "a", n = 3 }, written(self, "a"))
  end)
end)
