--- What a ring may do and how: enabled, restricted, known by an index, given
-- other sizes, another clock; and all of it works as before.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local setupflags = require "uring.setupflags"
local u = require "uring"
local uring = require "uring.ring"

local C, errno, opcodes = uring.consts, uring.errno, uring.opcodes
local REGISTER_FILES, SYNC_CANCEL = 2, 24 -- IORING_REGISTER_*
local DEFER = { "single_issuer", "defer_taskrun" }

local refuse = calls.refuse
local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

-- Asserts that a call fails as it should.
local function assert_fails(ring, name, reason, method, ...)
  local code = assert(errno[name])
  assert.same({ nil, method .. ": " .. reason, code },
    { ring[method](ring, ...) })
end

-- How long a function takes, in seconds.
local function duration(body)
  local start = u.now()
  body()
  return u.now() - start
end

-- Does one op, whose SQE has these flags.
local function call(ring, flags, row, ...)
  raw.prepare(ring, row, ...):set_flags(flags)
  return rows.reap(ring, 1)[1].res
end

describe("enable_rings", function()
  it("is refused where the ring is enabled", function()
    for _, flags in ipairs { 0, C.IORING_SETUP_R_DISABLED } do
      local ring <close> = assert(uring.ring(4, { flags = flags }))
      if flags ~= 0 then assert.is_true(ring:enable_rings()) end
      assert_fails(ring, "EBADFD", "File descriptor in bad state",
        "enable_rings")
      assert.equal(0, (rows.call(ring, "nop")))
      assert.is_nil(ring:flags().r_disabled)
      assert.equal(0, ring:params().flags & C.IORING_SETUP_R_DISABLED)
    end
  end)
end)

