--- A BufRing lends each buffer once, and has it back once.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

leaks.watch()

local ring, buffers, a, b

local function set_up(options)
  ring = assert(uring.ring(8))
  buffers = options and assert(ring:buf_ring(options))
  a, b = uring.socketpair()
end

local function tear_down()
  ring:close()
  uring.close(a)
  uring.close(b)
  ring, buffers = nil, nil
end

local function needs(version)
  if not rows.is_newer(version) then return end
  pending("needs Linux " .. version)
end

describe("making a BufRing", function()
  before_each(function() set_up() end)
  after_each(tear_down)

  it("gives one whose buffers are all available", function()
    buffers = assert(ring:buf_ring { bgid = 7, entries = 16, size = 1 })
    assert.equal(16, buffers:available())
    assert.equal(7, buffers:bgid())
    assert.matches("^uring.BufRing", tostring(buffers))
  end)

  it("needs a number of entries that is a power of two", function()
    for _, entries in ipairs { 3, 100, 32767 } do
      assert.error_matches(function()
        ring:buf_ring { bgid = 1, entries = entries, size = 1 }
      end, "buf_ring: 'entries' must be a power of two")
    end
  end)

  it("names the option that is wrong", function()
    local function with(name, value)
      local options = { bgid = 1, entries = 4, size = 4 }
      options[name] = value
      return function() ring:buf_ring(options) end
    end
    for _, bgid in ipairs { -1, 65536, "x", 1.5 } do
      assert.error_matches(with("bgid", bgid),
        "buf_ring: 'bgid' must be an integer from 0 to 65535")
    end
    for _, entries in ipairs { 0, -1, 65536 } do
      assert.error_matches(with("entries", entries),
        "buf_ring: 'entries' must be an integer from 1 to 32768")
    end
    for _, size in ipairs { 0, -1, (1 << 30) + 1 } do
      assert.error_matches(with("size", size),
        "buf_ring: 'size' must be an integer from 1 to 1073741824")
    end
    assert.error_matches(with("size", nil), "buf_ring: 'size' must be")
    for _, name in ipairs { "incremental", "mapped", "source" } do
      assert.error_matches(with(name, 1),
        "buf_ring: '" .. name .. "' must be a boolean")
    end
    assert.error_matches(with("sice", 4), "buf_ring: unknown field 'sice'")
    assert.error_matches(function() ring:buf_ring(12) end, "table expected")
  end)

  it("refuses to map what mmap has no number for", function()
    needs "6.4"
    local function mapped(bgid)
      return ring:buf_ring { bgid = bgid, entries = 4, size = 4,
        mapped = true }
    end
    assert.equal(2047, mapped(2047):bgid())
    mapped(1)
    for _, bgid in ipairs { 2048, 32769, 65535 } do -- 32769 would map 1
      assert.error_matches(function() mapped(bgid) end,
        "buf_ring: 'bgid' must be an integer from 0 to 2047")
    end
  end)

  it("fails where the number is in use", function()
    local first = ring:buf_ring { bgid = 1, entries = 4, size = 4 }
    assert.same({ nil, "buf_ring: File exists", errno.EEXIST },
      { ring:buf_ring { bgid = 1, entries = 4, size = 4 } })
    first:close()
    assert.is_truthy(ring:buf_ring { bgid = 1, entries = 4, size = 4 })
  end)

  it("with the number of another ring's is no matter", function()
    local other <close> = assert(uring.ring(4))
    assert.is_truthy(ring:buf_ring { bgid = 1, entries = 4, size = 4 })
    assert.is_truthy(other:buf_ring { bgid = 1, entries = 4, size = 4 })
  end)
end)

