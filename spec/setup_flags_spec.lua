--- Every flag of io_uring_setup(2) works, alone and with those that it needs:
-- a ring that has it does I/O, waits, cancels, and closes while ops fly.
-- What a flag changes is in its own test.
local leaks = require "spec.support.leaks"
local native = require "spec.support.native"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local setupflags = require "uring.setupflags"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C, errno = uring.consts, uring.errno

leaks.watch()

local RINGS = {
  {}, { "sqpoll" }, { "sqpoll", "sq_aff" }, { "cqsize" }, { "clamp" },
  { "attach_wq" }, { "attach_wq", "sqpoll" }, { "r_disabled" },
  { "r_disabled", "sqpoll" }, { "submit_all" }, { "coop_taskrun" },
  { "coop_taskrun", "taskrun_flag" }, { "sqe128" }, { "cqe32" },
  { "sqe128", "cqe32" }, { "single_issuer" },
  { "single_issuer", "defer_taskrun" },
  { "single_issuer", "defer_taskrun", "taskrun_flag", "r_disabled" },
  { "no_mmap" }, { "no_mmap", "sqe128", "cqe32", "cqsize" },
  { "no_mmap", "registered_fd_only" },
  { "no_mmap", "registered_fd_only", "sqpoll" }, { "no_sqarray" },
  { "no_sqarray", "no_mmap", "registered_fd_only", "single_issuer",
    "defer_taskrun", "submit_all", "clamp" },
  { "no_sqarray", "sqpoll", "sqe128" }, { "cqe_mixed" },
  { "cqe_mixed", "no_mmap", "single_issuer", "defer_taskrun" },
  { "sqe_mixed" }, { "sqe_mixed", "cqe_mixed", "sqpoll" },
  { "sq_rewind", "no_sqarray" },
  { "sq_rewind", "no_sqarray", "sqe128", "single_issuer", "defer_taskrun" },
}

local function has(flags, wanted)
  for _, flag in ipairs(flags) do
    if flag == wanted then return true end
  end
  return false
end

-- Opens a ring with these flags, and with what they need to be heard.
local function open(flags, other)
  local options = { flags = flags }
  if has(flags, "cqsize") then options.cq_entries = 32 end
  if has(flags, "attach_wq") then options.wq_fd = other:fileno() end
  if has(flags, "sqpoll") then options.sq_thread_idle = 1 end
  local ring, message, code = uring.ring(4, options)
  if ring and has(flags, "r_disabled") then
    assert.is_true(ring:enable_rings())
  end
  return ring, message, code
end

-- A ring with these flags and one that it may share with, to be closed.
local function open_two(flags)
  local other = assert(open(has(flags, "sqpoll") and { "sqpoll" } or {}))
  local ring, message = open(flags, other)
  return ring, other, message
end

-- Describes a ring with these flags: body is given what defines a test.
-- Skips visibly where this kernel does not know one of them.
local function describe_ring(flags, body)
  local name = #flags > 0 and table.concat(flags, ", ") or "no flag"
  describe("a ring with " .. name, function()
    local probe, other, refusal = open_two(flags)
    other:close()
    if not probe and refusal:find("needs Linux") then
      return it("does what any ring does", function() pending(refusal) end)
    end
    probe:close()
    body(function(title, test)
      it(title, function()
        local ring, shared = open_two(flags)
        local _shared <close> = shared
        local _ring <close> = ring
        test(ring)
      end)
    end)
  end)
end

-- Submits, and waits until a thread of the kernel has taken it all.
local function hand_over(ring)
  assert(ring:submit())
  process.await("the SQ is empty", function()
    return ring:sq_ready() == 0
  end)
end

-- Does one op.  How many SQEs a submit counts is no matter: the thread of
-- sqpoll may still be about to tell that it has taken the one before.
local function call(ring, row, ...)
  raw.prepare(ring, row, ...)
  return rows.reap(ring, 1)[1].res
