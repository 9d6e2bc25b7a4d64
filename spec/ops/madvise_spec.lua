--- Proves the row madvise: the pages of a Buffer, and of nothing else.
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

local PAGE = 4096 -- or more, but then a multiple
local ALIGNED = 1 << 16 -- the largest page of any machine

rows.describe("madvise", function()
  local function pages(count)
    return uring.buffer(count * ALIGNED, ALIGNED)
  end

  it("drops what is not needed: zeros are read there", function()
    local buffer = pages(2):set(1, "first"):set(ALIGNED + 1, "second")
    assert.same({ 0, 0 },
      { rows.raw("madvise", buffer, C.MADV_DONTNEED) })
    assert.equal(("\0"):rep(2 * ALIGNED), buffer:tostring())
    buffer:set(1, "still there")
    assert.equal("still there", buffer:sub(1, 11))
  end)

  it("drops the pages of a slice, as whole ones", function()
    local buffer = pages(3)
    for page = 0, 2 do buffer:set(page * ALIGNED + 1, "ab") end
    assert.equal(0, (rows.raw("madvise",
      buffer:slice(ALIGNED + 1, ALIGNED + 1), C.MADV_DONTNEED)))
    local left = {}
    for page = 0, 2 do
      left[page + 1] = buffer:sub(page * ALIGNED + 1, page * ALIGNED + 2)
    end
    assert.same({ "ab", "\0\0", "ab" }, left)
  end)

  it("leaves alone what lies behind a Buffer that ends in a page", function()
    local buffers, others = {}, {}
    for i = 1, 20 do
      buffers[i] = uring.buffer(PAGE + i, PAGE):set(PAGE, "x")
      for size = 50, 1000, 50 do
        others[#others + 1] = uring.buffer(size):set(1, "kept")
      end
    end
    for _, buffer in ipairs(buffers) do
      local res = rows.raw("madvise", buffer, C.MADV_DONTNEED)
      assert.equal(0, res)
    end
    for _, other in ipairs(others) do
      assert.equal("kept", other:sub(1, 4))
    end
  end)

  it("gives true when awaited, for each advice", function()
    local buffer = pages(1):set(1, "kept")
    for _, name in ipairs { "NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED" } do
      assert.same({ true, 0 },
        { rows.await("madvise", buffer, C["MADV_" .. name]) })
    end
    assert.equal("kept", buffer:sub(1, 4))
  end)

  it("refuses a Buffer that does not have its pages for itself", function()
    local ring <close> = rows.ring()
    local message = "madvise: bad argument 'buf' (the buffer is not aligned "
      .. "to pages)"
    assert.has_error(function()
      raw.prepare(ring, "nop"):prep_madvise(uring.buffer(PAGE), 0)
    end, message)
    within.run(function()
      assert.has_error(function()
        local _ = u.op.madvise(uring.buffer(PAGE, 512), 0)
      end, message)
    end)
  end)

  it("fails for a slice within a page", function()
    local buffer = pages(1):set(1, "kept")
    rows.assert_fails("madvise", "EINVAL", "Invalid argument",
      buffer:slice(2), C.MADV_DONTNEED)
    assert.equal("kept", buffer:sub(1, 4))
  end)

  it("cannot make a Buffer that nobody may read", function()
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring.ring"
      local ring, buffer = uring.ring(1), uring.buffer(1 << 16, 1 << 16)
      local guard_install <const> = 102
      pcall(function()
        ring:get_sqe():prep_madvise(buffer, guard_install)
        ring:submit_and_wait(1)
      end)
      print(buffer:byte(1))
    ]] }
    assert.same({ code = 0, out = "0\n", err = "" }, result)
  end)
end)
