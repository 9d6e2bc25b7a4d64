--- A ring is what was asked for, tells about itself, and closes cleanly.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

leaks.watch()

-- A newer liburing leaves out the index array of the SQ, unasked.
local NO_SQARRAY = 1 << 16

local function asked(ring)
  return ring:params().flags & ~NO_SQARRAY
end

describe("opening a ring", function()
  it("gives as many entries as asked, as a power of two", function()
    local ring <close> = assert(uring.ring(5))
    local params = ring:params()
    assert.equal(8, params.sq_entries)
    assert.equal(16, params.cq_entries)
  end)

  it("takes flags by name, as a list, or as an integer", function()
    for _, flags in ipairs {
      "single_issuer", { "single_issuer" }, C.IORING_SETUP_SINGLE_ISSUER,
    } do
      local ring <close> = assert(uring.ring(1, { flags = flags }))
      assert.same({ single_issuer = true }, ring:flags())
      assert.equal(C.IORING_SETUP_SINGLE_ISSUER, asked(ring))
    end
  end)

  it("takes several flags", function()
    local ring <close> = assert(uring.ring(1, {
      flags = { "single_issuer", "defer_taskrun", "submit_all" },
    }))
    assert.same({ single_issuer = true, defer_taskrun = true,
      submit_all = true }, ring:flags())
  end)

  it("sets no flag that nobody asked for", function()
    local ring <close> = assert(uring.ring(1))
    assert.same({}, ring:flags())
    assert.equal(0, asked(ring))
  end)

  it("sets the flag that an option needs", function()
    local ring <close> = assert(uring.ring(1, { cq_entries = 64 }))
    assert.same({ cqsize = true }, ring:flags())
    assert.equal(64, ring:params().cq_entries)
    local shared <close> = assert(uring.ring(1, { wq_fd = ring:fileno() }))
    assert.same({ attach_wq = true }, shared:flags())
  end)

  it("refuses flags that are none", function()
    for flags, message in pairs {
      single_issue = "ring: unknown flag 'single_issue'",
      [1 << 30] = "ring: unknown flags 0x40000000",
      [-1] = "ring: unknown flags",
      [1.0 + 0.5] = "ring: unknown flag '1.5'",
    } do
      assert.error_matches(function() uring.ring(1, { flags = flags }) end,
        message)
    end
    assert.error_matches(function()
      uring.ring(1, { flags = { "submit_all", "nonsense" } })
    end, "ring: unknown flag 'nonsense'")
    assert.error_matches(function() uring.ring(1, { flags = true }) end,
      "ring: unknown flag 'true'")
  end)

  it("refuses options that are none", function()
    assert.error_matches(function() uring.ring(1, { entries = 4 }) end,
      "ring: unknown field 'entries'")
    assert.error_matches(function() uring.ring(1, { "submit_all" }) end,
      "ring: unknown field '?'", 1, true)
    for _, value in ipairs { -1, 1 << 32, "many", 1.5 } do
      assert.error_matches(function() uring.ring(1, { cq_entries = value }) end,
        "ring: 'cq_entries' is out of range")
    end
    assert.error_matches(function() uring.ring(1, 12) end, "table expected")
  end)

  it("refuses entries that are none", function()
    for _, entries in ipairs { 0, -1, 1 << 32 } do
      assert.error_matches(function() uring.ring(entries) end,
        "entries out of range")
    end
    assert.error_matches(function() uring.ring() end, "number expected")
  end)

  it("says what the kernel says where that refuses", function()
    local ring, message, code = uring.ring(1 << 20)
    assert.is_nil(ring)
    assert.matches("^ring: Invalid argument", message)
    assert.equal(errno.EINVAL, code)
    ring, message, code = uring.ring(1, { wq_fd = rows.NOT_OPEN })
    assert.is_nil(ring)
    assert.equal("ring: No such device or address", message)
    assert.equal(errno.ENXIO, code)
  end)

  it("clamps what is too large where it was asked to", function()
    local ring <close> = assert(uring.ring(1 << 20, { flags = "clamp" }))
    assert.equal(32768, ring:params().sq_entries)
  end)
end)

