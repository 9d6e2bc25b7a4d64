--- Register calls that few machines have a use for: network cards that
-- receive without a copy or are polled, filters; and those without a ring.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local setupflags = require "uring.setupflags"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno
local LOOPBACK = 1 -- the network card that is none
local NO_CARD = 1 << 20

local refuse = calls.refuse
local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

-- Asserts how a call without a ring, or with one, fails.
local function assert_fails(name, message, ...)
  assert.same({ nil, message, assert(errno[name]) }, { ... })
end

-- What a kernel says of a call that it does not have.
local function assert_too_old(call, version, ...)
  local value, message, code = ...
  assert.is_nil(value)
  assert.matches(("^%s: needs Linux %s; this is %%d+%%.%%d+"):format(call,
    version:gsub("%p", "%%%0")), message)
  assert.equal(errno.EINVAL, code)
end

describe("register_ifq", function()
  local WHAT = "register_ifq (it needs a network card with header split): "

  local function open()
    return assert(uring.ring(4, { flags = { "single_issuer",
      "defer_taskrun", "cqe32" } }))
  end

  it("is refused for a card that cannot do it, or that is not there",
    function()
      needs "6.15"
      local ring <close> = open()
      assert_fails("EOPNOTSUPP", WHAT .. "Operation not supported",
        ring:register_ifq { if_idx = LOOPBACK })
      assert_fails("ENODEV", WHAT .. "No such device",
        ring:register_ifq { if_idx = NO_CARD, if_rxq = 3, rq_entries = 3 })
      assert.equal(0, (rows.call(ring, "nop")))
    end)

  it("is refused where the ring has no large CQEs", function()
    needs "6.15"
    local ring <close> = rows.ring()
    assert_fails("EINVAL", WHAT .. "Invalid argument",
      ring:register_ifq { if_idx = LOOPBACK })
  end)

  it("keeps nothing where it is refused", function()
    needs "6.15"
    local function mapped()
      raw.collect()
      local status <close> = assert(io.open("/proc/self/status"))
      return 1024 * status:read("a"):match("VmSize:%s*(%d+) kB")
    end
    local ring <close> = open()
    local options = { if_idx = NO_CARD, rq_entries = 8192 } -- 32 MiB
    ring:register_ifq(options)
    local before = mapped()
    for _ = 1, 8 do ring:register_ifq(options) end
    assert.is_true(mapped() - before < 1 << 26)
    assert.error_matches(function() ring:get_sqe():set_buf_group(65535) end,
      "no buffer ring of this ring")
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    for field, values in pairs {
      if_idx = { -1, "lo", 1.5, 1 << 31 }, if_rxq = { -1 },
      rq_entries = { 0, 32769, -1 }, flags = { -1, 1 << 31 }, queue = { 1 },
    } do
      for _, value in ipairs(values) do
        local options = { if_idx = LOOPBACK }
        options[field] = value
        local ok, message = pcall(ring.register_ifq, ring, options)
        assert.is_false(ok)
        assert.matches("^register_ifq: .*'" .. field .. "'", message)
      end
    end
    assert.error_matches(function() ring:register_ifq {} end,
      "^register_ifq: no 'if_idx'")
    refuse(ring, "register_ifq", 1, "table expected, got no value")
  end)
end)

describe("register_zcrx_ctrl", function()
  it("is refused for a queue that there is not", function()
    local ring <close> = rows.ring()
    if not setupflags.is_kernel "6.19" then
      return assert_too_old("register_zcrx_ctrl", "6.19",
        ring:register_zcrx_ctrl(0, "flush_rq"))
    end
    assert_fails("ENXIO", "register_zcrx_ctrl: No such device or address",
      ring:register_zcrx_ctrl(0, "flush_rq"))
    assert.equal(0, (rows.call(ring, "nop")))
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local call = "register_zcrx_ctrl"
    refuse(ring, call, 1, "out of range", -1, "flush_rq")
    refuse(ring, call, 1, "number expected, got string", "flush_rq")
    refuse(ring, call, 2, "invalid option 'flush'", 0, "flush")
  end)
end)

describe("register_bpf_filter", function()
  -- struct sock_filter: return a number, which says whether an op may pass.
  local function returns(number)
    return ("I2 B B I4"):pack(0x06, 0, 0, number)
  end

  it("lets ops pass for which a program returns 1, or says it cannot",
    function()
      local ring <close> = rows.ring()
      if not setupflags.is_kernel "7.0" then
        return assert_too_old("register_bpf_filter", "7.0",
          ring:register_bpf_filter(uring.opcodes.nop, returns(0)))
      end
      local done, message, code = ring:register_bpf_filter(
        uring.opcodes.nop, returns(0))
      if code == errno.EINVAL then pending(message) end
      assert.is_true(done, message)
      assert.equal(-errno.EACCES, (rows.call(ring, "nop")))
      assert.equal(-errno.ETIME, (rows.call(ring, "timeout", 0)))
      ring:register_bpf_filter(uring.opcodes.timeout, returns(1))
      assert.equal(-errno.ETIME, (rows.call(ring, "timeout", 0)))
    end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local call, one = "register_bpf_filter", returns(1)
    local no_program = "not an array of instructions of 8 bytes"
    refuse(ring, call, 1, "out of range", -1, one)
    refuse(ring, call, 1, "out of range", 256, one)
    refuse(ring, call, 2, no_program, 0, "")
    refuse(ring, call, 2, no_program, 0, one .. "x")
    refuse(ring, call, 2, no_program, 0, one:rep(4097))
    refuse(ring, call, 2, "string expected, got no value", 0)
    refuse(ring, call, 3, "out of range", 0, one, -1)
  end)
end)

