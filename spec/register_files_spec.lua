--- Registered files: slots that stand for descriptors, from one register
-- call to the other, also where the descriptors were closed long ago.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

local assert_fails, refuse = calls.assert_fails, calls.refuse
local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

-- Does one op on a slot.
local function on_slot(ring, row, slot, ...)
  raw.prepare(ring, row, slot, ...):set_fixed_file()
  return rows.reap(ring, 1)[1].res
end

-- Whether a slot has a file, which one can write to.
local function has_file(ring, slot)
  local res = on_slot(ring, "write", slot, "x")
  if res ~= 1 then assert.equal(-errno.EBADF, res) end
  return res == 1
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

describe("register_files", function()
  it("keeps files open that nobody else has", function()
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { from, -1, to })
    own:close(from)
    own:close(to)
    raw.collect()
    local buffer = uring.buffer(9)
    assert.equal(5, on_slot(ring, "write", 2, "hello"))
    assert.equal(5, on_slot(ring, "read", 0, buffer))
    assert.equal("hello", buffer:sub(1, 5))
    assert.equal(-errno.EBADF, on_slot(ring, "read", 1, buffer))
    assert.equal(-errno.EBADF, on_slot(ring, "read", 3, buffer))
  end)

  it("lets them go when the ring closes", function()
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { to })
    own:close(to)
    ring:close()
    local reader <close> = rows.ring()
    assert.equal(0, (rows.call(reader, "read", from, uring.buffer(1))))
  end)

  it("tells by a tag that a slot was emptied", function()
    needs "6.13" -- before, only an update does
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files({ from, -1, to, to }, { 5, 0, -7, 0 }))
    assert_tags(ring)
    assert.is_true(ring:unregister_files())
    assert_tags(ring, -7, 5)
    assert.equal(0, ring:in_flight())
  end)

  it("is refused where there are some", function()
    local own <close> = rows.owner()
    local from = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { from })
    assert_fails(ring, "EBUSY", "Device or resource busy", "register_files",
      { from })
    assert_fails(ring, "EBUSY", "Device or resource busy",
      "register_files_sparse", 1)
    assert.is_true(ring:unregister_files())
    assert.is_true(ring:register_files { from })
  end)

  it("is refused for what is not open, and for a ring, and keeps nothing",
    function()
      local own <close> = rows.owner()
      local from, to = own(uring.pipe())
      local ring <close> = rows.ring()
      local function assert_bad(fd)
        assert_fails(ring, "EBADF", "Bad file descriptor", "register_files",
          { to, fd })
      end
      assert_bad(rows.NOT_OPEN)
      assert_bad(ring:fileno())
      assert_bad(-2)
      assert_fails(ring, "EINVAL", "Invalid argument", "register_files",
        { -1 }, { 5 })
      own:close(to)
      assert.equal(0, (rows.call(ring, "read", from, uring.buffer(1))))
      assert.is_true(ring:register_files { from })
    end)

  it("is refused for more slots than one may have descriptors", function()
    local result = process.run { limits = "-n 64", process.LUA, "-e", [[
      local ring = assert(require "uring.ring".ring(1))
      local slots = {}
      for i = 1, 65 do slots[i] = -1 end
      print(ring:register_files(slots))
      print(ring:register_files_sparse(65))
      slots[65] = nil
      print(ring:register_files(slots))
    ]] }
    local reason = "Too many open files\t24\n"
    assert.same({ code = 0, err = "", out = "nil\tregister_files: " .. reason
      .. "nil\tregister_files_sparse: " .. reason .. "true\n" }, result)
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local many, call = {}, "register_files"
    for i = 1, 32769 do many[i] = -1 end
    refuse(ring, call, 1, "table expected, got nil")
    refuse(ring, call, 1, "1 to 32768 items expected", {})
    refuse(ring, call, 1, "1 to 32768 items expected", many)
    for _, item in ipairs { "0", 1.5, -3, 1 << 31, true } do
      refuse(ring, call, 1, "item 2: descriptor expected", { -1, item })
    end
    refuse(ring, call, 2, "table expected, got number", { -1 }, 5)
    refuse(ring, call, 2, "as many tags as items expected", { -1 }, {})
    refuse(ring, call, 2, "a tag is an integer", { -1 }, { "5" })
    refuse(ring, call, 2, "a tag is out of range", { -1 }, { 1 << 62 })
    assert.is_true(ring:register_files { -1 })
  end)
end)

describe("register_files_sparse", function()
  it("makes empty slots", function()
    needs "5.19"
    local own <close> = rows.owner()
    local _, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files_sparse(3))
    for slot = 0, 3 do assert.is_false(has_file(ring, slot)) end
    assert.equal(1, ring:register_files_update(2, { to }))
    assert.is_true(has_file(ring, 2))
  end)

  it("makes many of them, and each can be filled", function()
    needs "5.19"
    local result = process.run { limits = "-n 40000", process.LUA, "-e", [[
      local uring = require "uring.ring"
      local ring = assert(uring.ring(4))
      local _, to = uring.pipe()
      assert(ring:register_files_sparse(40000))
      io.write(ring:register_files_update(39999, { to }), " ")
      ring:get_sqe():set_fixed_file()
      local sqe = ring:get_sqe()
      sqe:prep_write(39999, "text")
      sqe:set_fixed_file()
      ring:submit_and_wait(2)
      ring:cqe_seen(ring:peek_cqe())
      io.write(ring:peek_cqe().res)
    ]] }
    if result.err:find "ulimit" then pending("no more descriptors here") end
    assert.same({ code = 0, err = "", out = "1 4" }, result)
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    for _, count in ipairs { 0, -1, 1048577 } do
      refuse(ring, "register_files_sparse", 1, "out of range", count)
    end
    refuse(ring, "register_files_sparse", 1, "number expected, got table", {})
  end)