end

for _, flags in ipairs(RINGS) do
  describe_ring(flags, function(check)
    check("tells its flags", function(ring)
      local set = {}
      for _, flag in ipairs(flags) do set[flag] = true end
      local found = ring:flags()
      if has(flags, "r_disabled") then found.r_disabled = true end
      assert.same(set, found)
      assert.equal(has(flags, "no_sqarray"), ring:params().sq_off.array == 0)
    end)

    check("writes a file and reads it", function(ring)
      local file <close> = temp.file()
      local buffer = uring.buffer(16)
      local fd = call(ring, "openat", C.AT_FDCWD, file.path, C.O_RDWR)
      assert.equal(11, call(ring, "write", fd, "hello, ring", 0))
      assert.equal("hello, ring", file:read())
      assert.equal(4, call(ring, "read", fd, buffer, 7))
      assert.equal("ring", buffer:sub(1, 4))
      assert.equal(0, call(ring, "close", fd))
    end)

    check("sends and receives, more often than it has entries",
      function(ring)
        local own <close> = rows.owner()
        local a, b = own(uring.socketpair())
        for i = 1, 50 do
          local text, buffer = "message " .. i, uring.buffer(20)
          raw.prepare(ring, "recv", b, buffer):set_data("recv")
          raw.prepare(ring, "send", a, text):set_data("send")
          ring:submit()
          local res = {}
          for _, cqe in ipairs(rows.reap(ring, 2)) do
            res[cqe.data] = cqe.res
          end
          assert.same({ recv = #text, send = #text }, res)
          assert.equal(text, buffer:sub(1, #text))
        end
      end)

    check("receives again and again into a buffer ring", function(ring)
      if not ring:probe().send_zc then pending("needs Linux 6.0") end
      local own <close> = rows.owner()
      local a, b = own(uring.socketpair())
      local buffers = assert(ring:buf_ring { bgid = 1, entries = 2, size = 8 })
      raw.prepare(ring, "recv_multishot", b, buffers)
      ring:submit()
      for i = 1, 10 do
        rows.raw("send", a, "text " .. i)
        local cqe = rows.reap(ring, 1)[1]
        assert.equal("text " .. i, buffers:string(cqe.flags, cqe.res))
      end
      own:close(a)
      assert.equal(0, rows.reap(ring, 1)[1].res)
      assert.equal(0, ring:in_flight())
    end)

    check("shows a CQE to who only peeks", function(ring)
      local own <close> = rows.owner()
      local a, b = own(uring.socketpair())
      raw.prepare(ring, "recv", b, uring.buffer(1)):set_data("recv")
      hand_over(ring)
      assert.is_nil(ring:peek_cqe())
      rows.raw("send", a, "x")
      local silent = has(flags, "defer_taskrun")
        and not has(flags, "taskrun_flag") -- posts nothing until it is entered
      local cqe = process.await("a CQE", function()
        if silent then ring:submit_and_wait(0) end
        return ring:peek_cqe()
      end)
      assert.same({ 1, "recv" }, { cqe.res, cqe.data })
      ring:cqe_seen(cqe)
    end)

    check("runs a chain in order", function(ring)
      local own <close> = rows.owner()
      local from, to = own(uring.pipe())
      local buffer = uring.buffer(3)
      ring:chain(function(chain)
        chain:get_sqe():prep_write(to, "abc")
        chain:get_sqe():prep_read(from, buffer)
        chain:get_sqe():prep_nop()
      end)
      local res = {}
      for i, cqe in ipairs(rows.reap(ring, 3)) do res[i] = cqe.res end
      assert.same({ 3, 3, 0 }, res)
      assert.equal("abc", buffer:tostring())
    end)

    check("has timeouts, and waits that end", function(ring)
      assert.equal(-errno.ETIME, call(ring, "timeout", 0.001))
      raw.prepare(ring, "timeout", 1000)
      ring:submit()
      assert.same({ nil, "timeout", errno.ETIMEDOUT }, { ring:wait_cqe(0.001) })
      assert.same({ nil, "timeout", errno.ETIMEDOUT },
        { ring:submit_and_wait(1, 0.001) })
      assert.equal(1, ring:in_flight())
    end)

    check("cancels", function(ring)
      local own <close> = rows.owner()
      local a = own(uring.socketpair())
      local _, id = raw.prepare(ring, "recv", a, uring.buffer(1))
      hand_over(ring)
      raw.prepare(ring, "cancel", id):set_data("cancel")
      local res = {}
      for _, cqe in ipairs(rows.reap(ring, 2)) do
        res[cqe.data or "recv"] = cqe.res
      end
      assert.same({ recv = -errno.ECANCELED, cancel = 0 }, res)
    end)

    check("closes with ops in flight, which touch nothing any more",
      function(ring)
        local own <close> = rows.owner()
        local a, b = own(uring.socketpair())
        local buffer = uring.buffer(5)
        raw.prepare(ring, "recv", b, buffer)
        raw.prepare(ring, "timeout", 1000)
        raw.prepare(ring, "poll_multishot", b, C.POLLIN)
        hand_over(ring)
        raw.prepare(ring, "send", a, "never") -- and was never submitted
        ring:close()
        assert.equal(5, (rows.raw("send", a, "hello")))
        assert.equal("\0\0\0\0\0", buffer:tostring())
        assert.equal(5, (rows.raw("recv", b, buffer)))
        assert.equal("hello", buffer:tostring())
      end)
  end)
end

-- A ring with an op in flight, a child that may not use it, and the op.
local FORK = [[
  local function fork(flags)
    local options = { flags = flags }
    for _, flag in ipairs(flags) do
      if flag == "cqsize" then options.cq_entries = 32 end
    end
    local ring = assert(uring.ring(4, options))
    if ring:flags().r_disabled then assert(ring:enable_rings()) end
    local a, b = uring.socketpair()
    local buffer = uring.buffer(5)
    ring:get_sqe():prep_recv(b, buffer)
    ring:submit()
    local child = native.fork()
    if child == 0 then
      local ok, message = pcall(ring.get_sqe, ring)
      assert(not ok and message:find("process that was forked"), message)
      ring:close()
      os.exit(7, true)
    end
    assert(native.wait(child) == 7)
    ring:get_sqe():prep_send(a, "hello")
    assert(ring:submit_and_wait(2, 10))
    local sum = 0
    for res in ring:cqes() do sum = sum + res end
    assert(sum == 10 and buffer:tostring() == "hello")
    ring:close()
    uring.close(a)
    uring.close(b)
  end
]]

describe("a ring whose process forks", function()
  it("stays the parent's, whatever its flags are", function()
    local script = { FORK }
    for _, flags in ipairs(RINGS) do
      local ring, other = open_two(flags)
      other:close()
      if ring then ring:close() end
      if ring and not has(flags, "attach_wq") then
        local list = table.concat(flags, "', '")
        script[#script + 1] = ("fork { '%s' }"):format(list)
      end
    end
    script[2] = "fork {}"
    script[#script + 1] = "io.write 'all'"
    local why = native.expect(table.concat(script, "\n"), "all")
    if why then pending(why) end
  end)
end)

describe("the kernel's thread of a ring with sqpoll", function()
  -- Its own, or those of all rings with sqpoll: {state =, cpus =}, ...
  local function threads()
    local list = {}
    local found = process.capture(
      "grep -ls '^iou-sqp-' /proc/$PPID/task/*/comm; true")
    for path in found:gmatch("(%S+)/comm") do
      local file <close> = io.open(path .. "/status")
      local status = file and file:read("a") or ""
      list[#list + 1] = { state = status:match("State:%s*(%a)"),
        cpus = status:match("Cpus_allowed_list:%s*(%S+)") }
    end
    return list
  end

  local function await_count(count)
    process.await("so many threads", function() return #threads() == count end)
  end

  before_each(function() await_count(0) end) -- of earlier rings

  it("goes to sleep, and a submit wakes it", function()
    local ring <close> = assert(uring.ring(4, { flags = "sqpoll",
      sq_thread_idle = 1 }))
    for i = 1, 3 do
      process.await("it sleeps", function()
        local list = threads()
        return #list == 1 and list[1].state == "S"
      end)
      ring:get_sqe():set_data(i)
      assert.equal(1, ring:submit())
      assert.same({ 0, 0, i }, { raw.take(ring) })
    end
  end)

  it("runs on the processor that it is given", function()
    local last = tonumber(process.capture("nproc")) - 1
    for cpu = 0, last do
      local ring <close> = assert(uring.ring(4, { flags = "sqpoll",
        sq_thread_cpu = cpu }))
      process.await("its processor", function()
        local list = threads()
        return #list == 1 and list[1].cpus == tostring(cpu)
      end)
      ring:close()
      await_count(0)
    end
  end)

  it("is shared by rings that attach to it, and by no other", function()
    local one <close> = assert(uring.ring(4, { flags = "sqpoll" }))
    local two <close> = assert(uring.ring(4, { flags = "sqpoll",
      wq_fd = one:fileno() }))
    await_count(1)
    local three <close> = assert(uring.ring(4, { flags = "sqpoll" }))
    await_count(2)
    for _, ring in ipairs { one, two, three } do call(ring, "nop") end
    one:close()
    call(two, "nop")
  end)
end)

describe("a ring with cqsize", function()
  it("has as many CQEs as it was asked for, also fewer than ops", function()
    local ring <close> = assert(uring.ring(2, { cq_entries = 2 }))
    assert.equal(2, ring:params().cq_entries)
    for i = 1, 10 do
      ring:get_sqe():set_data(i)
      ring:submit()
    end
    assert.is_true(ring:cq_has_overflow())
    for i, cqe in ipairs(rows.reap(ring, 10)) do assert.equal(i, cqe.data) end
  end)
end)

describe("a ring with clamp", function()
  for _, more in ipairs { "clamp", "no_mmap" } do
    it("has as many entries as there may be, with " .. more, function()
      local ring, message = uring.ring(1 << 20, { flags = { "clamp", more },
        cq_entries = 1 << 21 })
      if not ring and message:find("needs Linux") then pending(message) end
      local _guard <close> = assert(ring, message)
      local params = ring:params()
      assert.same({ 32768, 65536 }, { params.sq_entries, params.cq_entries })
      assert.equal(0, (rows.call(ring, "nop")))
    end)
  end
end)

describe("a ring with r_disabled", function()
  it("takes no SQE until it is enabled, and then those that wait", function()
    local ring <close> = assert(uring.ring(4, { flags = "r_disabled" }))
    ring:get_sqe():set_data("first")
    for _, wait in ipairs { "submit", "submit_and_wait", "wait_cqe" } do
      assert.same({ nil, wait .. ": the ring is disabled: enable_rings() comes "
        .. "first", errno.EBADFD }, { ring[wait](ring, 1) })
    end
    assert.equal(1, ring:sq_ready())
    assert.is_true(ring:enable_rings())
    assert.equal("first", rows.reap(ring, 1)[1].data)
  end)

  it("belongs to the thread that enables it", function()
    local why = native.expect([[
      local ring = assert(uring.ring(4, {
        flags = { "r_disabled", "single_issuer" } }))
      print(native.in_thread(function()
        ring:enable_rings()
        ring:get_sqe()
        return ring:submit()
      end))
      ring:get_sqe()
      print(ring:submit())
    ]], "true\t1\n"
      .. "nil\tsubmit: the ring's single issuer is another thread\t17\n")
    if why then pending(why) end
  end)
end)

describe("a ring with iopoll", function()
  -- A file on a device, opened to go past the cache.
  local function open_file(file)
    local fd = rows.raw("openat", C.AT_FDCWD, file.path, C.O_RDWR | C.O_DIRECT)
    if fd < 0 then pending("no O_DIRECT where temporary files are") end
    return fd
  end

  for _, flags in ipairs { { "iopoll" }, { "iopoll", "hybrid_iopoll" } } do
    it("reads from a device, with " .. table.concat(flags, ", "), function()
      local ring, message = uring.ring(4, { flags = flags })
      if not ring and message:find("needs Linux") then pending(message) end
      local _guard <close> = assert(ring, message)
      local own <close> = rows.owner()
      local text = ("device"):rep(2048):sub(1, 4096)
      local file <close> = temp.file(text)
      local fd, buffer = own(open_file(file)), uring.buffer(4096, 4096)
      local res = rows.call(ring, "read", fd, buffer, 0)
      assert.equal(0, (rows.call(ring, "nop")))
      if res == -errno.EOPNOTSUPP then
        pending("this device has no queue that is polled")
      end
      assert.same({ 4096, text }, { res, buffer:tostring() })
    end)
  end

  it("does nothing but I/O on devices", function()
    local own <close> = rows.owner()
    local a = own(uring.socketpair())
    local ring <close> = assert(uring.ring(4, { flags = "iopoll" }))
    assert.equal(-errno.EINVAL, (rows.call(ring, "send", a, "x")))
    assert.equal(-errno.EINVAL, (rows.call(ring, "timeout", 1)))
    assert.equal(-errno.EINVAL, (rows.call(ring, "cancel_any")))
  end)

  for _, wait in ipairs { "wait_cqe(0.01)", "submit_and_wait(1, 0.01)" } do
    it("does not wait longer than it was told in " .. wait, function()
      local waiting <close> = process.lua { "-e", [[
        local ring = require "uring.ring".ring(4, { flags = "iopoll" })
        print(ring:]] .. wait .. ")" }
      assert.same({ code = 0, out = "nil\ttimeout\t110\n", err = "" },
        waiting:wait(5))
    end)
  end
end)

describe("any two or three flags", function()
  local names = {}
  for name in pairs(C) do
    local flag = name:match("^IORING_SETUP_(.*)$")
    if flag then names[#names + 1] = flag:lower() end
  end
  table.sort(names)

  -- These two also need a processor and a ring that are there.
  local function blames(flags)
    if has(flags, "sq_aff") or has(flags, "attach_wq") then return nil end
    return setupflags.explain(4, { flags = flags, cq_entries = 8 })
  end

  local function try(flags, others)
    local ring <close>, message, code = open(flags,
      others[has(flags, "sqpoll")])
    local what = table.concat(flags, ", ")
    if ring then return assert.is_nil(blames(flags), what) end
    assert.equal(errno.EINVAL, code, what)
    local reasons = message:match("^ring: Invalid argument: io_uring: (.*)$")
    reasons = reasons:gsub("; this is .*", "")
    for reason in reasons:gmatch("[^;]+") do
      local one, other = reason:match("^ ?([%w_]+) and ([%w_]+) exclude each")
      assert.is_true(has(flags, one or reason:match("^ ?([%w_]+) needs "))
        and has(flags, other or flags[1]), message)
    end
  end

  it("are taken by the kernel, or the refusal names them", function()
    local plain <close> = assert(open {})
    local polled <close> = assert(open { "sqpoll" })
    local others = { [true] = polled, [false] = plain }
    for i = 1, #names do
      for j = i + 1, #names do
        try({ names[i], names[j] }, others)
        for k = j + 1, #names do
          try({ names[i], names[j], names[k] }, others)
        end
      end
    end
  end)
end)
