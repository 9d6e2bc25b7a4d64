--- Registered buffers: the kernel has them from one call to the other, by
-- index, whatever else becomes of them; and their memory is let go then.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local errno = uring.errno
local MIB = 1 << 20
local BIG = 96 * MIB -- more than malloc keeps for later
local NONE = "no buffer is registered at this index"
local OTHER = "it is not the buffer registered at this index"

local assert_fails, refuse = calls.assert_fails, calls.refuse
local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

-- What this process occupies, in bytes.
local function resident()
  raw.collect()
  local status <close> = assert(io.open("/proc/self/status"))
  return 1024 * status:read("a"):match("VmRSS:%s*(%d+) kB")
end

-- Asserts that a function makes it so much more, or less: to a quarter of one
-- BIG, since an allocator gives back at any time what it had kept.
local function assert_grows(bytes, body)
  local before = resident()
  body()
  local grown = resident() - before
  assert.is_true(math.abs(grown - bytes) < BIG // 4, ("%d bytes"):format(grown))
end

-- A ring, and a pipe whose bytes come into one of its buffers.
local function reader(own)
  local from, to = own(uring.pipe())
  return rows.ring(), function(ring, text, buffer, index)
    assert.equal(#text, (rows.raw("write", to, text)))
    local res = rows.call(ring, "read_fixed", from, buffer, nil, index)
    return res, res > 0 and buffer:sub(1, res) or nil
  end
end

-- Asserts that there is no such buffer to read into.
local function refuse_read(ring, why, buffer, index)
  local sqe = ring:get_sqe()
  assert.error_matches(function()
    sqe:prep_read_fixed(0, buffer, nil, index)
  end, "read_fixed: bad argument 'buf_index' (" .. why .. ")", 1, true)
  assert.equal(0, rows.reap(ring, 1)[1].res)
end

-- Asserts that these tags come, in any order, and nothing else.
local function assert_tags(ring, ...)
  local expected, tags = { ... }, {}
  for i, cqe in ipairs(rows.reap(ring, #expected)) do
    assert.same({ 0, 0 }, { cqe.res, cqe.flags })
    tags[i] = cqe.data
  end
  table.sort(tags)
  assert.same(expected, tags)
  assert.equal(0, ring:submit_and_wait(0))
  assert.equal(0, ring:cq_ready())
end

describe("register_buffers", function()
  it("gives each buffer its index, and leaves places empty", function()
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local first, last = uring.buffer(8), uring.buffer(8)
    assert.is_true(ring:register_buffers { first, false, last:slice(3) })
    assert.same({ 3, "one" }, { read(ring, "one", first, 0) })
    assert.same({ 3, "two" }, { read(ring, "two", last:slice(3, 5), 2) })
    assert.equal("\0\0two\0\0\0", last:tostring())
    refuse_read(ring, OTHER, first, 1)
    refuse_read(ring, NONE, first, 3)
    assert.equal(-errno.EFAULT, (read(ring, "?", last:slice(1, 2), 2)))
  end)

  it("keeps the memory for as long as it is registered", function()
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local seen = setmetatable({}, { __mode = "k" })
    assert_grows(BIG, function()
      local buffer = uring.buffer(BIG)
      seen[buffer] = true
      assert.is_true(ring:register_buffers { buffer, uring.buffer(5) })
    end)
    assert.is_nil(next(seen)) -- the ring keeps the bytes, not the Buffer
    assert_grows(-BIG, function()
      assert.is_true(ring:unregister_buffers())
    end)
    local again = uring.buffer(5)
    assert.is_true(ring:register_buffers { again })
    raw.collect()
    assert.same({ 5, "again" }, { read(ring, "again", again, 0) })
  end)

  it("keeps it until the ring closes, where nobody asks before", function()
    assert_grows(0, function()
      local ring <close> = rows.ring()
      assert_grows(BIG, function()
        ring:register_buffers { uring.buffer(BIG) }
      end)
    end)
  end)

  it("tells by a tag that a buffer has gone", function()
    needs "6.13" -- before, only an update does
    local ring <close> = rows.ring()
    local list = { uring.buffer(1), uring.buffer(1), false, uring.buffer(1) }
    assert.is_true(ring:register_buffers(list, { 5, 0, 0, -7 }))
    assert_tags(ring)
    assert.is_true(ring:unregister_buffers())
    assert_tags(ring, -7, 5)
    assert.equal(0, ring:in_flight())
  end)

  it("tells it only when no op uses the buffer", function()
    needs "6.13" -- before, the call waits for the op
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    local buffer = uring.buffer(5)
    assert.is_true(ring:register_buffers({ buffer }, { 99 }))
    rows.start(ring, "read_fixed", from, buffer, nil, 0)
    assert.is_true(ring:unregister_buffers())
    assert_tags(ring)
    rows.raw("write", to, "bytes")
    local cqes = rows.reap(ring, 2)
    assert.same({ res = 5, flags = 0, data = "read_fixed" }, cqes[1])
    assert.same({ res = 0, flags = 0, data = 99 }, cqes[2])
    assert.equal("bytes", buffer:tostring())
  end)

  it("is refused where there are some", function()
    local ring <close> = rows.ring()
    local buffer = uring.buffer(1)
    assert.is_true(ring:register_buffers { buffer })
    assert_fails(ring, "EBUSY", "Device or resource busy", "register_buffers",
      { uring.buffer(1) })
    assert_fails(ring, "EBUSY", "Device or resource busy",
      "register_buffers_sparse", 1)
    assert.is_true(ring:unregister_buffers())
    assert.is_true(ring:register_buffers { buffer })
  end)

  it("is refused for what the kernel cannot have, and keeps nothing",
    function()
      local ring <close> = rows.ring()
      local empty = uring.buffer(1):slice(1, 0)
      assert_fails(ring, "EFAULT", "Bad address", "register_buffers",
        { uring.buffer(1), empty })
      assert_fails(ring, "EINVAL", "Invalid argument", "register_buffers",
        { false }, { 5 })
      assert_fails(ring, "ENXIO", "No such device or address",
        "unregister_buffers")
      assert_grows(0, function()
        ring:register_buffers { uring.buffer(BIG), empty }
      end)
      assert.is_true(ring:register_buffers { uring.buffer(1) })
    end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local buffer, closed, many = uring.buffer(1), uring.buffer(1), {}
    closed:close()
    for i = 1, 16385 do many[i] = false end
    local unusable = "the buffer is closed, or a slice of a string"
    local call = "register_buffers"
    refuse(ring, call, 1, "table expected, got nil")
    refuse(ring, call, 1, "1 to 32768 items expected", {})
    refuse(ring, call, 1, "1 to 16384 items expected", many)
    refuse(ring, call, 1, "item 2: uring.Buffer expected, got string",
      { buffer, "x" })
    refuse(ring, call, 1, "item 1: uring.Buffer expected, got boolean",
      { true })
    refuse(ring, call, 1, "item 1: " .. unusable, { closed })
    refuse(ring, call, 1, "item 2: " .. unusable,
      { buffer, uring.slice("text") })
    refuse(ring, call, 2, "table expected, got number", { buffer }, 5)
    refuse(ring, call, 2, "as many tags as items expected", { buffer }, {})
    refuse(ring, call, 2, "a tag is an integer", { buffer }, { 1.5 })
    refuse(ring, call, 2, "a tag is out of range", { buffer }, { 1 << 62 })
    many[16385] = nil
    assert.is_true(ring:register_buffers(many))
  end)
end)

describe("register_buffers_sparse", function()
  it("makes empty places, which are filled and emptied", function()
    needs "5.19"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local buffer = uring.buffer(8)
    assert.is_true(ring:register_buffers_sparse(16384))
    assert.equal(1, ring:register_buffers_update(16383, { buffer }))
    assert.same({ 4, "text" }, { read(ring, "text", buffer, 16383) })
    assert.equal(1, ring:register_buffers_update(16383, { false }))
    refuse_read(ring, OTHER, buffer, 16383)
    assert.is_true(ring:unregister_buffers())
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    for _, count in ipairs { 0, -1, 16385 } do
      refuse(ring, "register_buffers_sparse", 1, "out of range", count)
    end
    refuse(ring, "register_buffers_sparse", 1,
      "number expected, got string", "many")
  end)
end)

describe("register_buffers_update", function()
  local CALL = "register_buffers_update"

  it("replaces buffers, and lets the old ones go", function()
    needs "5.13"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local new = uring.buffer(4)
    assert_grows(0, function()
      assert.is_true(ring:register_buffers { uring.buffer(BIG), false })
      assert.equal(2, ring:register_buffers_update(0, { false, new }))
    end)
    assert.same({ 3, "new" }, { read(ring, "new", new, 1) })
    assert_grows(BIG, function()
      ring:register_buffers_update(0, { uring.buffer(BIG) })
    end)
    assert_grows(-BIG, function()
      ring:register_buffers_update(0, { new })
    end)
    assert.same({ 4, "both" }, { read(ring, "both", new, 0) })
  end)

  it("tells by a tag what it has replaced", function()
    needs "5.13"
    local ring <close> = rows.ring()
    local function some() return { uring.buffer(1), uring.buffer(1) } end
    assert.is_true(ring:register_buffers(some(), { 1, 2 }))
    assert.equal(2, ring:register_buffers_update(0, some(), { 3, 4 }))
    assert_tags(ring, 1, 2)
    assert.equal(2, ring:register_buffers_update(0, { false, false }))
    assert_tags(ring, 3, 4)
  end)

  it("is refused beyond the places that there are", function()
    needs "5.13"
    local ring <close> = rows.ring()
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 0, { false })
    assert.is_true(ring:register_buffers { false, false })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 1,
      { false, uring.buffer(1) })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 2, { false })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, (1 << 31) - 1,
      { false })
    assert.equal(2, ring:register_buffers_update(0, { false, false }))
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    refuse(ring, CALL, 1, "number expected, got nil")
    refuse(ring, CALL, 1, "out of range", -1, { false })
    refuse(ring, CALL, 1, "out of range", 1 << 31, { false })
    refuse(ring, CALL, 2, "table expected, got nil", 0)
    refuse(ring, CALL, 2, "item 1: uring.Buffer expected, got number", 0, { 1 })
    refuse(ring, CALL, 3, "as many tags as items expected", 0, { false },
      { 1, 2 })
  end)
end)

