--- An SQE is ours from get_sqe to submit; what it carries stays alive longer.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

leaks.watch()

-- A table whose one value goes when nobody else has it.
local function weak(value)
  return setmetatable({ value }, { __mode = "v" })
end

describe("getting an SQE", function()
  it("gives nil where the SQ is full, and more after a submit", function()
    local ring <close> = assert(uring.ring(4))
    for left = 4, 1, -1 do
      assert.equal(left, ring:sq_space_left())
      assert.is_truthy(ring:get_sqe())
    end
    assert.is_nil(ring:get_sqe())
    assert.equal(4, ring:sq_ready())
    assert.equal(4, ring:submit())
    assert.equal(0, ring:sq_ready())
    assert.is_truthy(ring:get_sqe())
  end)

  it("counts as in flight from then on", function()
    local ring <close> = assert(uring.ring(4))
    assert.equal(0, ring:in_flight())
    ring:get_sqe()
    assert.equal(1, ring:in_flight())
    ring:submit()
    raw.take(ring)
    assert.equal(0, ring:in_flight())
  end)

  it("of a full SQ leaves no op behind", function()
    local ring <close> = assert(uring.ring(1))
    ring:get_sqe()
    for _ = 1, 10 do ring:get_sqe() end
    assert.equal(1, ring:in_flight())
  end)
end)

