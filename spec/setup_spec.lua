--- A ring for the loop takes the best flags that the kernel knows; a refusal
-- says what to do about it.
local core = require "uring.core"
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local setup = require "uring.setup"

leaks.watch()

-- Lets core.ring answer as a kernel would that knows and allows less.
local function with_kernel(answer, body)
  local open, asked = core.ring, {}
  core.ring = function(entries, options)
    asked[#asked + 1] = { entries = entries, flags = options.flags,
      cq_entries = options.cq_entries }
    local code = answer(entries, options)
    if code then return core.fail("ring", code) end
    return open(entries, options)
  end
  local ok, message = pcall(body, asked)
  core.ring = open
  if not ok then error(message, 0) end
end

local function has(flags, wanted)
  for _, flag in ipairs(flags) do
    if flag == wanted then return true end
  end
  return false
end

describe("a ring for the loop", function()
  it("has the best flags", function()
    local ring <close> = assert(setup.for_loop(64))
    local flags = ring:flags()
    assert.is_true(flags.submit_all)
    assert.is_true(flags.clamp)
    if not flags.single_issuer then pending("needs Linux 6.1") end
    assert.is_true(flags.defer_taskrun)
  end)

  it("has four CQEs for an SQE", function()
    local ring <close> = assert(setup.for_loop(64))
    assert.equal(64, ring:params().sq_entries)
    assert.equal(256, ring:params().cq_entries)
  end)

  it("is clamped to what the kernel allows", function()
    local ring <close> = assert(setup.for_loop(1 << 20))
    assert.equal(32768, ring:params().sq_entries)
  end)

  it("does with fewer flags where the kernel knows fewer", function()
    for _, unknown in ipairs { "defer_taskrun", "coop_taskrun",
      "submit_all" } do
      with_kernel(function(_, options)
        local knows = not has(options.flags, unknown)
          and (unknown == "defer_taskrun"
            or not has(options.flags, "defer_taskrun"))
          and (unknown ~= "submit_all"
            or not has(options.flags, "coop_taskrun"))
        if not knows then return errno.EINVAL end
      end, function(asked)
        local ring <close> = assert(setup.for_loop(8))
        local flags = ring:flags()
        assert.is_nil(flags[unknown])
        assert.is_true(flags.clamp)
        assert.is_true(#asked > 1)
      end)
    end
  end)

  it("is given up where not even the plainest flags are known", function()
    with_kernel(function() return errno.EINVAL end, function(asked)
      local ring, message, code = setup.for_loop(8)
      assert.is_nil(ring)
      assert.equal("ring: Invalid argument: io_uring: this kernel refuses "
        .. "these flags and options, each or together", message)
      assert.equal(errno.EINVAL, code)
      assert.same({ "clamp" }, asked[#asked].flags)
    end)
  end)

  it("has fewer entries where memory is short", function()
    with_kernel(function(entries)
      if entries > 100 then return errno.ENOMEM end
    end, function()
      local ring <close> = assert(setup.for_loop(512))
      assert.equal(64, ring:params().sq_entries)
    end)
  end)

  it("is given up where memory does not suffice for a few", function()
    with_kernel(function() return errno.ENOMEM end, function(asked)
      local ring, message, code = setup.for_loop(256)
      assert.is_nil(ring)
      assert.matches("^ring: Cannot allocate memory: io_uring: no memory for "
        .. "%d+ entries; RLIMIT_MEMLOCK is %w+ bytes: raise it", message)
      assert.equal(errno.ENOMEM, code)
      assert.equal(32, asked[#asked].entries)
    end)
  end)

  it("is given up at once where it is forbidden", function()
    with_kernel(function() return errno.EPERM end, function(asked)
      local ring, message, code = setup.for_loop(256)
      assert.is_nil(ring)
      assert.matches("^ring: Operation not permitted: io_uring: ", message)
      assert.equal(errno.EPERM, code)
      assert.equal(1, #asked)
    end)
  end)
end)

describe("a refusal of flags", function()
  local function reason(options, entries)
    return setup.explain(errno.EINVAL, entries or 4, options)
  end

  -- Lets the kernel be one that knows these flags only, or is that old.
  local function on_kernel(knows, release, body)
    local query, tell = core.register_query, core.release
    core.register_query = function()
      return knows and { setup_flags = knows }
    end
    core.release = function() return release end
    local ok, message = pcall(body)
    core.register_query, core.release = query, tell
    if not ok then error(message, 0) end
  end

  local everything = setmetatable({}, { __index = function() return true end })

  it("names those that need another", function()
    on_kernel(everything, "9.9.9", function()
      for flag, what in pairs {
        sq_aff = "sqpoll", taskrun_flag = "coop_taskrun or defer_taskrun",
        defer_taskrun = "single_issuer", registered_fd_only = "no_mmap",
        hybrid_iopoll = "iopoll", sq_rewind = "no_sqarray",
      } do
        assert.equal(flag .. " needs " .. what, reason { flags = flag })
      end
    end)
  end)

  it("names those that exclude each other", function()
    on_kernel(everything, "9.9.9", function()
      for one, other in pairs {
        coop_taskrun = "sqpoll", cqe_mixed = "cqe32", sqe_mixed = "sqe128",
      } do
        assert.equal(one .. " and " .. other .. " exclude each other",
          reason { flags = { other, one } })
      end
      assert.equal("taskrun_flag and sqpoll exclude each other; "
        .. "defer_taskrun needs single_issuer; "
        .. "defer_taskrun and sqpoll exclude each other",
        reason { flags = { "sqpoll", "taskrun_flag", "defer_taskrun" } })
    end)
  end)

  it("names the kernel that brought them, where this one was asked", function()
    on_kernel({ clamp = true }, "6.18.1-x", function()
      assert.equal("cqe_mixed needs Linux 6.18; this is 6.18.1-x",
        reason { flags = { "clamp", "cqe_mixed" } })
    end)
  end)

  it("names it also where the kernel has but a version", function()
    on_kernel(nil, "5.10.0-46-amd64", function()
      assert.equal("submit_all needs Linux 5.18; single_issuer needs Linux "
        .. "6.0; this is 5.10.0-46-amd64",
        reason { flags = { "submit_all", "single_issuer", "r_disabled" } })
    end)
    on_kernel(nil, "6.1.0", function()
      assert.equal("sq_rewind needs no_sqarray; no_mmap needs Linux 6.5; "
        .. "sq_rewind needs Linux 7.0; this is 6.1.0",
        reason { flags = { "no_mmap", "sq_rewind", "submit_all" } })
    end)
  end)

  it("knows them by number, and by the options that set them", function()
    on_kernel({ sqpoll = true }, "5.4.0", function()
      assert.equal("sq_aff needs sqpoll; sq_aff needs Linux 5.1; this is 5.4.0",
        reason { flags = core.consts.IORING_SETUP_SQ_AFF })
      assert.equal("attach_wq needs Linux 5.6; this is 5.4.0",
        reason { wq_fd = 0 })
      assert.equal("cqsize needs Linux 5.5; this is 5.4.0",
        reason { cq_entries = 64 })
      assert.equal("sq_aff needs sqpoll; sq_aff needs Linux 5.1; this is 5.4.0",
        reason { sq_thread_cpu = 0 })
    end)
  end)

  it("may be one of numbers: the sizes, the processor, the ring", function()
    on_kernel(everything, "9.9.9", function()
      assert.equal("entries: at most 32768, or more with clamp",
        reason({}, 32769))
      assert.equal("cq_entries: at most 65536, or more with clamp",
        reason { cq_entries = 65537 })
      assert.equal("cq_entries must not be fewer than entries",
        reason { cq_entries = 3 })
      assert.equal("cq_entries must not be 0", reason { cq_entries = 0 })
      assert.equal("cq_entries must not be 0", reason { flags = "cqsize" })
      assert.equal("sq_thread_cpu must be a processor",
        reason { flags = "sqpoll", sq_thread_cpu = 4096 })
      assert.equal("wq_fd must be a ring", reason { wq_fd = 0 })
      assert.equal("wq_fd must be a ring with sqpoll",
        reason { wq_fd = 0, flags = "sqpoll" })
    end)
  end)

  it("comes with the errno", function()
    assert.same({ nil, "ring: Invalid argument: io_uring: defer_taskrun needs "
      .. "single_issuer", errno.EINVAL },
      { setup.open(4, { flags = "defer_taskrun" }) })
    assert.same({ nil, "ring: Invalid argument: io_uring: sq_thread_cpu must "
      .. "be a processor", errno.EINVAL },
      { setup.open(4, { flags = "sqpoll", sq_thread_cpu = 1 << 20 }) })
    local fd = assert(core.eventfd())
    local refused = { setup.open(4, { wq_fd = fd }) }
    core.close(fd)
    assert.same({ nil, "ring: Invalid argument: io_uring: wq_fd must be a ring",
      errno.EINVAL }, refused)
  end)
end)

describe("a refusal", function()
  it("names the cure", function()
    local absent = setup.explain(errno.ENOSYS, 1)
    assert.matches("this kernel has no io_uring", absent)
    assert.matches("seccomp", absent)
    assert.matches("no memory for 77 entries", setup.explain(errno.ENOMEM, 77))
    assert.matches("ulimit %-l", setup.explain(errno.ENOMEM, 77))
    assert.equal("this kernel refuses these flags and options, each or "
      .. "together", setup.explain(errno.EINVAL, 1))
    assert.is_string(setup.explain(errno.EPERM, 1))
    assert.equal(setup.explain(errno.EPERM, 1), setup.explain(errno.EACCES, 1))
    assert.is_nil(setup.explain(errno.EMFILE, 1))
  end)

  it("by too few descriptors is raised by run as it is", function()
    local result = process.run { limits = "-n 16", process.LUA, "-e", [[
      local uring = require "uring"
      local held = {}
      repeat
        local file = io.open("/dev/null")
        held[#held + 1] = file
      until not file
      print(select(2, pcall(uring.run, function() end)))
    ]] }
    assert.same({ code = 0, err = "", out = "ring: Too many open files\n" },
      result)
  end)
end)
