--- A CQE stays at the head of the CQ until it is seen; none is lost.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

leaks.watch()

-- Submits nops whose data are 1 to count.
local function submit_nops(ring, count)
  for i = 1, count do
    local sqe = ring:get_sqe() or ring:submit() and ring:get_sqe()
    sqe:set_data(i)
  end
  ring:submit()
end

describe("peeking", function()
  it("gives nil where there is no CQE", function()
    local ring <close> = assert(uring.ring(4))
    assert.is_nil(ring:peek_cqe())
  end)

  it("stays at the head until the CQE is seen", function()
    local ring <close> = assert(uring.ring(4))
    submit_nops(ring, 2)
    assert.equal(1, ring:peek_cqe().data)
    local cqe = ring:peek_cqe()
    assert.equal(1, cqe.data)
    assert.equal(2, ring:cq_ready())
    ring:cqe_seen(cqe)
    assert.equal(1, ring:cq_ready())
    assert.equal(2, ring:peek_cqe().data)
  end)
end)

describe("a CQE", function()
  it("has res, flags and data, and prints as what it is", function()
    local ring <close> = assert(uring.ring(4))
    raw.prepare(ring, "close", rows.NOT_OPEN):set_data("mine")
    ring:submit()
    local cqe = ring:wait_cqe()
    assert.equal(-errno.EBADF, cqe.res)
    assert.equal(0, cqe.flags)
    assert.equal("mine", cqe.data)
    assert.is_false(cqe:more())
    assert.is_false(cqe:notif())
    assert.is_nil(cqe:buffer_id())
    assert.is_nil(cqe.nonsense)
    assert.equal("uring.CQE (res -9, flags 0)", tostring(cqe))
    ring:cqe_seen(cqe)
  end)

  it("can be read after it was seen", function()
    local ring <close> = assert(uring.ring(4))
    raw.prepare(ring, "close", rows.NOT_OPEN):set_data("mine")
    ring:submit()
    local cqe = ring:wait_cqe()
    ring:cqe_seen(cqe)
    submit_nops(ring, 4)
    assert.equal(-errno.EBADF, cqe.res)
    assert.equal("mine", cqe.data)
    ring:close()
    assert.equal("mine", cqe.data)
  end)

  it("can be seen once", function()
    local ring <close> = assert(uring.ring(4))
    submit_nops(ring, 2)
    local first = ring:peek_cqe()
    ring:cqe_seen(first)
    assert.error_matches(function() ring:cqe_seen(first) end,
      "this CQE was seen already")
    assert.equal(1, ring:cq_ready())
    ring:cqe_seen(ring:peek_cqe())
    assert.error_matches(function() ring:cqe_seen(first) end,
      "this CQE was seen already")
  end)

  it("counts as seen where cqes has taken it", function()
    local ring <close> = assert(uring.ring(4))
    submit_nops(ring, 1)
    local cqe = ring:peek_cqe()
    for _ in ring:cqes() do end
    assert.error_matches(function() ring:cqe_seen(cqe) end,
      "this CQE was seen already")
  end)

  it("of another ring is refused", function()
    local ring <close> = assert(uring.ring(4))
    local other <close> = assert(uring.ring(4))
    submit_nops(ring, 1)
    submit_nops(other, 1)
    local cqe = other:peek_cqe()
    assert.error_matches(function() ring:cqe_seen(cqe) end,
      "a CQE of another ring")
    assert.equal(1, ring:cq_ready())
    other:cqe_seen(cqe)
  end)

  it("is refused where it is none", function()
    local ring <close> = assert(uring.ring(4))
    assert.error_matches(function() ring:cqe_seen({}) end,
      "uring.CQE expected, got table")
    assert.error_matches(function() ring:cqe_seen() end,
      "uring.CQE expected, got no value")
  end)

  it("tells the names of its flags", function()
    local flags = C.IORING_CQE_F_MORE | C.IORING_CQE_F_BUFFER | 7 << 16
    assert.same({ more = true, buffer = true }, uring.cqe_flag_names(flags))
    assert.same({}, uring.cqe_flag_names(0))
  end)
end)

describe("waiting for a CQE", function()
  it("gives it when it comes", function()
    local ring <close> = assert(uring.ring(4))
    raw.prepare(ring, "timeout", 0.01):set_data("timer")
    ring:submit()
    local cqe = ring:wait_cqe()
    assert.equal(-errno.ETIME, cqe.res)
    assert.equal("timer", cqe.data)
  end)

  it("gives up after a time", function()
    local ring <close> = assert(uring.ring(4))
    for _, seconds in ipairs { 0, 0.001, 0.01 } do
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { ring:wait_cqe(seconds) })
    end
  end)

  it("submits nothing", function()
    local ring <close> = assert(uring.ring(4))
    ring:get_sqe()
    assert.is_nil(ring:wait_cqe(0.001))
    assert.equal(1, ring:sq_ready())
  end)

  it("refuses a time that is none", function()
    local ring <close> = assert(uring.ring(4))
    for _, seconds in ipairs { -1, 1e16, math.huge, 0 / 0 } do
      assert.error_matches(function() ring:wait_cqe(seconds) end,
        "seconds out of range")
    end
    assert.error_matches(function() ring:wait_cqe("soon") end,
      "number expected")
  end)
