--- What is set on an SQE besides its row does what it says; and CQEs come
-- whole, be they of 16 bytes, of 32, or of both.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno
local NOP_CQE32 = 1 << 5 -- IORING_NOP_CQE32
local CLASS = 13 -- IOPRIO_CLASS_SHIFT
local BEST_EFFORT, NO_CLASS = 2 << CLASS, 7 << CLASS

local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

describe("an SQE", function()
  local SETTERS = {
    set_flags = "async", set_fixed_file = false, set_ioprio = 0,
    set_personality = 0, set_data = 1, set_buf_group = 3,
  }

  it("is what each setter returns", function()
    local ring <close> = rows.ring()
    local _group = assert(ring:buf_ring { bgid = 3, entries = 1, size = 1 })
    local sqe = ring:get_sqe()
    for name, value in pairs(SETTERS) do
      assert.equal(sqe, sqe[name](sqe, value), name)
    end
  end)

  it("is nobody's to set once it was submitted", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    ring:submit()
    for name, value in pairs(SETTERS) do
      assert.error_matches(function() sqe[name](sqe, value) end,
        "stale SQE: it was submitted")
    end
  end)
end)

describe("set_flags", function()
  it("hands an op to a worker with async", function()
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring.ring"
      local function workers()
        local list <close> = io.popen(
          "cat /proc/$PPID/task/*/comm | grep -c ^iou-wrk; true")
        return list:read("n")
      end
      local ring = uring.ring(4)
      ring:get_sqe()
      ring:submit_and_wait(1)
      io.write(workers(), " ")
      ring:get_sqe():set_flags("async")
      ring:submit_and_wait(2)
      io.write(workers())
    ]] }
    assert.same({ code = 0, err = "", out = "0 1" }, result)
  end)

  it("takes names, lists and integers at once", function()
    local ring <close> = rows.ring()
    for i = 1, 2 do
      ring:get_sqe():set_flags({ "io_link" }, C.IOSQE_ASYNC):set_data(i)
    end
    ring:get_sqe():set_data(3)
    ring:submit()
    for i, cqe in ipairs(rows.reap(ring, 3)) do assert.equal(i, cqe.data) end
  end)

  it("goes on behind a failure with io_hardlink", function()
    local ring <close> = rows.ring()
    raw.prepare(ring, "read", rows.NOT_OPEN, uring.buffer(1))
      :set_flags("io_hardlink")
    ring:get_sqe()
    ring:submit()
    local cqes = rows.reap(ring, 2)
    assert.same({ -errno.EBADF, 0 }, { cqes[1].res, cqes[2].res })
  end)

  it("refuses to select a buffer of no group", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    assert.error_matches(function() sqe:set_flags("buffer_select") end,
      "set_flags: set_buf_group selects buffers")
  end)
end)

describe("set_fixed_file", function()
  it("means a slot, whether it is said before the row or after it", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("slot")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    local ring <close> = rows.ring()
    local before, after = uring.buffer(4), uring.buffer(4)
    assert.is_true(ring:register_files { -1, -1, -1, fd })
    own:close(fd)
    ring:get_sqe():set_fixed_file():prep_read(3, before, 0)
    raw.prepare(ring, "read", 3, after, 0):set_fixed_file()
    for _, cqe in ipairs(rows.reap(ring, 2)) do assert.equal(4, cqe.res) end
    assert.same({ "slot", "slot" }, { before:tostring(), after:tostring() })
  end)

  it("still means one where flags are set afterwards", function()
    local own <close> = rows.owner()
    local from, to = own(uring.pipe())
    local ring <close> = rows.ring()
    assert.is_true(ring:register_files { to })
    raw.prepare(ring, "write", 0, "x"):set_fixed_file():set_flags("async")
    assert.equal(1, rows.reap(ring, 1)[1].res)
    assert.equal(1, (rows.call(ring, "read", from, uring.buffer(1))))
  end)

  it("fails where the slot is empty, or there is none", function()
    local ring <close> = rows.ring()
    local function write(slot)
      raw.prepare(ring, "write", slot, "x"):set_fixed_file()
      return rows.reap(ring, 1)[1].res
    end
    assert.equal(-errno.EBADF, write(0))
    assert.is_true(ring:register_files { -1 })
    assert.same({ -errno.EBADF, -errno.EBADF }, { write(0), write(1) })
  end)

  it("is no matter to the next SQE", function()
    local own <close> = rows.owner()
    local _, to = own(uring.pipe())
    local ring <close> = assert(uring.ring(1))
    raw.prepare(ring, "write", to, "x"):set_fixed_file()
    assert.equal(-errno.EBADF, rows.reap(ring, 1)[1].res)
    assert.equal(1, (rows.call(ring, "write", to, "x")))
  end)
end)

