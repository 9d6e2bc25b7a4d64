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
      assert.equal("ring: Invalid argument: io_uring: this kernel does not "
        .. "know one of the flags, or not together", message)
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

describe("a refusal", function()
  it("names the cure", function()
    local absent = setup.explain(errno.ENOSYS, 1)
    assert.matches("this kernel has no io_uring", absent)
    assert.matches("seccomp", absent)
    assert.matches("no memory for 77 entries", setup.explain(errno.ENOMEM, 77))
    assert.matches("ulimit %-l", setup.explain(errno.ENOMEM, 77))
    assert.matches("does not know one of the flags",
      setup.explain(errno.EINVAL, 1))
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