end)

describe("submitting and waiting", function()
  it("waits for as many CQEs as asked", function()
    local ring <close> = assert(uring.ring(4))
    ring:get_sqe()
    raw.prepare(ring, "openat", C.AT_FDCWD, "/dev/null"):set_flags("async")
    assert.equal(2, ring:submit_and_wait(2))
    assert.equal(2, ring:cq_ready())
  end)

  it("waits for none where the count is 0", function()
    local ring <close> = assert(uring.ring(4))
    raw.prepare(ring, "timeout", 60)
    assert.equal(1, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
  end)

  it("says how many SQEs went within the time", function()
    local ring <close> = assert(uring.ring(4))
    ring:get_sqe()
    ring:get_sqe()
    assert.equal(2, ring:submit_and_wait(2, 10))
  end)

  it("gives up after a time, but has submitted", function()
    local ring <close> = assert(uring.ring(4))
    local own <close> = rows.owner()
    local _, b = own(uring.socketpair())
    raw.prepare(ring, "recv", b, uring.buffer(1))
    assert.same({ nil, "timeout", errno.ETIMEDOUT },
      { ring:submit_and_wait(1, 0.005) })
    assert.equal(0, ring:sq_ready())
    assert.equal(1, ring:in_flight())
  end)

  it("gives up also where some have come, but not all", function()
    local ring <close> = assert(uring.ring(4))
    local own <close> = rows.owner()
    local _, b = own(uring.socketpair())
    raw.prepare(ring, "recv", b, uring.buffer(1))
    ring:get_sqe()
    assert.same({ nil, "timeout", errno.ETIMEDOUT },
      { ring:submit_and_wait(2, 0.005) })
    assert.equal(1, ring:cq_ready())
  end)

  it("refuses to wait for more than the CQ holds", function()
    local ring <close> = assert(uring.ring(4))
    for _, count in ipairs { -1, 9, math.maxinteger } do
      assert.error_matches(function() ring:submit_and_wait(count) end,
        "more than the CQ has entries")
    end
    assert.error_matches(function() ring:submit_and_wait() end,
      "number expected")
  end)
end)

describe("cqes", function()
  it("takes everything that is there, in order", function()
    local ring <close> = assert(uring.ring(8))
    submit_nops(ring, 8)
    local found = {}
    for res, flags, data in ring:cqes() do
      assert.same({ 0, 0 }, { res, flags })
      found[#found + 1] = data
    end
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8 }, found)
    assert.equal(0, ring:cq_ready())
    assert.equal(0, ring:in_flight())
  end)

  it("goes on where a loop was left", function()
    local ring <close> = assert(uring.ring(8))
    submit_nops(ring, 3)
    local take, self = ring:cqes()
    assert.equal(1, select(3, take(self)))
    assert.equal(2, ring:cq_ready())
    take, self = ring:cqes()
    assert.equal(2, select(3, take(self)))
    assert.equal(1, ring:cq_ready())
  end)

  it("takes what comes while the loop runs", function()
    local ring <close> = assert(uring.ring(8))
    submit_nops(ring, 1)
    local count = 0
    for _ in ring:cqes() do
      count = count + 1
      if count < 20 then submit_nops(ring, 1) end
    end
    assert.equal(20, count)
  end)

  it("raises where the ring was closed in the loop", function()
    local ring = assert(uring.ring(8))
    submit_nops(ring, 2)
    assert.error_matches(function()
      for _ in ring:cqes() do ring:close() end
    end, "attempt to use a closed ring")
  end)
end)

describe("more CQEs than the CQ holds", function()
  local function counted(ring, count)
    local seen, total = {}, 0
    while total < count do
      assert(ring:submit_and_wait(1, 10))
      for res, _, data in ring:cqes() do
        assert.equal(0, res)
        assert.is_nil(seen[data])
        seen[data] = true
        total = total + 1
      end
    end
    return total
  end

  it("wait in the kernel: none is lost", function()
    local ring <close> = assert(uring.ring(4, { cq_entries = 4 }))
    submit_nops(ring, 100)
    assert.is_true(ring:cq_has_overflow())
    assert.equal(4, ring:cq_ready())
    assert.equal(100, counted(ring, 100))
    assert.is_false(ring:cq_has_overflow())
    assert.equal(0, ring:in_flight())
  end)

  it("come out of the kernel one by one by peeking", function()
    local ring <close> = assert(uring.ring(2, { cq_entries = 2 }))
    submit_nops(ring, 20)
    for i = 1, 20 do
      local cqe = ring:peek_cqe() or ring:wait_cqe(10)
      assert.equal(i, cqe.data)
      ring:cqe_seen(cqe)
    end
    assert.is_nil(ring:peek_cqe())
  end)

  it("are drained when the ring closes", function()
    local ring <close> = assert(uring.ring(2, { cq_entries = 2 }))
    submit_nops(ring, 50)
    ring:close()
    assert.equal("uring.Ring (closed)", tostring(ring))
  end)

  it("are no matter for many more ops than the SQ holds", function()
    local ring <close> = assert(uring.ring(4))
    submit_nops(ring, 10000)
    assert.equal(10000, ring:in_flight())
    assert.equal(10000, counted(ring, 10000))
  end)
end)
