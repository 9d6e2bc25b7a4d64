--- Proves ring:chain: ops that run one after the other, and the CQEs that
-- some of them skip.
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno
local EBADF, ECANCELED, EINVAL = errno.EBADF, errno.ECANCELED, errno.EINVAL
local NOT_OPEN, HARD, SKIP = rows.NOT_OPEN, "io_hardlink", "cqe_skip_success"
-- No clock has both; the kernel finds out before anything of a chain runs.
local REFUSED = { 2, "timeout", 1, 0,
  C.IORING_TIMEOUT_BOOTTIME | C.IORING_TIMEOUT_REALTIME }
local CLOSED = "attempt to use a closed ring"

leaks.watch()

-- A test with a ring and two sockets.
local function on_ring(body)
  return function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    body(ring, own(uring.socketpair()))
  end
end

-- Adds {data, row, ..., flags = flags} to a ring or a chain.
local function add(to, op)
  local sqe = to:get_sqe()
  local id = sqe["prep_" .. op[2]](sqe, table.unpack(op, 3))
  sqe:set_flags(op.flags):set_data(op[1])
  return id
end

-- Makes a chain of ops, whose ids it gives by their data.
local function link(ring, ops)
  local ids = {}
  assert.equal(#ops, ring:chain(function(c)
    for _, op in ipairs(ops) do ids[op[1]] = add(c, op) end
  end))
  return ids
end

-- Takes so many CQEs: results by their data, and the data in order.
local function results(ring, count)
  local found, order = {}, {}
  for i, cqe in ipairs(rows.reap(ring, count)) do
    found[cqe.data], order[i] = cqe.res, cqe.data
  end
  return found, order
end

-- These CQEs come and no others, and nothing is in flight then.
local function assert_ends(ring, wanted)
  local count = 0
  for _ in pairs(wanted) do count = count + 1 end
  assert.same(wanted, (results(ring, count)))
  ring:submit_and_wait(0)
  assert.same({ 0, 0 }, { ring:cq_ready(), ring:in_flight() })
end

local function assert_chain(ring, ops, wanted)
  local ids = link(ring, ops)
  ring:submit()
  assert_ends(ring, wanted)
  return ids
end

-- What does not end is waited for, a second at least.
local function assert_closes_at_once(ring)
  local before = core.now()
  ring:close()
  assert.is_true(core.now() - before < 900000000)
end

local function weak(...)
  return setmetatable({ ... }, { __mode = "v" })
end