describe("unregister_buffers", function()
  it("leaves an op in flight its buffer", function()
    needs "6.13" -- before, the call waits for the op
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    local buffer = uring.buffer(4)
    assert.is_true(ring:register_buffers { buffer })
    rows.start(ring, "read_fixed", from, buffer, nil, 0)
    assert.is_true(ring:unregister_buffers())
    local slice = buffer:slice(2, 4)
    buffer:close()
    raw.collect()
    rows.raw("write", to, "text")
    assert.equal(4, rows.reap(ring, 1)[1].res)
    assert.equal("ext", slice:tostring())
  end)

  it("is refused where there is none", function()
    local ring <close> = rows.ring()
    assert_fails(ring, "ENXIO", "No such device or address",
      "unregister_buffers")
  end)
end)

describe("clone_buffers", function()
  local CALL = "clone_buffers"

  it("has the buffers of another ring, also when that has closed", function()
    needs "6.12"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local small = uring.buffer(5)
    assert_grows(BIG, function()
      local source <close> = rows.ring()
      source:register_buffers { uring.buffer(BIG), false, small }
      assert.is_true(ring:clone_buffers(source))
      assert.same({ 4, "both" }, { read(source, "both", small, 2) })
    end)
    assert.same({ 5, "clone" }, { read(ring, "clone", small, 2) })
    refuse_read(ring, OTHER, small, 1)
    assert_grows(-BIG, function()
      assert.is_true(ring:unregister_buffers())
    end)
  end)

  it("finds a ring that has no descriptor", function()
    needs "6.12"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local source <close> = assert(uring.ring(4, {
      flags = { "no_mmap", "registered_fd_only" } }))
    local buffer = uring.buffer(5)
    source:register_buffers { buffer }
    assert.is_true(ring:clone_buffers(source))
    assert.same({ 5, "index" }, { read(ring, "index", buffer, 0) })
    assert.is_true(ring:unregister_buffers())
  end)

  it("takes a part, to another index, in the place of some", function()
    needs "6.13"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local source <close>, list = rows.ring(), {}
    local _guard <close> = ring
    for i = 1, 4 do list[i] = uring.buffer(8) end
    source:register_buffers(list)
    assert.is_true(ring:clone_buffers(source,
      { src_off = 2, dst_off = 3, nr = 2 }))
    assert.same({ 5, "third" }, { read(ring, "third", list[3], 3) })
    assert.same({ 6, "fourth" }, { read(ring, "fourth", list[4], 4) })
    assert_fails(ring, "EBUSY", "Device or resource busy", CALL, source)
    assert.is_true(ring:clone_buffers(source,
      { nr = 1, dst_off = 3, replace = true }))
    assert.same({ 5, "first" }, { read(ring, "first", list[1], 3) })
    assert.same({ 6, "fourth" }, { read(ring, "fourth", list[4], 4) })
    refuse_read(ring, OTHER, list[3], 3)
  end)

  it("takes all from an index on, where it is not told how many", function()
    needs "6.13"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local source <close>, list = rows.ring(), {}
    local _guard <close> = ring
    for i = 1, 3 do list[i] = uring.buffer(8) end
    source:register_buffers(list)
    assert.is_true(ring:clone_buffers(source, { src_off = 1, dst_off = 2 }))
    assert.same({ 6, "second" }, { read(ring, "second", list[2], 2) })
    assert.same({ 5, "third" }, { read(ring, "third", list[3], 3) })
    refuse_read(ring, NONE, list[1], 4)
  end)

  it("moves those of a ring to other indices of its own", function()
    needs "6.13"
    local own <close> = rows.owner()
    local ring, read = reader(own)
    local _guard <close> = ring
    local list = {}
    for i = 1, 3 do list[i] = uring.buffer(8) end
    ring:register_buffers(list)
    assert.is_true(ring:clone_buffers(ring,
      { nr = 3, dst_off = 1, replace = true }))
    for i, index in ipairs { 0, 0, 1, 2 } do
      local text = "buffer " .. i
      assert.same({ #text, text },
        { read(ring, text, list[index + 1], i - 1) })
    end
  end)

  it("is refused where there is nothing to clone, or no room", function()
    needs "6.12"
    local ring <close>, source = rows.ring(), rows.ring()
    local _guard <close> = source
    assert_fails(ring, "ENXIO", "No such device or address", CALL, source)
    source:register_buffers { uring.buffer(1) }
    ring:register_buffers { uring.buffer(1) }
    assert_fails(ring, "EBUSY", "Device or resource busy", CALL, source)
    ring:unregister_buffers()
    assert_fails(ring, "EOVERFLOW", "Value too large for defined data type",
      CALL, source, { src_off = 1 })
    assert_fails(ring, "EOVERFLOW", "Value too large for defined data type",
      CALL, source, { nr = 2 })
    assert.is_true(ring:clone_buffers(source))
  end)

  it("names what is wrong", function()
    local ring <close>, closed = rows.ring(), rows.ring()
    closed:close()
    refuse(ring, CALL, 1, "uring.Ring expected, got no value")
    local ok, message = pcall(ring.clone_buffers, ring, closed)
    assert.same({ false, "attempt to use a closed ring" }, { ok, message })
    refuse(ring, CALL, 2, "table expected, got number", ring, 1)
    for field, value in pairs {
      src_off = -1, dst_off = 1.5, nr = 0, replace = "yes", offset = 1,
    } do
      assert.error_matches(function()
        ring:clone_buffers(ring, { [field] = value })
      end, "clone_buffers: .*'" .. field .. "'")
    end
  end)
end)