describe("register_restrictions", function()
  local CALL = "register_restrictions"

  local function disabled()
    return assert(uring.ring(8, { flags = "r_disabled" }))
  end

  local function restricted(to)
    local ring = disabled()
    assert.is_true(ring:register_restrictions(to))
    assert.is_true(ring:enable_rings())
    return ring
  end

  it("lets some ops through, and no other register call", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    local ring <close> = restricted { register_ops = { SYNC_CANCEL },
      sqe_ops = { opcodes.nop, opcodes.send, opcodes.recv } }
    assert.equal(0, call(ring, nil, "nop"))
    assert.equal(1, call(ring, nil, "send", a, "x"))
    assert.equal(1, call(ring, nil, "recv", b, uring.buffer(1)))
    assert.equal(-errno.EACCES, call(ring, nil, "timeout", 0))
    assert.equal(-errno.EACCES, call(ring, nil, "write", a, "x"))
    assert_fails(ring, "EACCES", "Permission denied", "register_files", { a })
    assert_fails(ring, "EACCES", "Permission denied", "probe")
    assert_fails(ring, "EACCES", "Permission denied", "buf_ring",
      { bgid = 1, entries = 1, size = 1 })
    assert_fails(ring, "EACCES", "Permission denied", CALL, {})
    assert.equal(0, ring:in_flight())
  end)

  it("lets some register calls through, and no other op", function()
    local own <close> = rows.owner()
    local a = own(uring.socketpair())
    local ring <close> = restricted { register_ops = { REGISTER_FILES },
      sqe_ops = { opcodes.recv } }
    assert.is_true(ring:register_files { a })
    assert_fails(ring, "EACCES", "Permission denied", "unregister_files")
    assert.equal(-errno.EACCES, call(ring, nil, "nop"))
  end)

  it("lets some flags through, and wants others", function()
    local ring <close> = restricted {
      sqe_ops = { opcodes.nop },
      sqe_flags_required = "io_drain", sqe_flags_allowed = { "async" },
    }
    assert.equal(0, call(ring, "io_drain", "nop"))
    assert.equal(0, call(ring, { "io_drain", "async" }, "nop"))
    assert.equal(-errno.EACCES, call(ring, nil, "nop"))
    assert.equal(-errno.EACCES, call(ring, "async", "nop"))
    assert.equal(-errno.EACCES, call(ring, { "io_drain", "io_link" }, "nop"))
  end)

  it("is refused once the ring is enabled, and a second time", function()
    local ring <close>, plain = disabled(), rows.ring()
    local _guard <close> = plain
    assert_fails(plain, "EBADFD", "File descriptor in bad state", CALL,
      { sqe_ops = { opcodes.nop } })
    assert.equal(0, (rows.call(plain, "nop")))
    assert.is_true(ring:register_restrictions { sqe_ops = { opcodes.nop } })
    assert_fails(ring, "EBUSY", "Device or resource busy", CALL,
      { sqe_ops = { opcodes.recv } })
    assert.is_true(ring:enable_rings())
    assert.equal(0, call(ring, nil, "nop"))
  end)

  it("is refused for numbers that this kernel does not know", function()
    local ring <close> = disabled()
    assert_fails(ring, "EINVAL", "Invalid argument", CALL,
      { sqe_ops = { 250 } })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL,
      { register_ops = { 250 } })
    assert.is_true(ring:enable_rings())
    assert.equal(0, call(ring, nil, "nop"))
  end)

  it("names what is wrong", function()
    local ring <close> = disabled()
    local many = {}
    for i = 1, 257 do many[i] = opcodes.nop end
    for message, field in pairs {
      ["'sqe_ops' is out of range"] = { sqe_ops = { 256 } },
      ["'register_ops' is out of range"] = { register_ops = { "x" } },
      ["'sqe_ops' must be a list"] = { sqe_ops = 1 },
      ["more than 256"] = { sqe_ops = many },
      ["unknown flag 'nonsense'"] = { sqe_flags_allowed = "nonsense" },
      ["unknown flags 0x80"] = { sqe_flags_required = 128 },
      ["unknown field 'ops'"] = { ops = {} },
    } do
      local ok, found = pcall(ring.register_restrictions, ring, field)
      assert.same({ false, CALL .. ": " .. message }, { ok, found })
    end
    refuse(ring, CALL, 1, "table expected, got no value")
    assert.is_true(ring:enable_rings())
    assert.equal(0, call(ring, nil, "nop"))
  end)

  it("does not keep a ring from closing with ops in flight", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    for _, to in ipairs {
      { sqe_ops = { opcodes.recv, opcodes.cancel } },
      { sqe_ops = { opcodes.recv }, register_ops = { SYNC_CANCEL } },
      { sqe_ops = { opcodes.recv }, register_ops = { REGISTER_FILES } },
    } do
      local ring <close> = restricted(to)
      local buffer = uring.buffer(5)
      raw.prepare(ring, "recv", b, buffer)
      ring:submit()
      assert.is_true(duration(function() ring:close() end) < 5)
      process.await("the kernel has ended it", function()
        rows.raw("send", a, "hello")
        local found = uring.buffer(5)
        return rows.raw("recv", b, found, C.MSG_DONTWAIT) == 5
      end)
    end
  end)

  it("does not abort the process where such an op has a string", function()
    local closing <close> = process.lua { "-e", [[
      local uring = require "uring.ring"
      local a, b = uring.socketpair()
      local ring = uring.ring(4, { flags = "r_disabled" })
      assert(ring:register_restrictions { register_ops = { 2 },
        sqe_ops = { uring.opcodes.send } })
      assert(ring:enable_rings())
      local flags = uring.consts.MSG_WAITALL | uring.consts.MSG_NOSIGNAL
      ring:get_sqe():prep_send(a, ("x"):rep(1 << 22), flags)
      ring:submit()
      io.write(ring:in_flight(), " ")
      ring:close()
      io.write "closed"
    ]] }
    assert.same({ code = 0, out = "1 closed", err = "" }, closing:wait(5))
  end)
end)