for name, mapped in pairs { [""] = false, [" that is mapped"] = true } do
describe("a BufRing" .. name, function()
  if mapped and rows.is_newer "6.4" then return pending "needs Linux 6.4" end

  before_each(function()
    set_up { bgid = 3, entries = 4, size = 8, mapped = mapped }
  end)
  after_each(tear_down)

  -- Sends, and receives into a buffer: res, flags, data.
  local function receive(text)
    rows.call(ring, "send", a, text)
    raw.prepare(ring, "recv", b, buffers)
    ring:submit()
    return raw.take(ring)
  end

  it("gives what was received as a string, and has the buffer again", function()
    local res, flags = receive("hello")
    assert.equal(5, res)
    assert.is_true(uring.cqe_flag_names(flags).buffer)
    assert.equal(3, buffers:available())
    assert.equal("hello", buffers:string(flags, res))
    assert.equal(4, buffers:available())
  end)

  it("receives no more than one buffer at once", function()
    local res, flags = receive("0123456789")
    assert.equal("01234567", buffers:string(flags, res))
    assert.equal("89", raw.receive(ring, b, 2))
  end)

  it("tells the buffer of a CQE", function()
    raw.prepare(ring, "send", a, "x")
    raw.prepare(ring, "recv", b, buffers):set_data("recv")
    ring:submit()
    local cqe = ring:wait_cqe()
    if cqe.data ~= "recv" then
      ring:cqe_seen(cqe)
      cqe = ring:wait_cqe()
    end
    assert.equal(0, ring:peek_cqe():buffer_id()) -- lent once all the same
    assert.equal(3, buffers:available())
    ring:cqe_seen(cqe)
    buffers:recycle(cqe:buffer_id())
    assert.equal(4, buffers:available())
  end)

  it("lends each buffer to one CQE at a time", function()
    local seen = {}
    for i = 1, 4 do
      local _, flags = receive("text " .. i)
      local bid = flags >> C.IORING_CQE_BUFFER_SHIFT
      assert.is_nil(seen[bid])
      seen[bid] = flags
    end
    assert.equal(0, buffers:available())
    for bid, flags in pairs(seen) do
      assert.equal("text " .. bid + 1, buffers:string(flags, 6))
    end
    assert.equal(4, buffers:available())
  end)

  it("that is empty makes ops fail, until a buffer is back", function()
    local out = {}
    for i = 1, 4 do out[i] = select(2, receive("x")) end
    assert.equal(-errno.ENOBUFS, (receive("y")))
    buffers:recycle(out[2] >> C.IORING_CQE_BUFFER_SHIFT)
    raw.prepare(ring, "recv", b, buffers)
    ring:submit()
    assert.equal("y", buffers:string(select(2, raw.take(ring)), 1))
  end)

  it("refuses to recycle a buffer twice", function()
    local _, flags = receive("x")
    buffers:string(flags, 1)
    local bid = flags >> C.IORING_CQE_BUFFER_SHIFT
    assert.error_matches(function() buffers:recycle(bid) end,
      "the buffer is not out")
    assert.error_matches(function() buffers:string(flags, 1) end,
      "the buffer is not out")
    assert.equal(4, buffers:available())
  end)

  it("counts as lent what was peeked at, as picked what the kernel took",
    function()
      needs "6.8" -- for head()
      local function counts()
        return { buffers:available(), buffers:head() }
      end
      rows.call(ring, "send", a, "x")
      assert.same({ 4, 0 }, counts())
      raw.prepare(ring, "recv", b, buffers)
      ring:submit_and_wait(1)
      assert.same({ 4, 1 }, counts())
      local cqe = ring:peek_cqe()
      assert.same({ 3, 1 }, counts())
      ring:cqe_seen(cqe)
      assert.same({ 3, 1 }, counts())
      assert.equal("x", buffers:string(cqe.flags, cqe.res))
      assert.same({ 4, 1 }, counts())
    end)

  it("goes round the numbers of 16 bits", function()
    needs "6.8"
    local text, lent = ("0123456789abcdef"):rep(2), C.IORING_CQE_F_BUFFER
    for _ = 1, 65540 // 4 do -- bare, or it takes minutes when emulated
      ring:get_sqe():prep_send(a, text)
      for _ = 1, 4 do ring:get_sqe():prep_recv(b, buffers) end
      ring:submit_and_wait(5)
      for _, flags in ring:cqes() do
        if flags & lent ~= 0 then buffers:recycle(flags >> 16) end
      end
    end
    assert.same({ 4, 4 }, { buffers:available(), buffers:head() })
  end)

  it("refuses a buffer that no CQE has lent", function()
    assert.error_matches(function() buffers:recycle(0) end,
      "the buffer is not out")
    assert.error_matches(function()
      buffers:string(C.IORING_CQE_F_BUFFER, 1)
    end, "the buffer is not out")
  end)

  it("refuses a number that none of its buffers has", function()
    for _, bid in ipairs { -1, 4, 65536, math.maxinteger } do
      assert.error_matches(function() buffers:recycle(bid) end,
        "no such buffer in this ring")
    end
    assert.error_matches(function()
      buffers:string(C.IORING_CQE_F_BUFFER | 4 << 16, 1)
    end, "no such buffer in this ring")
  end)

  it("refuses flags and results that are none of a buffer", function()
    local _, flags = receive("three")
    local _, more = receive("more")
    assert.error_matches(function() buffers:string(0, 1) end,
      "the completion has no buffer")
    for _, res in ipairs { -1, 0, 4, 6, 9, math.maxinteger } do
      assert.error_matches(function() buffers:string(flags, res) end,
        "not a byte count")
      assert.error_matches(function() buffers:view(flags, res) end,
        "not a byte count")
    end
    assert.equal("three", buffers:string(flags, 5))
    assert.equal("more", buffers:string(more, 4))
    assert.equal(4, buffers:available())
  end)

  it("serves whoever names its group", function()
    local sqe = raw.prepare(ring, "recv", b, uring.buffer(8))
    assert.equal(sqe, sqe:set_buf_group(3))
    ring:submit()
    local other <close> = assert(uring.ring(1))
    rows.call(other, "send", a, "by group")
    local res, flags = raw.take(ring)
    assert.equal("by group", buffers:string(flags, res))
  end)

  it("is refused by a number that no BufRing has", function()
    local sqe = ring:get_sqe()
    for _, bgid in ipairs { 4, -1, 65536 + 3 } do
      assert.error_matches(function() sqe:set_buf_group(bgid) end,
        "no buffer ring of this ring")
    end
  end)

  it("can be given to a read as well", function()
    rows.call(ring, "write", a, "by read")
    raw.prepare(ring, "read", b, buffers)
    ring:submit()
    local res, flags = raw.take(ring)
    assert.equal("by read", buffers:string(flags, res))
  end)

  it("keeps its flag where flags are set afterwards", function()
    raw.prepare(ring, "recv", b, buffers):set_flags("async")
    ring:submit()
    local other <close> = assert(uring.ring(1))
    rows.call(other, "send", a, "flagged")
    local res, flags = raw.take(ring)
    assert.equal("flagged", buffers:string(flags, res))
  end)
end)
end

