--- What a ring tells others and asks of them: eventfds count its CQEs, ops
-- act for somebody, workers keep to their processors, a cancel waits.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno, opcodes = uring.consts, uring.errno, uring.opcodes
local ERESTARTSYS = 512 -- what a worker says when it is interrupted
local MADV_DONTNEED, MADV_POPULATE_WRITE = 4, 23

local assert_fails, refuse = calls.assert_fails, calls.refuse
local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

describe("an eventfd", function()
  local own, ring, fd, other

  before_each(function()
    own = rows.owner()
    fd = own(uring.eventfd())
    ring, other = rows.ring(), rows.ring()
  end)

  after_each(function()
    ring:close()
    other:close()
    getmetatable(own).__close(own)
  end)

  -- What it has counted since the last time; 0: it is not readable.
  local function count()
    raw.prepare(other, "poll_add", fd, C.POLLIN):set_data("poll")
    assert(other:submit())
    local cqe = other:peek_cqe()
    if not cqe then
      rows.start(other, "cancel_fd", fd)
      rows.reap(other, 2)
      return 0
    end
    other:cqe_seen(cqe)
    local buffer = uring.buffer(8)
    assert.equal(8, (rows.call(other, "read", fd, buffer)))
    return (("I8"):unpack(buffer:tostring()))
  end

  it("counts CQEs, whether they come at once or later", function()
    local a, b = own(uring.socketpair())
    assert.is_true(ring:register_eventfd(fd))
    assert.equal(0, count())
    for _ = 1, 3 do
      ring:get_sqe()
      ring:submit()
    end
    assert.equal(3, count())
    raw.prepare(ring, "recv", a, uring.buffer(1))
    ring:submit()
    assert.equal(0, count())
    rows.call(other, "send", b, "x")
    assert.equal(1, count())
    assert.equal(4, #rows.reap(ring, 4))
  end)

  it("is woken once for CQEs that come together", function()
    assert.is_true(ring:register_eventfd(fd))
    for _ = 1, 3 do ring:get_sqe() end
    ring:submit()
    local counted = count()
    assert.is_true(1 <= counted and counted <= 3)
    assert.equal(3, ring:cq_ready())
  end)

  it("counts only what a worker has done, with async", function()
    assert.is_true(ring:register_eventfd_async(fd))
    ring:get_sqe()
    ring:submit()
    assert.equal(0, count())
    ring:get_sqe():set_flags("async")
    ring:submit_and_wait(2)
    assert.equal(1, count())
  end)

  it("counts nothing once it was given up", function()
    for _, call in ipairs { "register_eventfd", "register_eventfd_async" } do
      assert.is_true(ring[call](ring, fd))
      assert.is_true(ring:unregister_eventfd())
      ring:get_sqe():set_flags("async")
      ring:submit_and_wait(1)
      assert.equal(0, count())
    end
  end)

  it("is kept by the ring, and let go", function()
    local from, to = own(uring.pipe())
    assert.is_true(ring:register_eventfd(fd))
    own:close(fd)
    assert.equal(0, (rows.call(ring, "nop")))
    fd = own(uring.eventfd())
    assert_fails(ring, "EBUSY", "Device or resource busy",
      "register_eventfd", fd)
    assert.is_true(ring:unregister_eventfd())
    assert.is_true(ring:register_eventfd(fd))
    ring:close()
    assert.equal(1, (rows.raw("write", to, "x")))
    assert.equal(1, (rows.raw("read", from, uring.buffer(1))))
    assert.equal(0, count())
  end)

  it("is refused where there is one, and where it is none", function()
    local from = own(uring.pipe())
    for _, call in ipairs { "register_eventfd", "register_eventfd_async" } do
      assert_fails(ring, "EBADF", "Bad file descriptor", call, rows.NOT_OPEN)
      assert_fails(ring, "EINVAL", "Invalid argument", call, from)
      assert.is_true(ring[call](ring, fd))
      assert_fails(ring, "EBUSY", "Device or resource busy",
        "register_eventfd", fd)
      assert.is_true(ring:unregister_eventfd())
      assert_fails(ring, "ENXIO", "No such device or address",
        "unregister_eventfd")
      refuse(ring, call, 1, "not a descriptor", -1)
      refuse(ring, call, 1, "not a descriptor", 1 << 31)
      refuse(ring, call, 1, "number expected, got no value")
    end
  end)
end)

describe("a personality", function()
  local function call(ring, id)
    ring:get_sqe():set_personality(id)
    return rows.reap(ring, 1)[1].res
  end

  it("is whom an op acts for, until it is unregistered", function()
    local ring <close> = rows.ring()
    local one = assert(ring:register_personality())
    local two = assert(ring:register_personality())
    assert.not_equal(one, two)
    assert.same({ 0, 0 }, { call(ring, one), call(ring, two) })
    assert.is_true(ring:unregister_personality(one))
    assert.same({ -errno.EINVAL, 0 }, { call(ring, one), call(ring, two) })
    assert.is_true(ring:unregister_personality(two))
  end)

  it("is that of one ring", function()
    local ring <close> = rows.ring()
    local id = assert(ring:register_personality())
    local other <close> = rows.ring()
    assert.equal(-errno.EINVAL, call(other, id))
    assert.equal(0, call(ring, id))
  end)

  it("is refused where it is none", function()
    local ring <close> = rows.ring()
    for _, id in ipairs { 0, 1, 65535 } do
      assert_fails(ring, "EINVAL", "Invalid argument",
        "unregister_personality", id)
    end
    refuse(ring, "unregister_personality", 1, "out of range", -1)
    refuse(ring, "unregister_personality", 1, "out of range", 65536)
    refuse(ring, "unregister_personality", 1,
      "number expected, got no value")
  end)
end)

-- Workers belong to the process, not to the ring: a script of its own.
local WORKERS = [[
  local uring = require "uring.ring"
  local ring = assert(uring.ring(16))
  local function capture(command)
    local output <close> = io.popen("cd /proc/$PPID/task; " .. command)
    return (output:read("a"):gsub("\n", " "))
  end
  local LIST = "grep -ls ^iou-wrk */comm"
]]

local function assert_script(out, script)
  assert.same({ code = 0, err = "", out = out },
    process.run { process.LUA, "-e", WORKERS .. script })
end

describe("register_iowq_aff", function()
  it("says on which processors workers run", function()
    needs "5.14"
    local last = math.tointeger(process.capture "nproc") - 1
    for cpu = 0, last do
      assert_script(cpu .. " ", ([[
        assert(ring:register_iowq_aff { %d } == true)
        ring:get_sqe():set_flags("async")
        ring:submit_and_wait(1)
        io.write(capture("for worker in $(" .. LIST .. "); do "
          .. "sed -n 's/Cpus_allowed_list:.//p' ${worker%%%%comm}status; done"))
      ]]):format(cpu))
    end
  end)

  it("is taken back, once and again", function()
    needs "5.14"
    local ring <close> = rows.ring()
    assert.is_true(ring:register_iowq_aff { 0 })
    assert.is_true(ring:unregister_iowq_aff())
    assert.is_true(ring:unregister_iowq_aff())
    ring:get_sqe():set_flags("async")
    assert.equal(0, rows.reap(ring, 1)[1].res)
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local call = "register_iowq_aff"
    refuse(ring, call, 1, "table expected, got no value")
    refuse(ring, call, 1, "no processors", {})
    for _, cpu in ipairs { -1, 1024, "0", 0.5 } do
      refuse(ring, call, 1, "no such processor", { 0, cpu })
    end
    local last = math.tointeger(process.capture "nproc --all") - 1
    for _, cpu in ipairs { last + 1, 1023 } do
      assert_fails(ring, "EINVAL", "Invalid argument", call, { 0, cpu })
    end
  end)
end)

describe("register_iowq_max_workers", function()
  it("tells the limits, and sets those that are not 0", function()
    needs "5.15"
    assert_script("true 3 5 3 6 4 6", [[
      local bounded, unbounded = ring:register_iowq_max_workers(3, 5)
      io.write(tostring(bounded > 0 and unbounded > 0), " ")
      bounded, unbounded = ring:register_iowq_max_workers(0, 6)
      io.write(bounded, " ", unbounded, " ")
      bounded, unbounded = ring:register_iowq_max_workers(4)
      io.write(bounded, " ", unbounded, " ")
      bounded, unbounded = ring:register_iowq_max_workers()
      io.write(bounded, " ", unbounded)
    ]])
  end)

  it("is how many ops wait in the kernel at once", function()
    needs "5.15"
    local fifo <close> = temp.fifo() -- whose opening waits for a writer
    assert_script("2 8", ([[
      local path, O_RDWR = "%s", uring.consts.O_RDWR
      local function open(flags)
        local sqe = ring:get_sqe()
        sqe:prep_openat(uring.consts.AT_FDCWD, path, flags)
        return sqe
      end
      assert(ring:register_iowq_max_workers(2, 0))
      for _ = 1, 8 do open():set_flags("async") end
      ring:submit()
      repeat -- one is there by now, another may be in the making
        local count = tonumber(capture(LIST .. " | grep -c ."))
      until count == 2
      io.write "2 "
      open(O_RDWR):set_data("writer")
      ring:submit_and_wait(9)
      local opened = 0
      for res, _, data in ring:cqes() do
        if res > 0 and not data then opened = opened + 1 end
      end
      assert(tonumber(capture(LIST .. " | grep -c .")) <= 2)
      io.write(opened)
    ]]):format(fifo.path))
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    local call = "register_iowq_max_workers"
    refuse(ring, call, 1, "out of range", -1)
    refuse(ring, call, 2, "out of range", 0, 1 << 31)
    refuse(ring, call, 1, "number expected, got string", "many")
  end)
end)

describe("register_sync_cancel", function()
  local CALL = "register_sync_cancel"
  local FD, ALL = C.IORING_ASYNC_CANCEL_FD, C.IORING_ASYNC_CANCEL_ALL
  local own, ring, a, b

  before_each(function()
    own, ring = rows.owner(), rows.ring()
    a, b = own(uring.socketpair())
  end)

  after_each(function()
    ring:close()
    getmetatable(own).__close(own)
  end)

  -- Starts ops that wait: three to receive on one end, a poll, a timeout.
  local function arm()
    needs "6.0"
    local id
    for i = 1, 3 do
      local sqe, this = raw.prepare(ring, "recv", a, uring.buffer(1))
      sqe:set_data("recv " .. i)
      id = this
    end
    raw.prepare(ring, "poll_add", b, C.POLLIN):set_data("poll")
    raw.prepare(ring, "timeout", 1000):set_data("timeout")
    assert.equal(5, ring:submit())
    return id
  end

  -- Cancels, and tells which ops that has ended.
  local function cancel(target)
    assert.is_true(ring:register_sync_cancel(target))
    ring:submit_and_wait(0)
    local names = {}
    for res, _, data in ring:cqes() do
      assert.equal(-errno.ECANCELED, res)
      names[#names + 1] = data
    end
    table.sort(names)
    return table.concat(names, ", ")
  end

  it("ends the op that has an id", function()
    assert.equal("recv 3", cancel { id = arm() })
    assert.equal(4, ring:in_flight())
  end)

  it("ends one op on a descriptor, or all of them", function()
    arm()
    assert.matches("^recv %d$", cancel { fd = a, flags = FD })
    assert.matches("^recv %d, recv %d$", cancel { fd = a, flags = FD | ALL })
    assert.equal("poll", cancel { fd = b, flags = FD })
    assert.equal(1, ring:in_flight())
  end)

  it("ends one op on a registered file", function()
    needs "6.0"
    assert.is_true(ring:register_files { -1, a })
    raw.prepare(ring, "recv", 1, uring.buffer(1)):set_fixed_file()
      :set_data("fixed")
    ring:submit()
    assert.equal("fixed", cancel { fd = 1,
      flags = FD | C.IORING_ASYNC_CANCEL_FD_FIXED })
  end)

  it("ends one op of an opcode, or all of them", function()
    needs "6.6"
    local flags = C.IORING_ASYNC_CANCEL_OP
    arm()
    assert.equal("timeout", cancel { opcode = opcodes.timeout, flags = flags })
    assert.matches("^recv %d$",
      cancel { opcode = opcodes.recv, flags = flags })
    assert.matches("^recv %d, recv %d$",
      cancel { opcode = opcodes.recv, flags = flags | ALL })
    assert.equal(1, ring:in_flight())
  end)

  it("ends every op with any", function()
    arm()
    assert.equal("poll, recv 1, recv 2, recv 3, timeout",
      cancel { flags = C.IORING_ASYNC_CANCEL_ANY })
    assert.equal(0, ring:in_flight())
    assert.equal("", cancel { flags = C.IORING_ASYNC_CANCEL_ANY })
  end)

  it("waits for an op that a worker has, but no longer than it was told",
    function()
      needs "6.0"
      local pages = uring.buffer(128 << 20, 4096)
      local id
      -- What comes of it; nil: it was too early, or too late.
      local refusal = process.await("a worker has it", function()
        assert.equal(0, (rows.call(ring, "madvise", pages, MADV_DONTNEED)))
        id = rows.start(ring, "madvise", pages, MADV_POPULATE_WRITE)
        ring:wait_cqe(0.002)
        local done, message, code = ring:register_sync_cancel {
          id = id, seconds = 0.001 }
        if code == errno.ETIME then return { done, message, code } end
        rows.reap(ring, 1)
      end)
      assert.same({ nil, CALL .. ": Timer expired", errno.ETIME }, refusal)
      assert.equal(1, ring:in_flight())
      assert.is_true(ring:register_sync_cancel { id = id, seconds = 10 })
      assert.equal("madvise", rows.reap(ring, 1)[1].data)
    end)

  it("interrupts a worker that waits", function()
    needs "6.0"
    local fifo <close> = temp.fifo() -- whose opening waits for a writer
    local sqe, id = raw.prepare(ring, "openat", C.AT_FDCWD, fifo.path)
    sqe:set_flags("async")
    ring:submit()
    process.await("it has ended", function()
      -- An older kernel may miss a worker that is just taking the op.
      ring:register_sync_cancel { id = id, seconds = 0.1 }
      ring:submit_and_wait(0)
      return ring:cq_ready() > 0
    end)
    local res = rows.reap(ring, 1)[1].res
    assert.is_true(res == -errno.ECANCELED or res == -errno.EINTR
      or res == -ERESTARTSYS)
  end)

  it("is refused where there is no such op, descriptor or flag", function()
    needs "6.0"
    local _, id = raw.prepare(ring, "nop")
    rows.reap(ring, 1)
    local function none(target)
      assert_fails(ring, "ENOENT", "No such file or directory", CALL, target)
    end
    none { id = id }
    none { id = 0 }
    none {}
    none { fd = a, flags = FD }
    assert_fails(ring, "EBADF", "Bad file descriptor", CALL,
      { fd = rows.NOT_OPEN, flags = FD })
    assert_fails(ring, "EBADF", "Bad file descriptor", CALL,
      { fd = 0, flags = FD | C.IORING_ASYNC_CANCEL_FD_FIXED })
    assert_fails(ring, "EINVAL", "Invalid argument", CALL,
      { flags = 1 << 20 })
  end)

  it("names what is wrong", function()
    refuse(ring, CALL, 1, "table expected, got no value")
    for field, values in pairs {
      id = { -1, "x", 1.5 }, fd = { -2, 1 << 31 }, opcode = { -1, 256 },
      flags = { -1, 1 << 32 }, seconds = { -1, "soon", 0 / 0 }, ids = { 1 },
    } do
      for _, value in ipairs(values) do
        local ok, message = pcall(ring.register_sync_cancel, ring,
          { [field] = value })
        assert.is_false(ok)
        assert.matches(CALL .. ": .*'" .. field .. "'", message)
      end
    end
    assert.equal(0, (rows.call(ring, "nop")))
  end)
end)