end)

describe("register_files_update", function()
  local CALL = "register_files_update"

  it("fills slots, empties them with -1, and leaves them with -2", function()
    local own <close> = rows.owner()
    local _, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { to, -1, to, to })
    assert.equal(3, ring:register_files_update(0, { -1, to, -2 }))
    for slot, full in ipairs { [0] = false, true, true, true } do
      assert.equal(full, has_file(ring, slot))
    end
    assert.is_false(has_file(ring, 0))
    assert.equal(1, ring:register_files_update(3, { -1 }))
    assert.is_false(has_file(ring, 3))
  end)

  it("tells by a tag what it has replaced", function()
    needs "5.13"
    local own <close> = rows.owner()
    local _, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files({ to, to }, { 1, 2 }))
    assert.equal(2, ring:register_files_update(0, { to, -2 }, { 3, 0 }))
    assert_tags(ring, 1)
    assert.equal(1, ring:register_files_update(1, { to }, { 4 }))
    assert_tags(ring, 2)
    assert.equal(1, ring:register_files_update(0, { -1 }))
    assert_tags(ring, 3)
    assert.equal(1, ring:register_files_update(1, { -1 }))
    assert_tags(ring, 4)
  end)

  it("is refused where there are no such slots, or no such file", function()
    local own <close> = rows.owner()
    local _, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert_fails(ring, "ENXIO", "No such device or address", CALL, 0, { to })
    assert.is_true(ring:register_files { to, -1 })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 1, { to, to })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 2, { to })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 1048575, { to })
    assert_fails(ring, "EBADF", "Bad file descriptor", CALL, 1,
      { rows.NOT_OPEN })
    assert.is_true(has_file(ring, 0))
    assert.is_false(has_file(ring, 1))
  end)

  it("tells how many it has done where one of them fails", function()
    local own <close> = rows.owner()
    local _, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { -1, -1 })
    assert.equal(1, ring:register_files_update(0, { to, rows.NOT_OPEN }))
    assert.is_true(has_file(ring, 0))
    assert.is_false(has_file(ring, 1))
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    refuse(ring, CALL, 1, "number expected, got nil")
    refuse(ring, CALL, 1, "out of range", -1, { -1 })
    refuse(ring, CALL, 1, "out of range", 1 << 32, { -1 })
    refuse(ring, CALL, 2, "table expected, got nil", 0)
    refuse(ring, CALL, 2, "item 1: descriptor expected", 0, { -3 })
    refuse(ring, CALL, 3, "as many tags as items expected", 0, { -1 }, {})
  end)
end)

describe("unregister_files", function()
  it("leaves an op in flight its file", function()
    needs "6.13" -- before, the call waits for the op
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    local buffer = uring.buffer(4)
    assert.is_true(ring:register_files({ from }, { 9 }))
    own:close(from)
    raw.prepare(ring, "read", 0, buffer):set_fixed_file():set_data("read")
    ring:submit()
    assert.is_true(ring:unregister_files())
    assert_tags(ring)
    rows.raw("write", to, "text")
    local cqes = rows.reap(ring, 2)
    assert.same({ res = 4, flags = 0, data = "read" }, cqes[1])
    assert.same({ res = 0, flags = 0, data = 9 }, cqes[2])
    assert.equal("text", buffer:tostring())
  end)

  it("is refused where there is none", function()
    local ring <close> = rows.ring()
    assert_fails(ring, "ENXIO", "No such device or address",
      "unregister_files")
  end)
end)

describe("register_file_alloc_range", function()
  local CALL = "register_file_alloc_range"

  -- Opens a file in a slot that the kernel chooses: which, or -errno.
  local function open(ring)
    return (rows.call(ring, "openat_direct", C.AT_FDCWD, "/dev/null", nil, nil,
      C.IORING_FILE_INDEX_ALLOC))
  end

  it("says from which slots the kernel takes its own", function()
    needs "6.0"
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files_sparse(6))
    assert.is_true(ring:register_file_alloc_range(2, 2))
    assert.same({ 2, 3, -errno.ENFILE },
      { open(ring), open(ring), (open(ring)) })
    assert.is_true(ring:register_file_alloc_range(5, 1))
    assert.same({ 5, -errno.ENFILE }, { open(ring), (open(ring)) })
    assert.is_true(ring:register_file_alloc_range(0, 0))
    assert.equal(-errno.ENFILE, (open(ring)))
  end)

  it("is refused beyond the slots that there are", function()
    needs "6.0"
    local ring <close> = rows.ring()
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 0, 1)
    assert.is_true(ring:register_files_sparse(4))
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 3, 2)
    assert_fails(ring, "EINVAL", "Invalid argument", CALL, 5, 0)
    assert.equal(0, (open(ring)))
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    refuse(ring, CALL, 1, "out of range", -1, 0)
    refuse(ring, CALL, 1, "out of range", 1048577, 0)
    refuse(ring, CALL, 2, "out of range", 0, -1)
    refuse(ring, CALL, 2, "number expected, got no value", 0)
  end)
end)