describe("a closed BufRing", function()
  before_each(function() set_up { bgid = 3, entries = 2, size = 8 } end)
  after_each(tear_down)

  it("can be closed again", function()
    local _again <close> = buffers
    buffers:close()
  end)

  it("is refused by ops", function()
    buffers:close()
    local sqe = ring:get_sqe()
    assert.error_matches(function() sqe:prep_recv(b, buffers) end,
      "recv: bad argument 'buf' %(the buffer ring is closed%)")
    assert.error_matches(function() sqe:set_buf_group(3) end,
      "no buffer ring of this ring")
  end)

  it("is what closing the ring leaves", function()
    ring:close()
    assert.equal(2, buffers:available())
    buffers:close()
    local other <close> = assert(uring.ring(1))
    local sqe = other:get_sqe()
    assert.error_matches(function() sqe:prep_recv(b, buffers) end,
      "the buffer ring is closed")
  end)

  it("still gives what a CQE has lent", function()
    rows.call(ring, "send", a, "lent")
    raw.prepare(ring, "recv", b, buffers)
    ring:submit()
    local res, flags = raw.take(ring)
    buffers:close()
    assert.equal("lent", buffers:string(flags, res))
    assert.error_matches(function() buffers:string(flags, res) end,
      "the buffer is not out")
  end)

  it("may be dropped while an op in flight uses it", function()
    raw.prepare(ring, "recv", b, buffers)
    ring:submit()
    buffers = buffers:close()
    raw.collect()
    rows.call(assert(uring.ring(1)), "send", a, "late")
    assert.equal(-errno.ENOBUFS, (raw.take(ring)))
  end)
end)