describe("an SQE", function()
  local ring, a, b

  before_each(function()
    ring = assert(uring.ring(8))
    a, b = uring.socketpair()
  end)

  after_each(function()
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("completes as a nop where nothing was prepared", function()
    ring:get_sqe():set_data("unprepared")
    ring:submit()
    assert.same({ 0, 0, "unprepared" }, { raw.take(ring) })
  end)

  it("prints as its row, or as stale", function()
    local sqe = ring:get_sqe()
    assert.equal("uring.SQE (nop)", tostring(sqe))
    sqe:prep_recv(b, uring.buffer(1))
    assert.equal("uring.SQE (recv)", tostring(sqe))
    ring:submit()
    assert.equal("uring.SQE (stale)", tostring(sqe))
    local other = ring:get_sqe()
    ring:close()
    assert.equal("uring.SQE (stale)", tostring(other))
  end)

  it("has the id that prep returned", function()
    local sqe = ring:get_sqe()
    local id = sqe:id()
    assert.equal(id, sqe:prep_recv(b, uring.buffer(1)))
    assert.equal(id, sqe:id())
    assert.not_equal(id, ring:get_sqe():id())
  end)

  it("is stale once it was submitted", function()
    local sqe = ring:get_sqe()
    ring:submit()
    for _, use in ipairs {
      function() sqe:prep_nop() end,
      function() sqe:set_data(1) end,
      function() sqe:set_flags("async") end,
      function() sqe:set_buf_group(1) end,
      function() sqe:id() end,
    } do
      assert.error_matches(use, "stale SQE")
    end
  end)

  it("is stale after each kind of submit", function()
    local sqe = ring:get_sqe()
    ring:submit_and_wait(1)
    assert.error_matches(function() sqe:prep_nop() end, "stale SQE")
    sqe = ring:get_sqe()
    ring:submit_and_wait(1, 5)
    assert.error_matches(function() sqe:prep_nop() end, "stale SQE")
    sqe = ring:get_sqe()
    ring:submit_and_wait(0)
    assert.error_matches(function() sqe:prep_nop() end, "stale SQE")
  end)

  it("of a batch that was submitted cannot touch the next batch", function()
    local old = ring:get_sqe()
    old:set_data("old")
    ring:submit_and_wait(1)
    raw.take(ring)
    ring:get_sqe():set_data("new")
    assert.error_matches(function() old:set_data("stolen") end, "stale SQE")
    ring:submit()
    assert.equal("new", select(3, raw.take(ring)))
  end)

  it("of a closed ring raises", function()
    local sqe = ring:get_sqe()
    ring:close()
    assert.error_matches(function() sqe:prep_nop() end,
      "attempt to use a closed ring")
    assert.error_matches(function() sqe:set_data(1) end,
      "attempt to use a closed ring")
  end)

  it("keeps its ring alive", function()
    local sqe = assert(uring.ring(2)):get_sqe()
    raw.collect()
    assert.equal(math.type(sqe:prep_nop()), "integer")
  end)

  it("may be prepared again before it is submitted", function()
    local sqe = raw.prepare(ring, "send", a, "never sent")
    sqe:prep_send(a, "sent")
    ring:submit()
    assert.equal(4, raw.take(ring))
    assert.equal("sent", raw.receive(ring, b, 4))
    assert.equal(-errno.EAGAIN, (rows.call(ring, "recv", b, uring.buffer(9),
      C.MSG_DONTWAIT)))
  end)

  it("lets go of what an earlier prep was given", function()
    local sqe = ring:get_sqe()
    local gone
    do
      local slice = uring.slice(("bytes"):rep(1000))
      gone = weak(slice)
      sqe:prep_send(a, slice)
    end
    raw.collect()
    assert.is_truthy(gone[1])
    sqe:prep_send(a, "other")
    raw.collect()
    assert.is_nil(gone[1])
  end)

  it("keeps its data when it is prepared again", function()
    local sqe = ring:get_sqe()
    sqe:set_data("data")
    sqe:prep_send(a, "x")
    ring:submit()
    assert.same({ 1, 0, "data" }, { raw.take(ring) })
  end)

  it("stays as it was where prep refuses an argument", function()
    local sqe = raw.prepare(ring, "send", a, "first")
    assert.error_matches(function() sqe:prep_send(a, 12) end,
      "send: bad argument 'data' %(string or uring.Buffer expected, got "
      .. "number%)")
    assert.equal("uring.SQE (send)", tostring(sqe))
    ring:submit()
    assert.equal(5, raw.take(ring))
  end)

  it("has a prep for each row, and no other", function()
    local sqe = ring:get_sqe()
    for _, row in ipairs(uring.ops) do
      assert.is_function(sqe["prep_" .. row.name])
    end
    assert.is_nil(sqe.prep_nonsense)
  end)
end)

describe("the flags of an SQE", function()
  local ring, a, b

  before_each(function()
    ring = assert(uring.ring(8))
    a, b = uring.socketpair()
  end)

  after_each(function()
    ring:close()
    uring.close(a)
    uring.close(b)
  end)

  it("are names, lists or integers", function()
    local sqe = ring:get_sqe()
    assert.equal(sqe, sqe:set_flags("io_link", "async"))
    sqe:set_flags({ "io_drain" }, C.IOSQE_ASYNC, "io_hardlink")
    sqe:set_flags()
    sqe:set_flags(nil)
    sqe:set_flags({})
  end)

  it("refuse what is no flag", function()
    local sqe = ring:get_sqe()
    assert.error_matches(function() sqe:set_flags("io_lnik") end,
      "set_flags: unknown flag 'io_lnik'")
    assert.error_matches(function() sqe:set_flags({ "async", "x" }) end,
      "set_flags: unknown flag 'x'")
    assert.error_matches(function() sqe:set_flags(true) end,
      "set_flags: unknown flag 'true'")
    assert.error_matches(function() sqe:set_flags(1.5) end,
      "set_flags: unknown flag '1.5'")
    assert.error_matches(function() sqe:set_flags(-1) end,
      "set_flags: unknown flags")
    assert.error_matches(function() sqe:set_flags(1 << 7) end,
      "set_flags: unknown flags 0x80")
  end)

  it("skip a CQE in a chain only: nobody else would say it is over", function()
    local sqe = ring:get_sqe()
    assert.error_matches(function() sqe:set_flags("cqe_skip_success") end,
      "set_flags: cqe_skip_success needs ring:chain")
  end)

  it("replace those that were set before", function()
    local first = raw.prepare(ring, "recv", b, uring.buffer(1))
    first:set_flags("io_link"):set_flags("async")
    ring:get_sqe():set_data("not linked")
    ring:submit()
    assert.equal("not linked", select(3, raw.take(ring)))
  end)

  it("stay when a row is prepared, and may be set before", function()
    local sqe = ring:get_sqe()
    sqe:set_flags("io_link"):prep_recv(b, uring.buffer(1))
    ring:get_sqe():prep_nop()
    ring:submit()
    assert.equal(0, ring:cq_ready()) -- the nop waits for the recv
    rows.raw("send", a, "x")
    assert.equal(1, rows.reap(ring, 2)[1].res)
  end)

  it("link a read to the write before it", function()
    local buffer = uring.buffer(10)
    raw.prepare(ring, "write", a, "linked"):set_flags("io_link")
      :set_data("write")
    raw.prepare(ring, "read", b, buffer):set_data("read")
    ring:submit()
    assert.same({ 6, 0, "write" }, { raw.take(ring) })
    local res, _, data = raw.take(ring)
    assert.same({ 6, "read" }, { res, data })
    assert.equal("linked", buffer:sub(1, 6))
  end)

  it("cancel what is linked to an op that fails", function()
    raw.prepare(ring, "read", rows.NOT_OPEN, uring.buffer(1))
      :set_flags("io_link")
    raw.prepare(ring, "send", a, "never")
    ring:submit()
    assert.equal(-errno.EBADF, (raw.take(ring)))
    assert.equal(-errno.ECANCELED, (raw.take(ring)))
  end)

  it("keep order with io_drain", function()
    raw.prepare(ring, "recv", b, uring.buffer(5)):set_data("first")
    ring:get_sqe():set_flags("io_drain"):set_data("last")
    ring:submit()
    assert.is_nil(ring:peek_cqe())
    local other <close> = assert(uring.ring(2))
    rows.call(other, "send", a, "hello")
    assert.equal("first", select(3, raw.take(ring)))
    assert.equal("last", select(3, raw.take(ring)))
  end)
end)

describe("the data of an SQE", function()
  local ring

  before_each(function() ring = assert(uring.ring(64)) end)
  after_each(function() ring:close() end)

  it("comes back as it was, whatever it is", function()
    local table_, function_ = {}, function() end
    local thread = coroutine.create(function_)
    local values = { false, true, 0, -1, 1.5, "", "text",
      table_, function_, thread, ring, io.stdout, math.maxinteger,
      math.mininteger, 1 << 62, uring.buffer(1), print }
    for _, value in ipairs(values) do
      local sqe = ring:get_sqe()
      assert.equal(sqe, sqe:set_data(value))
    end
    ring:submit()
    for _, value in ipairs(values) do
      local _, _, data = raw.take(ring)
      assert.is_true(rawequal(value, data))
      assert.equal(math.type(value), math.type(data))
    end
  end)

  it("is nil where none was set, or nil was", function()
    ring:get_sqe()
    ring:get_sqe():set_data(nil)
    ring:get_sqe():set_data("something"):set_data(nil)
    ring:submit()
    for _ = 1, 3 do
      assert.same({ 0, 0 }, { raw.take(ring) })
    end
  end)

  it("does not come back with the next op", function()
    ring:get_sqe():set_data("first")
    ring:submit()
    assert.equal("first", select(3, raw.take(ring)))
    ring:get_sqe()
    ring:submit()
    assert.is_nil(select(3, raw.take(ring)))
  end)

  it("lives until the final CQE, and no longer", function()
    local a, b = uring.socketpair()
    local gone
    do
      local data = {}
      gone = weak(data)
      raw.prepare(ring, "recv", b, uring.buffer(9)):set_data(data)
    end
    ring:submit()
    for _ = 1, 20 do collectgarbage() end
    assert.is_truthy(gone[1])
    raw.prepare(ring, "send", a, "x")
    ring:submit_and_wait(2)
    for _, _, data in ring:cqes() do
      assert.is_true(data == nil or data == gone[1])
    end
    raw.collect()
    assert.is_nil(gone[1])
    uring.close(a)
    uring.close(b)
  end)

  it("is let go when the ring closes", function()
    local a, b = uring.socketpair()
    local gone
    do
      local data = {}
      gone = weak(data)
      raw.prepare(ring, "recv", b, uring.buffer(9)):set_data(data)
    end
    ring:submit()
    ring:close()
    raw.collect()
    assert.is_nil(gone[1])
    uring.close(a)
    uring.close(b)
  end)

  it("is let go where it is replaced", function()
    local sqe = ring:get_sqe()
    local gone
    do
      local data = {}
      gone = weak(data)
      sqe:set_data(data)
    end
    sqe:set_data("other")
    raw.collect()
    assert.is_nil(gone[1])
  end)
end)