describe("a chain", function()
  it("runs its ops in their order", on_ring(function(ring, a, b)
    local there, back = uring.buffer(4), uring.buffer(4)
    link(ring, { { 1, "send", a, "ping" }, { 2, "recv", b, there },
      { 3, "send", b, "pong" }, { 4, "recv", a, back } })
    local found, order = results(ring, 4)
    assert.same({ { 4, 4, 4, 4 }, { 1, 2, 3, 4 } }, { found, order })
    assert.same({ "ping", "pong" }, { there:tostring(), back:tostring() })
  end))

  it("lies in the SQ, all of it, until the submit", on_ring(function(ring)
    add(ring, { 1, "nop" })
    link(ring, { { 2, "nop" }, { 3, "nop" } })
    assert.same({ 3, 3, 0 },
      { ring:sq_ready(), ring:in_flight(), ring:cq_ready() })
    assert.equal(3, ring:submit())
    assert_ends(ring, { 0, 0, 0 })
  end))

  it("cancels the rest where an op fails", on_ring(function(ring)
    assert_chain(ring, { { 1, "nop" }, { 2, "close", NOT_OPEN },
      { 3, "nop", flags = HARD }, { 4, "nop" } },
      { 0, -EBADF, -ECANCELED, -ECANCELED })
  end))

  it("goes on behind io_hardlink, come what may", on_ring(function(ring)
    assert_chain(ring, { { 1, "close", NOT_OPEN, flags = HARD },
      { 2, "close", NOT_OPEN, flags = HARD }, { 3, "nop" }, { 4, "nop" } },
      { -EBADF, -EBADF, 0, 0 })
  end))

  it("has no hold on what is behind it", on_ring(function(ring)
    for _, flag in ipairs { "io_link", HARD } do
      link(ring, { { 1, "nop" }, { 2, "close", NOT_OPEN, flags = flag } })
      add(ring, { 3, "nop" })
      assert_ends(ring, { 0, -EBADF, 0 })
    end
  end))

  it("runs no op where the kernel refuses one", on_ring(function(ring, a, b)
    assert_chain(ring, { { 1, "send", a, "x" }, REFUSED, { 3, "nop" } },
      { -ECANCELED, -EINVAL, -ECANCELED })
    assert.equal(-errno.EAGAIN,
      (rows.raw("recv", b, uring.buffer(1), C.MSG_DONTWAIT)))
  end))

  it("waits for an op, which may be cancelled", on_ring(function(ring, a)
    local ids = link(ring, { { 1, "nop" }, { 2, "recv", a, uring.buffer(1) },
      { 3, "nop" } })
    ring:submit_and_wait(0)
    assert.same({ 1, 3 }, { ring:cq_ready(), ring:in_flight() })
    add(ring, { 4, "cancel", ids[2] })
    assert_ends(ring, { 0, -ECANCELED, -ECANCELED, 0 })
  end))

  it("ends with its ring, wherever it is", on_ring(function(ring, a)
    local gone
    do
      local data = { {}, {}, {} }
      gone = weak(table.unpack(data))
      link(ring, { { data[1], "recv", a, uring.buffer(1) },
        { data[2], "send", a, uring.slice("never sent") } })
      ring:submit_and_wait(0)
      link(ring, { { data[3], "nop" }, { "not submitted", "nop" } })
    end
    assert_closes_at_once(ring)
    raw.collect()
    assert.same({}, gone)
  end))

end)

describe("the room for a chain", function()
  it("is made by a submit of what was there before", function()
    local ring <close> = assert(uring.ring(4))
    local before = ring:get_sqe():set_data(1)
    for i = 2, 3 do add(ring, { i, "nop" }) end
    link(ring, { { 4, "nop" }, { 5, "nop" } })
    assert.same({ 3, 2 }, { ring:cq_ready(), ring:sq_ready() })
    assert.error_matches(function() before:prep_nop() end, "stale SQE")
    assert_ends(ring, { 0, 0, 0, 0, 0 })
  end)

  it("may be anywhere in the SQ, all of it, and no more", function()
    local ring <close> = assert(uring.ring(4))
    for _ = 1, 5 do
      assert_chain(ring, { { 1, "close", NOT_OPEN }, { 2, "nop" },
        { 3, "nop" } }, { -EBADF, -ECANCELED, -ECANCELED })
    end
    local ops = { { 1, "nop" }, { 2, "nop" }, { 3, "nop" }, { 4, "nop" } }
    assert_chain(ring, ops, { 0, 0, 0, 0 })
    ops[5] = { 5, "nop" }
    assert.error_matches(function() link(ring, ops) end,
      "chain: no room for 5 SQEs: the SQ has 4 entries")
    assert.same({ 0, 0 }, { ring:in_flight(), ring:sq_ready() })
    assert_chain(ring, { { 1, "nop" } }, { 0 })
    assert_chain(ring, {}, {})
  end)

  it("is made where the kernel refuses what was there before", function()
    local ring <close> = assert(uring.ring(4))
    for _, op in ipairs { REFUSED, { 1, "nop" }, { 3, "nop" } } do
      add(ring, op)
    end
    assert_chain(ring, { { 4, "nop" }, { 5, "nop" }, { 6, "nop" } },
      { 0, -EINVAL, 0, 0, 0, 0 })
  end)
end)