describe("a ring", function()
  it("tells its parameters, with the offsets of both queues", function()
    local ring <close> = assert(uring.ring(8))
    local params = ring:params()
    for _, queue in ipairs { "sq_off", "cq_off" } do
      local off = params[queue]
      assert.is_true(off.ring_mask > 0)
      assert.not_equal(off.head, off.tail)
    end
    assert.equal(params.flags & NO_SQARRAY == 0, params.sq_off.array > 0)
    assert.is_true(params.sq_off.dropped > 0)
    assert.is_true(params.cq_off.cqes > 0)
    assert.is_true(params.cq_off.overflow > 0)
    assert.is_true(params.features > 0)
    assert.equal(0, params.wq_fd)
    assert.equal(0, params.sq_thread_cpu)
    assert.equal(0, params.sq_thread_idle)
  end)

  it("tells its features by name", function()
    local ring <close> = assert(uring.ring(8))
    local features = ring:features()
    assert.is_true(features.nodrop)
    assert.is_true(features.ext_arg)
    local bits = 0
    for name in pairs(features) do
      bits = bits | C["IORING_FEAT_" .. name:upper()]
    end
    assert.equal(bits, ring:params().features & bits)
  end)

  it("tells which rows this kernel has", function()
    local ring <close> = assert(uring.ring(8))
    local known = ring:probe()
    assert.is_true(known.nop)
    assert.is_true(known.recv)
    assert.is_nil(known.nonsense)
  end)

  it("has a descriptor that is readable when CQEs are there", function()
    local ring <close> = assert(uring.ring(8))
    local watcher <close> = assert(uring.ring(8))
    raw.prepare(watcher, "poll_add", ring:fileno(), C.POLLIN)
    watcher:submit()
    assert.is_nil(watcher:peek_cqe())
    ring:get_sqe()
    ring:submit()
    assert.equal(C.POLLIN, raw.take(watcher) & C.POLLIN)
  end)

  it("prints with its descriptor, or as closed", function()
    local ring = assert(uring.ring(1))
    assert.equal(("uring.Ring (fd %d)"):format(ring:fileno()), tostring(ring))
    ring:close()
    assert.equal("uring.Ring (closed)", tostring(ring))
  end)

  it("works with its descriptor registered", function()
    local ring <close> = assert(uring.ring(4))
    assert.is_true(ring:register_ring_fd())
    assert.equal(0, (rows.call(ring, "nop")))
  end)

  it("does not mind another", function()
    local one <close> = assert(uring.ring(4))
    local two <close> = assert(uring.ring(4))
    local a, b = uring.socketpair()
    local buffer = uring.buffer(5)
    raw.prepare(one, "recv", b, buffer):set_data("one")
    one:submit()
    raw.prepare(two, "send", a, "hello"):set_data("two")
    two:submit()
    assert.equal("two", select(3, raw.take(two)))
    assert.equal("one", select(3, raw.take(one)))
    assert.is_nil(two:peek_cqe())
    assert.equal("hello", buffer:tostring())
    uring.close(a)
    uring.close(b)
  end)

  for _, flags in ipairs {
    { "sqpoll" }, { "sqe128" }, { "cqe32" }, { "sqe128", "cqe32" },
    { "coop_taskrun", "taskrun_flag" },
    { "single_issuer", "defer_taskrun" },
  } do
    local name = table.concat(flags, " and ")
    it("does its work with " .. name, function()
      local ring <close> = assert(uring.ring(4, { flags = flags }))
      local a, b = uring.socketpair()
      for i = 1, 50 do
        local text = "message " .. i
        local buffer = uring.buffer(20)
        raw.prepare(ring, "recv", b, buffer):set_data("recv")
        raw.prepare(ring, "send", a, text):set_data("send")
        ring:submit()
        local res = {}
        for _ = 1, 2 do
          local count, _, data = raw.take(ring)
          res[data] = count
        end
        assert.same({ recv = #text, send = #text }, res)
        assert.equal(text, buffer:sub(1, #text))
      end
      raw.prepare(ring, "recv", b, uring.buffer(1))
      ring:submit()
      raw.prepare(ring, "recv", b, uring.buffer(1)) -- never submitted
      ring:close()
      uring.close(a)
      uring.close(b)
    end)
  end
end)

describe("a closed ring", function()
  it("raises whatever is asked of it", function()
    local ring = assert(uring.ring(1))
    ring:close()
    for _, method in ipairs {
      "get_sqe", "submit", "submit_and_wait", "peek_cqe", "wait_cqe",
      "cqe_seen", "cqes", "params", "features", "flags", "probe",
      "sq_space_left", "sq_ready", "cq_ready", "cq_has_overflow", "in_flight",
      "fileno", "register_ring_fd", "buf_ring",
    } do
      assert.error_matches(function() ring[method](ring, 0) end,
        "attempt to use a closed ring")
    end
  end)

  it("can be closed again", function()
    local ring = assert(uring.ring(1))
    ring:close()
    ring:close()
    local _again <close> = ring
  end)

  it("is what a failed setup leaves to the collector", function()
    for _ = 1, 100 do uring.ring(1 << 20) end
    raw.collect()
  end)

  it("is what the collector makes of one that nobody has", function()
    local descriptors = leaks.snapshot()
    for _ = 1, 10 do assert(uring.ring(1)) end
    raw.collect()
    assert.same({}, leaks.compare(descriptors))
  end)
end)

describe("closing a ring", function()
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

  it("never executes what was not submitted", function()
    local file <close> = temp.file("before")
    local fd = rows.raw("openat", C.AT_FDCWD, file.path, C.O_WRONLY)
    raw.prepare(ring, "write", fd, "AFTER", 0)
    ring:close()
    assert.equal("before", file:read())
    uring.close(fd)
  end)

  it("ends ops that wait for ever", function()
    local from, to = uring.pipe()
    local listener = uring.socket(C.AF_INET, C.SOCK_STREAM)
    uring.listen(listener)
    raw.prepare(ring, "recv", b, uring.buffer(10))
    raw.prepare(ring, "timeout", 1e9)
    raw.prepare(ring, "poll_add", b, C.POLLIN)
    raw.prepare(ring, "accept", listener)
    raw.prepare(ring, "multishot_accept", listener)
    raw.prepare(ring, "read", from, uring.buffer(1 << 20))
    raw.prepare(ring, "recv", a, uring.buffer(10)):set_flags("async")
    ring:submit()
    assert.equal(7, ring:in_flight())
    ring:close()
    for _, fd in ipairs { from, to, listener } do uring.close(fd) end
  end)

  it("ends an op that a worker thread of the kernel waits for", function()
    local fifo <close> = temp.fifo()
    raw.prepare(ring, "openat", C.AT_FDCWD, fifo.path):set_flags("async")
    raw.prepare(ring, "read", b, uring.buffer(5)):set_flags("async")
    ring:submit()
    ring:close()
  end)

  it("ends a send that waits for the reader", function()
    raw.fill(a)
    raw.prepare(ring, "send", a, ("x"):rep(100000))
    ring:submit()
    assert.is_nil(ring:peek_cqe())
    ring:close()
  end)

  it("ends chains of linked ops", function()
    raw.prepare(ring, "recv", b, uring.buffer(1)):set_flags("io_link")
    raw.prepare(ring, "send", b, "never"):set_flags("io_link")
    raw.prepare(ring, "timeout", 1e9)
    ring:submit()
    ring:close()
    local other <close> = assert(uring.ring(1))
    assert.equal(-errno.EAGAIN, (rows.call(other, "recv", a, uring.buffer(9),
      C.MSG_DONTWAIT)))
  end)

  it("closes a descriptor that an op gave to nobody", function()
    raw.prepare(ring, "openat", C.AT_FDCWD, "/dev/null")
    raw.prepare(ring, "socket", C.AF_INET, C.SOCK_STREAM)
    ring:submit_and_wait(2)
    ring:close() -- the watch after this test counts descriptors
  end)

  it("closes a connection that nobody took", function()
    local listener = uring.socket(C.AF_INET, C.SOCK_STREAM)
    uring.listen(listener)
    local client = uring.socket(C.AF_INET, C.SOCK_STREAM)
    raw.prepare(ring, "accept", listener)
    ring:submit()
    local other <close> = assert(uring.ring(1))
    local address = uring.getsockname(listener)
    rows.call(other, "connect", client, address)
    ring:submit_and_wait(1)
    ring:close()
    uring.close(listener)
    uring.close(client)
  end)

  it("leaves a descriptor alone that somebody took", function()
    local fd = rows.call(ring, "openat", C.AT_FDCWD, "/dev/null")
    ring:close()
    assert.is_true(uring.close(fd))
  end)

  it("leaves alone what a Buffer holds", function()
    local buffer = uring.buffer(5)
    raw.prepare(ring, "recv", b, buffer)
    ring:submit()
    ring:close()
    local other <close> = assert(uring.ring(1))
    rows.call(other, "send", a, "hello")
    assert.equal("\0\0\0\0\0", buffer:tostring())
    assert.equal(5, (rows.call(other, "recv", b, buffer)))
    assert.equal("hello", buffer:tostring())
  end)

  it("is what a close variable does, and an error in its block", function()
    local kept
    assert.error_matches(function()
      local own <close> = assert(uring.ring(2))
      kept = own
      raw.prepare(own, "timeout", 1e9)
      own:submit()
      error("on purpose")
    end, "on purpose")
    assert.equal("uring.Ring (closed)", tostring(kept))
  end)

  it("can be done where the kernel takes no SQE", function()
    local disabled = assert(uring.ring(4, { flags = "r_disabled" }))
    disabled:get_sqe()
    local count, message, code = disabled:submit()
    assert.is_nil(count)
    assert.equal("submit: the ring is disabled: enable_rings() comes first",
      message)
    assert.equal(errno.EBADFD, code)
    disabled:close()
  end)

  for name, flags in pairs {
    [""] = "'r_disabled'",
    [" of a kernel thread"] = "{ 'r_disabled', 'sqpoll' }",
  } do
    it("does not abort where such an SQE" .. name .. " has a string", function()
      local result = process.run { process.LUA, "-e", [[
        local uring = require "uring.ring"
        local ring = uring.ring(4, { flags = ]] .. flags .. [[ })
        ring:get_sqe():prep_send(0, "a string")
        ring:submit()
        ring:close()
      ]] }
      assert.same({ code = 0, out = "", err = "" }, result)
    end)

    it("closes its BufRings where such an SQE" .. name .. " is left", function()
      local result = process.run { process.LUA, "-e", [[
        local uring = require "uring.ring"
        local ring = uring.ring(4, { flags = ]] .. flags .. [[ })
        local buffers = ring:buf_ring { bgid = 1, entries = 2, size = 8 }
        ring:get_sqe()
        ring:submit()
        ring:close()
        assert(buffers:available() == 2)
        buffers:close()
      ]] }
      assert.same({ code = 0, out = "", err = "" }, result)
    end)
  end
end)