describe("a ring that is known by an index", function()
  local bgid = 0 -- 6.1 does not forget the place in a group of that number

  -- Does what any ring does, and asserts that it does.
  local function assert_works(ring)
    bgid = bgid + 1
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    assert.is_true(ring:probe().nop)
    assert.is_true(ring:register_files { b })
    assert.is_true(ring:register_buffers { uring.buffer(8) })
    local buffers = assert(ring:buf_ring { bgid = bgid, entries = 1, size = 8 })
    raw.prepare(ring, "recv", 0, buffers):set_fixed_file()
    ring:submit()
    assert.equal(4, (rows.raw("send", a, "text")))
    local cqe = rows.reap(ring, 1)[1]
    assert.equal("text", buffers:string(cqe.flags, cqe.res))
    local _, id = raw.prepare(ring, "recv", b, uring.buffer(1))
    ring:submit()
    process.await("the SQ is empty", function()
      return ring:sq_ready() == 0 -- sqpoll has taken it
    end)
    assert.is_true(ring:register_sync_cancel { id = id })
    assert.equal(-errno.ECANCELED, rows.reap(ring, 1)[1].res)
    assert.same({ nil, "timeout", errno.ETIMEDOUT }, { ring:wait_cqe(0.001) })
    assert.is_true(ring:unregister_files())
    assert.is_true(ring:unregister_buffers())
    buffers:close()
  end

  it("works, and with its descriptor again", function()
    needs "5.19"
    local ring <close> = rows.ring()
    for _ = 1, 3 do
      assert.is_true(ring:register_ring_fd())
      assert_works(ring)
      assert.is_true(ring:unregister_ring_fd())
      assert_works(ring)
    end
  end)

  it("works without its descriptor", function()
    needs "6.3"
    for _, flags in ipairs { {}, DEFER, { "sqpoll" } } do
      local ring <close> = assert(uring.ring(8, { flags = flags }))
      local name = tostring(ring)
      assert.is_true(ring:register_ring_fd())
      assert.equal(name, tostring(ring))
      assert.is_true(ring:close_ring_fd())
      assert.matches("^uring%.Ring %(index %d+%)$", tostring(ring))
      assert.equal(-1, ring:fileno())
      assert_works(ring)
      assert.is_true(ring:close_ring_fd()) -- again: nothing
      ring:get_sqe():prep_timeout(1000)
      ring:submit()
    end
  end)

  it("gives its index back when it closes", function()
    needs "5.18"
    for i = 1, 100 do -- a process has 16 of them
      local ring <close> = assert(uring.ring(1))
      assert.is_true(ring:register_ring_fd())
      if i % 2 == 0 and setupflags.is_kernel "6.3" then
        assert.is_true(ring:close_ring_fd())
      end
      assert.equal(0, (rows.call(ring, "nop")))
    end
  end)

  it("has one, and only while there is any left", function()
    needs "5.18"
    local rings, failure = {}, nil
    for i = 1, 17 do
      rings[i] = assert(uring.ring(1))
      failure = { rings[i]:register_ring_fd() }
    end
    assert.same({ nil, "register_ring_fd: Device or resource busy",
      errno.EBUSY }, failure)
    assert.equal(0, (rows.call(rings[17], "nop")))
    assert_fails(rings[1], "EEXIST", "File exists", "register_ring_fd")
    for _, ring in ipairs(rings) do ring:close() end
  end)

  it("was registered before it gives its descriptor or its index up",
    function()
      local ring <close> = rows.ring()
      assert_fails(ring, "EINVAL", "Invalid argument", "unregister_ring_fd")
      assert_fails(ring, "EINVAL", "Invalid argument", "close_ring_fd")
      assert.equal(0, (rows.call(ring, "nop")))
    end)

  it("keeps its index where it has nothing else", function()
    needs "6.3"
    local ring <close> = rows.ring()
    ring:register_ring_fd()
    ring:close_ring_fd()
    assert.has_error(function() ring:unregister_ring_fd() end,
      "unregister_ring_fd: the ring has no descriptor")
    assert_fails(ring, "EEXIST", "File exists", "register_ring_fd")
    assert_works(ring)
  end)
end)