describe("set_ioprio", function()
  it("is the priority of I/O on a file", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("file")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    local ring <close> = rows.ring()
    for priority, res in pairs {
      [BEST_EFFORT | 7] = 4, [NO_CLASS] = -errno.EINVAL,
    } do
      raw.prepare(ring, "read", fd, uring.buffer(4), 0):set_ioprio(priority)
      assert.equal(res, rows.reap(ring, 1)[1].res)
    end
  end)

  it("adds to what the row has for a socket", function()
    needs "6.1"
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    local ring <close> = assert(uring.ring(4, {
      flags = { "single_issuer", "defer_taskrun" } }))
    local buffers = assert(ring:buf_ring { bgid = 1, entries = 2, size = 4 })
    rows.raw("send", b, "text")
    raw.prepare(ring, "recv_multishot", a, buffers)
      :set_ioprio(C.IORING_RECVSEND_POLL_FIRST)
    ring:submit()
    assert.equal(0, ring:cq_ready()) -- it has not tried at once
    local cqe = rows.reap(ring, 1)[1]
    assert.equal("text", buffers:string(cqe.flags, cqe.res))
    assert.equal(C.IORING_CQE_F_MORE, cqe.flags & C.IORING_CQE_F_MORE)
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    for _, bits in ipairs { -1, 1 << 16 } do
      assert.error_matches(function() sqe:set_ioprio(bits) end,
        "bad argument #1 to 'set_ioprio' (out of range)", 1, true)
    end
    assert.error_matches(function() sqe:set_ioprio("high") end,
      "bad argument #1 to 'set_ioprio' (number expected, got string)", 1, true)
  end)
end)

describe("set_personality", function()
  it("acts with credentials that are registered, and with no other", function()
    local ring <close> = rows.ring()
    local id = assert(ring:register_personality())
    for number, res in pairs { [id] = 0, [id + 1] = -errno.EINVAL } do
      ring:get_sqe():set_personality(number)
      assert.equal(res, rows.reap(ring, 1)[1].res)
    end
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    for _, id in ipairs { -1, 1 << 16 } do
      assert.error_matches(function() sqe:set_personality(id) end,
        "bad argument #1 to 'set_personality' (out of range)", 1, true)
    end
    assert.error_matches(function() sqe:set_personality() end,
      "bad argument #1 to 'set_personality' (number expected, got no value)",
      1, true)
  end)
end)

describe("set_buf_group", function()
  it("takes a buffer that provide_buffers gave", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    local ring <close> = rows.ring()
    local memory = uring.buffer(8)
    assert.equal(0, (rows.call(ring, "provide_buffers", memory, 4, 9, 20)))
    rows.raw("send", b, "text")
    raw.prepare(ring, "recv", a, uring.buffer(4)):set_buf_group(9)
    local cqe = rows.reap(ring, 1)[1]
    local bid = cqe.flags >> C.IORING_CQE_BUFFER_SHIFT
    assert.same({ 4, C.IORING_CQE_F_BUFFER },
      { cqe.res, cqe.flags & C.IORING_CQE_F_BUFFER })
    assert.equal("text", memory:sub((bid - 20) * 4 + 1, (bid - 19) * 4))
  end)

  it("refuses a number that no buffers have", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    for _, bgid in ipairs { 0, 65535, -1, 65536 } do
      assert.error_matches(function() sqe:set_buf_group(bgid) end,
        "bad argument #1 to 'set_buf_group' (no buffer ring of this ring)", 1,
        true)
    end
  end)
end)

-- A nop whose CQE has 32 bytes.
local function prepare_big(ring, res, first, second)
  return ring:get_sqe():set_raw { opcode = uring.opcodes.nop,
    op_flags = NOP_CQE32 | 1, len = res, off = first, addr = second }