describe("the function that makes a chain", function()
  -- One that has yielded, and the data of its first op.
  local function suspend(ring, a, b)
    local data = {}
    local thread = coroutine.create(function()
      ring:chain(function(c)
        add(c, { data, "send", a, uring.slice("text") })
        add(c, { 2, "recv", b, uring.buffer(4) })
        coroutine.yield()
        add(c, { 3, "nop" })
      end)
    end)
    assert(coroutine.resume(thread))
    assert.equal(2, ring:in_flight())
    return thread, weak(data)
  end

  it("must be one, and may raise", on_ring(function(ring)
    assert.error_matches(function() ring:chain {} end, "function expected")
    local problem = {}
    local ok, value = pcall(ring.chain, ring, function(c)
      for i = 1, 20 do add(c, { i, "nop" }) end -- more than there is room for
      error(problem)
    end)
    assert.is_true(not ok and rawequal(problem, value))
    assert.same({ 0, 0 }, { ring:in_flight(), ring:sq_ready() })
    assert_chain(ring, { { 1, "nop" } }, { 0 })
  end))

  it("gets what is of no use after it", on_ring(function(ring)
    local kept, sqe
    for _, ending in ipairs { function() end, error } do
      pcall(ring.chain, ring, function(c)
        kept, sqe = c, c:get_sqe()
        c:get_sqe()
        assert.equal("uring.Chain (2 SQEs)", tostring(c))
        ending()
      end)
      assert.equal("uring.Chain (complete)", tostring(kept))
      assert.equal("uring.SQE (stale)", tostring(sqe))
      assert.error_matches(function() kept:get_sqe() end,
        "the chain is complete")
      assert.error_matches(function() sqe:set_data(1) end, "stale SQE")
      assert.equal(2, ring:in_flight())
    end
  end))

  it("may use the ring, and make another chain", on_ring(function(ring)
    ring:chain(function(c)
      add(c, { 4, "nop" })
      add(ring, { 1, "nop" })
      link(ring, { { 2, "nop" }, { 3, "nop" } })
      assert.same({ 1, 2, 3 }, (select(2, results(ring, 3))))
      assert.error_matches(function() c:get_sqe128() end, "get_sqe128: ")
      add(c, { 5, "nop" })
    end)
    assert.same({ 4, 5 }, (select(2, results(ring, 2))))
  end))

  it("may close the ring", on_ring(function(ring)
    local sqe
    assert.error_matches(function()
      ring:chain(function(c)
        sqe = c:get_sqe()
        ring:close()
        assert.error_matches(function() c:get_sqe() end, CLOSED)
      end)
    end, CLOSED)
    assert.error_matches(function() sqe:prep_nop() end, CLOSED)
    assert.error_matches(function() ring:chain(print) end, CLOSED)
  end))

  it("cannot close the chain", on_ring(function(ring)
    assert.error_matches(function()
      ring:chain(function(c)
        c:get_sqe()
        local _chain <close> = c
      end)
    end, "the chain is complete")
    assert.equal(0, ring:in_flight())
  end))

  it("may yield while others use the ring", on_ring(function(ring, a, b)
    local thread = suspend(ring, a, b)
    add(ring, { 1, "nop" })
    assert.same({ 0 }, (results(ring, 1)))
    assert(coroutine.resume(thread))
    assert.equal("dead", coroutine.status(thread))
    local found = rows.reap(ring, 3)
    assert.same({ 4, 4, 0 }, { found[1].res, found[2].res, found[3].res })
  end))

  it("may be closed, forgotten, or left without its ring", function()
    for _, ending in ipairs { coroutine.close, function() end,
      function(thread, ring)
        assert_closes_at_once(ring)
        local ok, message = coroutine.resume(thread)
        assert.is_false(ok)
        assert.matches(CLOSED, message)
      end } do
      on_ring(function(ring, a, b)
        local gone
        do
          local thread, data = suspend(ring, a, b)
          gone = data
          raw.collect()
          assert.is_table(gone[1])
          ending(thread, ring)
        end
        raw.collect()
        assert.same({}, gone)
        local open, count = pcall(ring.in_flight, ring)
        assert.is_true(not open or count == 0)
      end)()
    end
  end)
end)

