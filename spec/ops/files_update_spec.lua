--- Proves the row files_update: descriptors go into slots of the registered
-- files.
local loop = require "uring.loop"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local errno = uring.errno

local ANY = uring.consts.IORING_FILE_INDEX_ALLOC

rows.describe("files_update", function()
  -- A ring with so many empty slots.
  local function ring_of(count)
    local ring, slots = rows.ring(), {}
    for i = 1, count do slots[i] = -1 end
    assert(ring:register_files(slots))
    return ring
  end

  local function on_slot(ring, row, ...)
    raw.prepare(ring, row, ...):set_fixed_file():set_data(row)
    ring:submit()
    return rows.reap(ring, 1)[1].res
  end

  -- Sends a text through a pipe whose ends are in two slots.
  local function goes_through(ring, from, to)
    local buffer = uring.buffer(4)
    assert.equal(4, on_slot(ring, "write", from, "text"))
    assert.equal(4, on_slot(ring, "read", to, buffer))
    return buffer:tostring() == "text"
  end

  local function needs_allocation()
    local ring <close> = rows.ring()
    if ring:probe().socket_direct then return end
    pending("the kernel chooses slots since Linux 5.19")
  end

  -- A Buffer with descriptors, as files_update reads them, and what it has.
  local function packed(...)
    local format = ("i4"):rep(select("#", ...))
    return uring.buffer(format:packsize()):set(1, format:pack(...))
  end

  local function unpacked(buffer)
    local values = { ("i4"):rep(#buffer // 4):unpack(buffer:tostring()) }
    values[#values] = nil
    return values
  end

  it("puts descriptors into slots, from one on", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = ring_of(4)
    assert.same({ 2, 0 }, { rows.call(ring, "files_update", { r, w }, 2) })
    assert.is_true(goes_through(ring, 3, 2))
    assert.equal(-errno.EBADF, on_slot(ring, "write", 1, "text"))
    assert.equal(2, (rows.call(ring, "files_update", packed(r, w), 0)))
    assert.is_true(goes_through(ring, 1, 0))
  end)

  it("keeps the files when their descriptors are closed", function()
    local r, w = uring.pipe()
    local ring <close> = ring_of(2)
    rows.call(ring, "files_update", { r, w }, 0)
    uring.close(r)
    uring.close(w)
    assert.is_true(goes_through(ring, 1, 0))
  end)

  it("empties a slot for -1, and leaves it for -2", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = ring_of(2)
    rows.call(ring, "files_update", { r, w }, 0)
    own:close(w)
    assert.equal(2, (rows.call(ring, "files_update", { -2, -1 }, 0)))
    assert.equal(0, on_slot(ring, "read", 0, uring.buffer(1))) -- its end
    assert.equal(-errno.EBADF, on_slot(ring, "write", 1, "text"))
  end)

  it("lets the kernel choose slots, which the Buffer tells", function()
    needs_allocation()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = ring_of(3)
    rows.call(ring, "files_update", { r }, 1)
    local fds = packed(r, w)
    assert.same({ 2, 0 }, { rows.call(ring, "files_update", fds, ANY) })
    local slots = unpacked(fds)
    assert.is_true(goes_through(ring, slots[2], slots[1]))
    table.sort(slots)
    assert.same({ 0, 2 }, slots)
    rows.call(ring, "close_direct", 1)
    fds = packed(w, r, r)
    assert.equal(1, (rows.call(ring, "files_update", fds, ANY)))
    assert.same({ 1, r, r }, unpacked(fds))
    assert.equal(-errno.ENFILE, (rows.call(ring, "files_update", fds, ANY)))
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    within.run(function()
      local ring = loop.current("this spec").ring
      assert(ring:register_files { -1, -1, -1 })
      assert.same({ 2, 0 }, { u.op.files_update({ r, w }, 1) })
      raw.prepare(ring, "write", 2, "awaited"):set_fixed_file()
      local buffer = uring.buffer(8)
      assert.equal(7, (u.op.read(r, buffer)))
      assert.equal("awaited", buffer:sub(1, 7))
      assert.same({ nil, "files_update: Bad file descriptor", errno.EBADF },
        { u.op.files_update({ rows.NOT_OPEN }, 0) })
    end)
  end)

  it("stops at a descriptor that is not open", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = ring_of(3)
    assert.equal(1, (rows.call(ring, "files_update",
      { w, rows.NOT_OPEN, w }, 0)))
    assert.equal(4, on_slot(ring, "write", 0, "text"))
    assert.equal(-errno.EBADF, on_slot(ring, "write", 2, "text"))
    assert.equal(4, (rows.raw("read", r, uring.buffer(8))))
    assert.equal(-errno.EBADF,
      (rows.call(ring, "files_update", { rows.NOT_OPEN }, 0)))
  end)

  it("fails without a table of files, and beyond its end", function()
    rows.assert_fails("files_update", "ENXIO", "No such device or address",
      { 0 }, 0)
    local ring <close> = ring_of(2)
    for _, each in ipairs { { { -1 }, 2 }, { { -1, -1 }, 1 } } do
      assert.equal(-errno.EINVAL,
        (rows.call(ring, "files_update", each[1], each[2])))
    end
  end)

  it("keeps the descriptors until it has them", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = ring_of(8)
    for slot = 0, 6, 2 do
      raw.prepare(ring, "files_update", { r, w }, slot):set_data(slot)
    end
    raw.collect()
    ring:submit()
    for _, cqe in ipairs(rows.reap(ring, 4)) do assert.equal(2, cqe.res) end
    for slot = 0, 6, 2 do
      assert.is_true(goes_through(ring, slot + 1, slot))
    end
  end)
end)
