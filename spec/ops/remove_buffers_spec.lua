--- Proves the row remove_buffers: the kernel gives back what it has not
-- picked.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local errno = uring.errno
local GROUP = 7
local NAME = "remove_buffers"

rows.describe(NAME, function()
  local function provide(ring, count)
    assert.equal(0, (rows.call(ring, "provide_buffers",
      uring.buffer(8 * count), 8, GROUP, 0)))
  end

  local function read(ring, fd)
    raw.prepare(ring, "read", fd, uring.buffer(8)):set_buf_group(GROUP)
    ring:submit()
    return (raw.take(ring))
  end

  it("takes so many back, or as many as there are", function()
    local ring <close> = rows.ring()
    provide(ring, 5)
    assert.same({ 2, 0 }, { rows.call(ring, NAME, 2, GROUP) })
    assert.same({ 3, 0 }, { rows.call(ring, NAME, 100, GROUP) })
  end)

  it("does not count those that were picked", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    provide(ring, 3)
    rows.raw("write", w, "text")
    assert.equal(4, read(ring, r))
    assert.equal(2, (rows.call(ring, NAME, 100, GROUP)))
  end)

  it("leaves the kernel nothing to pick from", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    provide(ring, 2)
    rows.call(ring, NAME, 2, GROUP)
    rows.raw("write", w, "text")
    assert.equal(-errno.ENOBUFS, read(ring, r))
    provide(ring, 1)
    assert.equal(4, read(ring, r))
  end)

  it("gives how many when awaited", function()
    within.run(function()
      assert.is_true(u.op.provide_buffers(uring.buffer(24), 8, GROUP, 0))
      assert.same({ 1, 0 }, { u.op.remove_buffers(1, GROUP) })
      assert.same({ 2, 0 }, { u.op.remove_buffers(9, GROUP) })
    end)
  end)

  it("fails where there is no such group, or none is to go", function()
    rows.assert_fails(NAME, "ENOENT", "No such file or directory", 1, GROUP)
    rows.assert_fails(NAME, "EINVAL", "Invalid argument", 0, GROUP)
  end)

  it("fails for the group of a buffer ring", function()
    local ring <close> = rows.ring()
    if not ring:buf_ring { bgid = GROUP, entries = 1, size = 8 } then
      return pending("buffer rings need Linux 5.19")
    end
    assert.equal(-errno.EINVAL, (rows.call(ring, NAME, 1, GROUP)))
  end)
end)