describe("register_napi", function()
  it("is taken back, and sockets work as before", function()
    needs "6.9"
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    local ring <close> = rows.ring()
    for _, prefer in ipairs { false, true } do
      local done, message, code = ring:register_napi(0.0001, prefer)
      if code == errno.EINVAL then pending(message) end
      assert.is_true(done)
      assert.equal(1, (rows.call(ring, "send", a, "x")))
      assert.equal(1, (rows.call(ring, "recv", b, uring.buffer(1))))
      assert.is_true(ring:unregister_napi())
    end
  end)

  it("is refused where the ring polls for I/O", function()
    needs "6.9"
    local ring <close> = assert(uring.ring(4, { flags = "iopoll" }))
    assert_fails("EINVAL", "register_napi: Invalid argument",
      ring:register_napi(0.1))
    assert.equal(0, (rows.call(ring, "nop")))
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    for _, seconds in ipairs { -1, 4294, 0 / 0 } do
      refuse(ring, "register_napi", 1, "seconds out of range", seconds)
    end
    refuse(ring, "register_napi", 1, "number expected, got no value")
  end)
end)

describe("register_sync_msg", function()
  local CALL = "register_sync_msg: "

  it("posts a CQE to a ring, and needs none of its own", function()
    needs "6.13"
    for _, flags in ipairs { {}, { "single_issuer", "defer_taskrun" },
      { "sqpoll" }, { "cqe32" },
    } do
      local ring <close> = assert(uring.ring(4, { flags = flags }))
      for _, data in ipairs { 0, 8, -1, (1 << 62) - 1, math.mininteger } do
        assert.is_true(uring.register_sync_msg(ring:fileno(), -5, data))
        assert.same({ res = -5, flags = 0, data = data },
          rows.reap(ring, 1)[1])
      end
      assert.equal(0, ring:in_flight())
    end
  end)

  it("wakes who waits on that ring", function()
    needs "6.13"
    local ring <close> = rows.ring()
    local watcher <close> = rows.ring()
    rows.start(watcher, "poll_add", ring:fileno(), C.POLLIN)
    assert.is_nil(watcher:peek_cqe())
    uring.register_sync_msg(ring:fileno(), 1, 2)
    assert.equal("poll_add", rows.reap(watcher, 1)[1].data)
  end)

  it("is refused for what is no ring, or takes nothing yet", function()
    needs "6.13"
    local own <close> = rows.owner()
    local from = own(uring.pipe())
    local ring <close> = assert(uring.ring(4, { flags = "r_disabled" }))
    local bad_state = CALL .. "File descriptor in bad state"
    assert_fails("EBADF", CALL .. "Bad file descriptor",
      uring.register_sync_msg(rows.NOT_OPEN, 1, 2))
    assert_fails("EBADFD", bad_state, uring.register_sync_msg(from, 1, 2))
    assert_fails("EBADFD", bad_state,
      uring.register_sync_msg(ring:fileno(), 1, 2))
    assert.is_true(ring:enable_rings())
    assert_fails("EINVAL", CALL .. "Invalid argument",
      uring.register_sync_msg(ring:fileno(), 1, 2, 99))
    assert.is_true(uring.register_sync_msg(ring:fileno(), 1, 2))
    assert.equal(2, rows.reap(ring, 1)[1].data)
  end)

  it("says where this kernel is too old", function()
    if setupflags.is_kernel "6.13" then pending("it is not") end
    local ring <close> = rows.ring()
    assert_too_old("register_sync_msg", "6.13",
      uring.register_sync_msg(ring:fileno(), 1, 2))
  end)

  it("names what is wrong", function()
    for index, arguments in pairs {
      { -1, 0, 0 }, { 0, 1 << 31, 0 }, { 0, 0, 1 << 62 }, { 0, 0, 0, -1 },
    } do
      assert.error_matches(function()
        uring.register_sync_msg(table.unpack(arguments))
      end, "bad argument #" .. index .. " to '[%w_.]+' %(")
    end
    assert.error_matches(function() uring.register_sync_msg(0, 0) end,
      "number expected, got no value")
  end)
end)

describe("register_query", function()
  it("tells what this kernel has", function()
    local found, message, code = uring.register_query()
    if not found then
      return assert_too_old("register_query", "6.18", found, message, code)
    end
    local ring <close> = rows.ring()
    local last = 0
    for row in pairs(ring:probe()) do
      last = math.max(last, uring.opcodes[row])
    end
    assert.is_true(found.request_opcodes > last)
    for _, call in ipairs(uring.registers) do
      if setupflags.is_kernel(call.since) then
        assert.is_true(found.register_opcodes > call.opcode, call.name)
      end
    end
    assert.is_true(found.query_opcodes > 0 and found.enter_flags > 0)
    assert.same(ring:features(), found.features)
    assert.same(setupflags.known(), found.setup_flags)
    assert.is_true(found.sqe_flags.cqe_skip_success)
    assert.is_true(found.setup_flags.cqe_mixed)
  end)

  it("agrees with what a ring can be set up with", function()
    local found = uring.register_query()
    if not found then pending("needs Linux 6.18") end
    for flag in pairs(found.setup_flags) do
      local needed = { sq_aff = "sqpoll", taskrun_flag = "coop_taskrun",
        defer_taskrun = "single_issuer", registered_fd_only = "no_mmap",
        hybrid_iopoll = "iopoll", sq_rewind = "no_sqarray" }
      local other <close> = rows.ring()
      local ring <close>, message = uring.ring(4, {
        flags = { flag, needed[flag] }, cq_entries = 8,
        wq_fd = flag == "attach_wq" and other:fileno() or nil })
      assert.is_userdata(ring, message)
    end
  end)
end)