describe("resize_rings", function()
  local CALL = "resize_rings"

  local function open(flags)
    needs "6.13"
    local ring, message = uring.ring(4, { flags = flags
      or { "no_sqarray", table.unpack(DEFER) } })
    if not ring and message:find("needs Linux") then pending(message) end
    return assert(ring, message)
  end

  local function sizes(ring)
    local params = ring:params()
    return params.sq_entries, params.cq_entries
  end

  local function nops(ring, first, last)
    for i = first, last do assert(ring:get_sqe()):set_data(i) end
    return ring:submit()
  end

  local function assert_nops(ring, first, last)
    for i, cqe in ipairs(rows.reap(ring, last - first + 1)) do
      assert.same({ res = 0, flags = 0, data = first + i - 1 }, cqe)
    end
  end

  for _, flags in ipairs {
    { "no_sqarray" }, { "no_sqarray", "cqe32", "sqe128" },
    { "no_sqarray", "cqe_mixed" },
  } do
    table.move(DEFER, 1, 2, #flags + 1, flags)
    describe("of a ring with " .. table.concat(flags, ", "), function()
      it("makes it larger and smaller", function()
        local ring <close> = open(flags)
        for _, size in ipairs { 16, 2, 8, 1, 256, 4 } do
          assert.is_true(ring:resize_rings(size))
          assert.same({ size, 2 * size }, { sizes(ring) })
          assert.equal(size, ring:sq_space_left())
          for _ = 1, 3 do
            assert.equal(size, nops(ring, 1, size))
            assert_nops(ring, 1, size)
          end
        end
      end)

      it("keeps CQEs, SQEs and ops in flight", function()
        local own <close> = rows.owner()
        local a, b = own(uring.socketpair())
        local ring <close> = open(flags)
        local buffer = uring.buffer(5)
        raw.prepare(ring, "recv", b, buffer):set_data("recv")
        ring:submit()
        nops(ring, 1, 4)
        nops(ring, 5, 6)
        for i = 7, 9 do ring:get_sqe():set_data(i) end
        assert.equal(6, ring:cq_ready())
        assert.is_true(ring:resize_rings(32))
        assert.equal(0, ring:sq_ready())
        assert_nops(ring, 1, 9)
        assert.is_true(ring:resize_rings(1, 4))
        assert.equal(5, (rows.raw("send", a, "still")))
        assert.equal("recv", rows.reap(ring, 1)[1].data)
        assert.equal("still", buffer:tostring())
        assert.equal(0, ring:in_flight())
      end)
    end)
  end

  -- Kernels before 7.0 do not tell where the index array has gone.
  it("is refused where the SQ has an index array, and changes nothing",
    function()
      for _, flag in ipairs { "submit_all", "cqe32", "sqe128" } do
        local ring <close> = open { flag, table.unpack(DEFER) }
        ring:get_sqe():set_data(1)
        assert_fails(ring, "EOPNOTSUPP", "needs a ring with no_sqarray: "
          .. "Operation not supported", CALL, 16)
        assert.same({ 4, 8 }, { sizes(ring) })
        for i = 2, 4 do ring:get_sqe():set_data(i) end
        assert_nops(ring, 1, 4)
        assert.equal(4, nops(ring, 1, 4))
        assert_nops(ring, 1, 4)
      end
    end)

  it("sets the size of the CQ, and keeps what waits for room in it",
    function()
      local ring <close> = open()
      assert.is_true(ring:resize_rings(4, 64))
      assert.same({ 4, 64 }, { sizes(ring) })
      assert.is_true(ring:resize_rings(4, 4))
      for i = 0, 4 do nops(ring, 4 * i + 1, 4 * i + 4) end
      ring:submit_and_wait(0)
      assert.is_true(ring:cq_has_overflow())
      assert.is_true(ring:resize_rings(16))
      assert_nops(ring, 1, 20)
    end)

  it("leaves an SQE stale, and a CQE at the head of the CQ", function()
    local ring <close> = open()
    local sqe = ring:get_sqe():set_data(1)
    assert.is_true(ring:resize_rings(16))
    assert.error_matches(function() sqe:prep_nop() end, "stale SQE")
    local cqe = assert(ring:wait_cqe(10))
    assert.is_true(ring:resize_rings(2))
    assert.equal(1, cqe.data)
    ring:cqe_seen(cqe)
    assert.same({ 0, 0 }, { ring:cq_ready(), ring:in_flight() })
  end)

  it("is refused where the CQEs would have no room, and changes nothing",
    function()
      local ring <close> = open()
      nops(ring, 1, 4)
      ring:submit_and_wait(4)
      assert_fails(ring, "EOVERFLOW", "Value too large for defined data type",
        CALL, 1)
      assert_fails(ring, "EINVAL", "Invalid argument", CALL, 8, 4)
      assert.same({ 4, 8 }, { sizes(ring) })
      assert_nops(ring, 1, 4)
    end)

  for _, flags in ipairs { {}, { "single_issuer" }, { "sqpoll" },
    { "no_mmap", "no_sqarray", table.unpack(DEFER) },
  } do
    it("is refused with flags " .. table.concat(flags, ", "), function()
      local ring <close> = open(flags)
      assert_fails(ring, "EINVAL", "Invalid argument", CALL, 8)
      assert.same({ 4, 8 }, { sizes(ring) })
      assert.equal(0, (rows.call(ring, "nop")))
    end)
  end

  it("is refused where the ring has no descriptor, which stays as it was",
    function()
      local ring <close> = open()
      assert.is_true(ring:register_ring_fd())
      assert.is_true(ring:close_ring_fd())
      assert_fails(ring, "EBADF", "Bad file descriptor", CALL, 16)
      assert.equal(4, ring:sq_space_left())
      assert.equal(1, nops(ring, 1, 1))
      assert_nops(ring, 1, 1)
    end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    refuse(ring, CALL, 1, "number expected, got no value")
    for _, entries in ipairs { 0, -1, 32769 } do
      refuse(ring, CALL, 1, "out of range", entries)
    end
    for _, entries in ipairs { -1, 65537 } do
      refuse(ring, CALL, 2, "out of range", 1, entries)
    end
  end)
end)

describe("register_clock", function()
  it("is the clock of waits", function()
    needs "6.12"
    local ring <close> = rows.ring()
    for _, clock in ipairs { "boottime", "monotonic" } do
      assert.is_true(ring:register_clock(clock))
      local seconds = duration(function()
        assert.same({ nil, "timeout", errno.ETIMEDOUT },
          { ring:wait_cqe(0.02) })
      end)
      assert.is_true(0.02 <= seconds and seconds < 10)
      assert.equal(0, (rows.call(ring, "nop")))
    end
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    refuse(ring, "register_clock", 1, "invalid option 'realtime'", "realtime")
    refuse(ring, "register_clock", 1, "string expected, got no value")
  end)
end)
