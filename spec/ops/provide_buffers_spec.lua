--- Proves the row provide_buffers: parts of a Buffer for the kernel to pick
-- from.
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local GROUP, FIRST = 7, 100 -- bgid, and bid of the first part
local NAME = "provide_buffers"

rows.describe(NAME, function()
  -- Reads into whichever buffer of the group the kernel picks.
  local function read(ring, fd, size)
    raw.prepare(ring, "read", fd, uring.buffer(size)):set_buf_group(GROUP)
    ring:submit()
    local res, flags = raw.take(ring)
    if flags & C.IORING_CQE_F_BUFFER == 0 then return res end
    return res, flags >> C.IORING_CQE_BUFFER_SHIFT
  end

  it("gives the kernel parts that it fills, each once", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local buffer, texts = uring.buffer(35), {}
    assert.same({ 0, 0 },
      { rows.call(ring, NAME, buffer, 10, GROUP, FIRST) })
    for i = 1, 3 do
      rows.raw("write", w, "text " .. i)
      local res, bid = read(ring, r, 10)
      assert.equal(6, res)
      local from = (bid - FIRST) * 10 + 1
      texts[i] = buffer:sub(from, from + 6)
    end
    assert.same({ "text 1\0", "text 2\0", "text 3\0" }, texts)
    assert.equal(("\0"):rep(5), buffer:sub(31))
    rows.raw("write", w, "more")
    assert.same({ -errno.ENOBUFS }, { read(ring, r, 10) })
  end)

  it("gives one back that was picked", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local buffer = uring.buffer(8)
    for _, text in ipairs { "first", "second" } do
      assert.equal(0, (rows.call(ring, NAME, buffer, 8, GROUP, FIRST)))
      rows.raw("write", w, text)
      assert.same({ #text, FIRST }, { read(ring, r, 8) })
      assert.equal(text, buffer:sub(1, #text))
    end
  end)

  it("fills no more of a part than the op asks for", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local buffer = uring.buffer(8)
    rows.call(ring, NAME, buffer, 8, GROUP, FIRST)
    rows.raw("write", w, "12345678")
    assert.same({ 3, FIRST }, { read(ring, r, 3) })
    assert.equal("123\0", buffer:sub(1, 4))
  end)

  it("takes a slice, and leaves what is around it alone", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local whole = uring.buffer(12):set(1, ("."):rep(12))
    rows.call(ring, NAME, whole:slice(5, 8), 4, GROUP, FIRST)
    rows.raw("write", w, "12345678")
    assert.same({ 4, FIRST }, { read(ring, r, 4) })
    assert.equal("....1234....", whole:tostring())
  end)

  it("keeps the memory for as long as the ring", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.call(ring, NAME, uring.buffer(100000), 1000, GROUP, 0)
    raw.collect()
    for _ = 1, 100 do
      rows.raw("write", w, ("x"):rep(1000))
      assert.equal(1000, (read(ring, r, 1000)))
    end
  end)

  it("gives true when awaited", function()
    within.run(function()
      local buffer = uring.buffer(30)
      assert.same({ true, 0 },
        { u.op.provide_buffers(buffer, 10, GROUP, FIRST) })
      assert.equal(3, (u.op.remove_buffers(100, GROUP)))
    end)
  end)

  it("fails where not even one part fits", function()
    local buffer = uring.buffer(8)
    for _, size in ipairs { 9, 0, -1 } do
      rows.assert_fails(NAME, "E2BIG", "Argument list too long", buffer, size,
        GROUP, FIRST)
    end
  end)

  it("fails for the group of a buffer ring", function()
    local ring <close> = rows.ring()
    if not ring:buf_ring { bgid = GROUP, entries = 1, size = 8 } then
      return pending("buffer rings need Linux 5.19")
    end
    assert.equal(-errno.EINVAL,
      (rows.call(ring, NAME, uring.buffer(8), 8, GROUP, FIRST)))
  end)
end)