-- In a process of their own: what goes wrong here may abort.
local function script(text)
  local result = process.run { process.LUA, "-e", [[
    local uring = require "uring.ring"
    local function take(ring, count)
      ring:submit_and_wait(count)
      local list = {}
      for res, flags, data in ring:cqes() do
        list[#list + 1] = { res = res, flags = flags, data = data }
      end
      return list
    end
  ]] .. text .. " print 'the end'",
    env = { ASAN_OPTIONS = "detect_leaks=0:quarantine_size_mb=1" } }
  assert.equal("", result.err)
  assert.equal("the end\n", result.out)
  assert.equal(0, result.code)
end

describe("an op", function()
  before_each(function() set_up() end)
  after_each(tear_down)

  it("keeps the number of the closed BufRing that it selects from", function()
    local options = { bgid = 1, entries = 1, size = 16 }
    local old = ring:buf_ring(options)
    raw.prepare(ring, "recv", b, old)
    ring:submit()
    old:close()
    assert.same({ nil, "buf_ring: Device or resource busy", errno.EBUSY },
      { ring:buf_ring(options) })
    rows.raw("send", a, "two")
    assert.equal(-errno.ENOBUFS, (raw.take(ring)))
    local new = assert(ring:buf_ring(options))
    local res, flags = rows.call(ring, "recv", b, new)
    assert.equal("two", new:string(flags, res))
  end)

  it("refuses the BufRing of another ring", function()
    local other <close> = assert(uring.ring(8))
    local foreign = other:buf_ring { bgid = 1, entries = 1, size = 16 }
    local sqe = ring:get_sqe()
    assert.error_matches(function() sqe:prep_recv(b, foreign) end,
      "recv: bad argument 'buf' %(a buffer ring of another ring%)")
  end)

  it("does not take buffers of provide_buffers for those", function()
    script [[
      local ring = uring.ring(8)
      local a, b = uring.socketpair()
      local buffers = ring:buf_ring { bgid = 1, entries = 2, size = 8 }
      ring:get_sqe():prep_recv(b, buffers)
      ring:submit()
      local sqe = ring:get_sqe()
      sqe:prep_provide_buffers(uring.buffer(64), 8, 1, 5)
      buffers:close() -- the kernel does not see it before the submit
      take(ring, 1)
      sqe = ring:get_sqe()
      pcall(sqe.prep_provide_buffers, sqe, uring.buffer(64), 8, 1, 5)
      ring:get_sqe():prep_send(a, "text")
      take(ring, 3)
      ring:close()
    ]]
  end)

  it("is all that a closed BufRing keeps memory for", function()
    script [[
      local function allocated()
        local status <close> = assert(io.open("/proc/self/status"))
        return 1024 * status:read("a"):match("VmData:%s*(%d+) kB")
      end
      local ring = uring.ring(8)
      local before = allocated()
      for _ = 1, 256 do
        local size <const> = 1 << 20
        ring:buf_ring({ bgid = 1, entries = 1, size = size }):close()
        collectgarbage()
      end
      assert(allocated() - before < 32 << 20)
      ring:close()
    ]]
  end)
end)

describe("MSG_TRUNC, with which more is told than was received,", function()
  it("lends one buffer", function()
    for _, entries in ipairs { 1, 4 } do
      script(("local entries <const> = %d"):format(entries) .. [[
        local ring = uring.ring(8)
        local a, b = uring.socketpair(uring.consts.SOCK_DGRAM)
        local buffers = ring:buf_ring { bgid = 1, entries = entries, size = 8 }
        for i = 1, 10 do
          ring:get_sqe():prep_send(a, "a datagram that is longer")
          take(ring, 1)
          ring:get_sqe():prep_recv(b, buffers, uring.consts.MSG_TRUNC)
          local cqe = take(ring, 1)[1]
          assert(cqe.res == 25 and buffers:available() == entries - 1)
          assert(not pcall(buffers.string, buffers, cqe.flags, cqe.res))
          assert(buffers:string(cqe.flags, 8) == "a datagr")
          assert(buffers:available() == entries)
          assert((buffers:head() or i) == i) -- nil before 6.8
        end
        ring:close()
      ]])
    end
  end)

  it("gives what is in one buffer when awaited", function()
    script [[
      local a, b = uring.socketpair(uring.consts.SOCK_DGRAM)
      local u = require "uring"
      u.run(function()
        local loop = require "uring.loop"
        local buffers = loop.current("").ring:buf_ring {
          bgid = 1, entries = 2, size = 8,
        }
        for _ = 1, 10 do
          assert(u.op.send(a, "a datagram that is longer"))
          assert(u.op.recv(b, buffers, uring.consts.MSG_TRUNC) == "a datagr")
          assert(buffers:available() == 2)
        end
      end)
    ]]
  end)
end)

describe("a BufRing that nobody refers to", function()
  it("lives as long as its ring needs it", function()
    set_up()
    ring:buf_ring { bgid = 5, entries = 2, size = 100000 }
    raw.collect()
    for _ = 1, 2 do
      raw.prepare(ring, "recv", b, uring.buffer(4)):set_buf_group(5)
      ring:submit()
      raw.collect()
      rows.call(assert(uring.ring(1)), "send", a, "text")
      assert.equal(4, (raw.take(ring)))
    end
    tear_down()
  end)

  it("goes with its ring", function()
    for _ = 1, 10 do
      local dropped = assert(uring.ring(4))
      for bgid = 1, 10 do
        dropped:buf_ring { bgid = bgid, entries = 8, size = 100000 }
      end
    end
    raw.collect()
  end)
end)