end

for _, flag in ipairs { "cqe32", "cqe_mixed" } do
  describe("a CQE of a ring with " .. flag, function()
    local function open(entries)
      local ring, message = uring.ring(entries, { flags = flag })
      if not ring and message:find("needs Linux") then pending(message) end
      return assert(ring, message)
    end

    it("brings 16 bytes more", function()
      needs "6.18"
      local ring <close> = open(4)
      prepare_big(ring, 5, -6, math.maxinteger):set_data("big")
      ring:submit()
      local cqe = assert(ring:wait_cqe(10))
      assert.same({ 5, "big" }, { cqe.res, cqe.data })
      assert.same({ -6, math.maxinteger }, { cqe:big() })
      ring:cqe_seen(cqe)
      assert.same({ 0, 0 }, { ring:cq_ready(), ring:in_flight() })
      assert.same({ -6, math.maxinteger }, { cqe:big() })
    end)

    it("has them only where they were written", function()
      local ring <close> = open(4)
      ring:get_sqe()
      ring:submit()
      local cqe = assert(ring:wait_cqe(10))
      assert.same(flag == "cqe32" and { 0, 0 } or {}, { cqe:big() })
    end)

    it("is where it should be, wherever that is in the CQ", function()
      needs "6.18"
      local ring <close> = open(4) -- 8 entries of the CQ
      for round = 0, 200 do
        for i = 1, 3 do -- small ones before, between and behind large ones
          if round >> i & 1 == 1 then
            prepare_big(ring, i, round, -i):set_data(i)
          else
            ring:get_sqe():set_data(i)
          end
        end
        assert.equal(3, ring:submit())
        for i = 1, 3 do
          local cqe = assert(ring:wait_cqe(10))
          assert.equal(i, cqe.data)
          if round >> i & 1 == 1 then
            assert.same({ round, -i }, { cqe:big() })
          end
          ring:cqe_seen(cqe)
        end
        assert.is_nil(ring:peek_cqe())
      end
      assert.equal(0, ring:in_flight())
    end)
  end)
end

describe("a CQ that was full", function()
  -- As many CQEs as the kernel will, each second one of 32 bytes.
  local SCRIPT = [[
    local uring = require "uring.ring"
    local ring = assert(uring.ring(2, { flags = "%s" }))
    local big = { opcode = uring.opcodes.nop, op_flags = 33 }
    for i = 1, 20 do
      big.len = i
      ring:get_sqe():set_raw(big):set_data("big")
      ring:get_sqe():set_data("small")
      ring:submit()
    end
    local too_many = ring:cq_ready() > ring:params().cq_entries
    local count, sum = {}, 0
    for res, _, data in ring:cqes() do
      count[data] = (count[data] or 0) + 1
      sum = sum + res
    end
    local found = ("%%d %%d %%d %%d"):format(count.big, count.small, sum,
      ring:in_flight())
    io.write(too_many and "the kernel has overfilled it" or found)
    ring:close()
  ]]

  local function run(flag)
    needs "6.18"
    local script <close> = process.lua { "-e", SCRIPT:format(flag) }
    return script:wait(5)
  end

  it("brings the others later, with cqe32", function()
    assert.same({ code = 0, out = "20 20 210 0", err = "" }, run "cqe32")
  end)

  it("brings them with cqe_mixed, and an end in any case", function()
    local result = run "cqe_mixed"
    if result.out:find "overfilled" then -- Linux 6.18 does
      result.out = "20 20 210 0"
    end
    assert.same({ code = 0, out = "20 20 210 0", err = "" }, result)
  end)
end)

describe("a CQE of a ring with neither cqe32 nor cqe_mixed", function()
  it("has 16 bytes, and no op that needs more", function()
    local ring <close> = rows.ring()
    ring:get_sqe()
    ring:submit()
    local cqe = assert(ring:wait_cqe(10))
    assert.same({}, { cqe:big() })
    ring:cqe_seen(cqe)
    prepare_big(ring, 1, 2, 3)
    assert.equal(-errno.EINVAL, rows.reap(ring, 1)[1].res)
  end)
end)