describe("a CQE that is skipped", function()
  if rows.is_newer "5.17" then return pending("needs Linux 5.17") end

  it("is that of an op which succeeds", on_ring(function(ring, a, b)
    local buffer = uring.buffer(4)
    assert_chain(ring, { { 1, "nop", flags = SKIP },
      { 2, "send", a, "text", flags = { SKIP, "async" } },
      { 3, "recv", b, buffer } }, { [3] = 4 })
    assert.equal("text", buffer:tostring())
  end))

  it("leaves it to the last to let go", on_ring(function(ring, a, b)
    local gone
    do
      local data, slice = {}, uring.slice("text")
      gone = weak(data, slice)
      link(ring, { { data, "send", a, slice, flags = SKIP },
        { 2, "recv", b, uring.buffer(4), flags = SKIP },
        { 3, "recv", a, uring.buffer(1) } })
    end
    ring:submit_and_wait(0)
    rows.raw("send", b, "x")
    assert.equal(0, ring:submit_and_wait(1))
    raw.collect()
    assert.same({ 2, 1, 3 }, { #gone, ring:cq_ready(), ring:in_flight() })
    assert.same({ 1, 0, 3 }, { raw.take(ring) })
    raw.collect()
    assert.same({ {}, 0 }, { gone, ring:in_flight() })
  end))

  it("comes where it fails, and no other then", on_ring(function(ring)
    assert_chain(ring, { { 1, "nop", flags = SKIP },
      { 2, "close", NOT_OPEN, flags = SKIP }, { 3, "nop", flags = SKIP },
      { 4, "nop" } }, { [2] = -EBADF })
  end))

  it("comes where a read is short", on_ring(function(ring)
    local own <close> = rows.owner()
    local file <close> = temp.file("123")
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    local ops = { { 1, "read", fd, uring.buffer(8), 0, flags = SKIP },
      { 2, "nop", flags = SKIP }, { 3, "nop" } }
    assert_chain(ring, ops, { 3 })
    ops[1][4] = uring.buffer(3)
    assert_chain(ring, ops, { [3] = 0 })
  end))

  it("is one of the first", on_ring(function(ring)
    local ops = { { 1, "nop", flags = SKIP }, { 2, "close", NOT_OPEN },
      { 3, "nop", flags = SKIP }, { 4, "nop" } }
    assert.error_matches(function() link(ring, ops) end,
      "chain: nop cannot skip its CQE behind one that does not")
    assert.same({ 0, 0 }, { ring:in_flight(), ring:sq_ready() })
    ops[3].flags = nil
    assert_chain(ring, ops, { [2] = -EBADF, [3] = -ECANCELED,
      [4] = -ECANCELED })
  end))

  it("comes where it is cancelled", on_ring(function(ring, a)
    local ids = link(ring, { { 1, "nop", flags = SKIP },
      { 2, "recv", a, uring.buffer(1), flags = SKIP },
      { 3, "nop", flags = SKIP }, { 4, "nop" } })
    ring:submit()
    add(ring, { 5, "cancel", ids[2] })
    assert_ends(ring, { [2] = -ECANCELED, [5] = 0 })
  end))

  it("is none of some ops", on_ring(function(ring, a)
    for message, op in pairs {
      nop = { 1, "nop", flags = SKIP },
      fsync = { 1, "fsync", a, flags = SKIP },
      link_timeout = { 1, "link_timeout", 1, flags = SKIP },
      poll_multishot = { 1, "poll_multishot", a, 1, flags = SKIP },
      send_zc = { 1, "send_zc", a, "x", flags = SKIP },
    } do
      local last = op[2] ~= "nop" and { 2, "nop" } or nil
      assert.error_matches(function() link(ring, { op, last }) end,
        "chain: " .. message .. " cannot skip its CQE")
    end
    assert.error_matches(function()
      link(ring, { { 1, "nop", flags = SKIP }, { 2, "link_timeout", 1 } })
    end, "chain: nop cannot skip its CQE with a link_timeout")
    assert.same({ 0, 0 }, { ring:in_flight(), ring:sq_ready() })
  end))

  it("keeps no ring from closing", function()
    for waits = 1, 4 do
      on_ring(function(ring, a)
        local ops = {}
        for i = 1, 4 do ops[i] = { i, "nop", flags = i < 4 and SKIP or nil } end
        table.move({ "recv", a, uring.buffer(1) }, 1, 3, 2, ops[waits])
        link(ring, ops)
        ring:submit_and_wait(0)
        assert.equal(4, ring:in_flight())
        assert_closes_at_once(ring)
      end)()
    end
  end)

  it("is skipped where SQEs are wide", function()
    local ring <close> = assert(uring.ring(4, { flags = "sqe128" }))
    for _ = 1, 3 do
      assert_chain(ring, { { 1, "nop", flags = SKIP },
        { 2, "close", NOT_OPEN }, { 3, "nop" } },
        { [2] = -EBADF, [3] = -ECANCELED })
    end
  end)

  it("is not skipped where a thread submits, or a link is hard", function()
    local ring <close> = assert(uring.ring(4, { flags = "sqpoll" }))
    local ops = { { 1, "nop", flags = SKIP }, { 2, "nop" } }
    assert.error_matches(function() link(ring, ops) end,
      "chain: nop cannot skip its CQE on a ring with sqpoll")
    local other <close> = assert(uring.ring(4))
    ops[2].flags = HARD
    ops[3] = { 3, "nop" }
    assert.error_matches(function() link(other, ops) end,
      "chain: an op of a chain with io_hardlink cannot skip its CQE")
  end)

  -- Either the chain is refused, or these CQEs come.  With 'waits', the
  -- op 3 is cancelled after so many.
  local function assert_sound(ring, ops, wanted, waits)
    local ok, ids = pcall(link, ring, ops)
    if not ok then
      assert.matches("chain: .*cannot skip its CQE", ids)
      return assert.equal(0, ring:in_flight())
    end
    ring:submit_and_wait(waits or 0)
    if waits then add(ring, { 9, "cancel", ids[3] }) end
    assert_ends(ring, wanted)
  end

  for _, op in ipairs {
    { 2, "send", false, uring.buffer(1), ends = 1 },
    { 2, "close", NOT_OPEN, flags = HARD, ends = -EBADF },
    { 2, "link_timeout", 100, ends = -ECANCELED },
    { 2, "timeout", 0, 0, C.IORING_TIMEOUT_ETIME_SUCCESS,
      ends = -errno.ETIME },
  } do
    it("comes where it is cancelled behind one of " .. op[2],
      on_ring(function(ring, a)
        op[3] = op[3] or a
        assert_sound(ring, { { 1, "nop" }, op,
          { 3, "recv", a, uring.buffer(1), flags = SKIP }, { 4, "nop" } },
          { 0, op.ends, -ECANCELED, [9] = 0 }, 2)
      end))
  end

  for number, ops in ipairs {
    { { 1, "nop", flags = SKIP }, REFUSED, { 3, "nop" },
      ends = { -ECANCELED } },
    { { 1, "nop", flags = { SKIP, HARD } }, REFUSED, { 3, "nop" },
      ends = { -ECANCELED } },
    { { 1, "nop" }, { flags = SKIP, table.unpack(REFUSED) }, { 3, "nop" },
      ends = { -ECANCELED, -EINVAL, -ECANCELED } },
    { { flags = { SKIP, HARD }, table.unpack(REFUSED) }, { 3, "nop" },
      ends = { [2] = -EINVAL } },
  } do
    it("comes where the kernel refuses an op, case " .. number,
      on_ring(function(ring) assert_sound(ring, ops, ops.ends) end))
  end

  it("is none of an op that has failed", on_ring(function(ring)
    local name <close> = temp.name()
    assert_sound(ring, { { 1, "unlinkat", C.AT_FDCWD, name.path,
      flags = SKIP }, { 2, "nop" } }, { -errno.ENOENT })
  end))

  it("is none that tells of a buffer", on_ring(function(ring, a)
    local bufring = ring:buf_ring { bgid = 1, entries = 2, size = 8 }
    if not bufring then return pending("needs Linux 5.19") end
    assert.error_matches(function()
      link(ring, { { 1, "recv", a, bufring, flags = SKIP }, { 2, "nop" } })
    end, "chain: recv cannot skip its CQE")
  end))

  it("is told from one of an SQE linked by hand", on_ring(function(ring)
    add(ring, { 1, "close", NOT_OPEN, flags = "io_link" })
    assert.error_matches(function()
      link(ring, { { 2, "nop", flags = SKIP }, { 3, "nop" } })
    end, "chain: the SQE before it has a link")
  end))
end)
