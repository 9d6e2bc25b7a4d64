--- Submitting hands over what is in the SQ; each way to wait ends when it
-- said it would, and neither earlier nor later.
local calls = require "spec.support.calls"
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local setupflags = require "uring.setupflags"
local u = require "uring"
local uring = require "uring.ring"

local errno = uring.errno
local TIMEOUT = { nil, "timeout", errno.ETIMEDOUT }
local LONG = 100 -- seconds: what takes so long has failed

local refuse = calls.refuse
local needs = calls.needs(function(why) pending(why) end)

leaks.watch()

-- Calls a method, and tells how many seconds it took.
local function timed(ring, method, ...)
  local start = u.now()
  local results = table.pack(ring[method](ring, ...))
  return u.now() - start, table.unpack(results, 1, results.n)
end

-- Prepares two ops that complete after some time, in both of which no
-- timeout is that would end a wait: one is cancelled by the other.
local function prepare_pair(ring, fd, seconds)
  ring:chain(function(chain)
    chain:get_sqe():prep_recv(fd, uring.buffer(1))
    chain:get_sqe():prep_link_timeout(seconds)
  end)
end

describe("submit", function()
  it("tells how many SQEs it hands over", function()
    local ring <close> = rows.ring()
    for count = 0, 16 do
      for _ = 1, count do ring:get_sqe() end
      assert.equal(count, ring:sq_ready())
      assert.equal(count, ring:submit())
      assert.equal(0, ring:sq_ready())
      assert.equal(count, #rows.reap(ring, count))
    end
  end)
end)

describe("a bad SQE", function()
  local function submit_three(ring)
    for i = 1, 3 do
      local sqe = ring:get_sqe():set_data(i)
      if i == 2 then sqe:set_personality(77) end -- there is none
    end
    return ring:submit()
  end

  local function results(ring)
    local list = {}
    for res, _, data in ring:cqes() do list[data] = res end
    return list
  end

  it("stops a submit, and the next goes on behind it", function()
    local ring <close> = assert(uring.ring(4))
    assert.same({ 2, 1 }, { submit_three(ring), ring:sq_ready() })
    assert.same({ 0, -errno.EINVAL }, results(ring))
    assert.same({ 1, 0 }, { ring:submit(), ring:sq_ready() })
    assert.same({ [3] = 0 }, results(ring))
  end)

  it("stops nothing with submit_all", function()
    local ring <close> = assert(uring.ring(4, { flags = "submit_all" }))
    assert.same({ 3, 0 }, { submit_three(ring), ring:sq_ready() })
    assert.same({ 0, -errno.EINVAL, 0 }, results(ring))
  end)

  it("stays in its place with sq_rewind", function()
    local ring, message = uring.ring(4, { flags = { "sq_rewind",
      "no_sqarray" } })
    if not ring and message:find("needs Linux") then pending(message) end
    local _guard <close> = assert(ring, message)
    for _ = 1, 10 do
      assert.same({ 2, 1 }, { submit_three(ring), ring:sq_ready() })
      assert.same({ 0, -errno.EINVAL }, results(ring))
      assert.equal(3, ring:sq_space_left())
      ring:get_sqe():set_data(4)
      assert.same({ 2, 0 }, { ring:submit(), ring:sq_ready() })
      assert.same({ [3] = 0, [4] = 0 }, results(ring))
    end
  end)
end)

describe("sqring_wait", function()
  -- A ring that has closed gives the process something to do meanwhile.
  local function disturb()
    local ring <close> = rows.ring()
    raw.prepare(ring, "timeout", LONG)
    ring:submit()
  end

  it("waits until the thread of sqpoll has made room", function()
    for _ = 1, 15 do
      disturb()
      local ring <close> = assert(uring.ring(2, { flags = "sqpoll",
        cq_entries = 128 }))
      for i = 1, 100 do
        if ring:sq_space_left() == 0 then
          ring:submit()
          assert.is_true(ring:sqring_wait())
        end
        assert(ring:get_sqe(), "there is no room"):set_data(i)
      end
      for i, cqe in ipairs(rows.reap(ring, 100)) do
        assert.equal(i, cqe.data)
      end
    end
  end)

  it("has nothing to wait for in another ring", function()
    local ring <close> = assert(uring.ring(1))
    ring:get_sqe()
    assert.is_true(ring:sqring_wait())
    assert.equal(1, ring:sq_ready())
  end)
end)

describe("submit_and_wait", function()
  it("lasts its whole time, how often a timeout op may cut it", function()
    local ring <close> = rows.ring()
    for cuts = 0, 3 do
      for i = 1, cuts do raw.prepare(ring, "timeout", 0.001 * i) end
      local seconds, count, message, code = timed(ring, "submit_and_wait",
        cuts + 1, 0.05)
      assert.same(TIMEOUT, { count, message, code })
      assert.is_true(0.05 <= seconds and seconds < LONG)
      assert.equal(cuts, #rows.reap(ring, cuts))
    end
  end)
end)

describe("submit_and_wait_min_timeout", function()
  local own, ring, fd

  before_each(function()
    own, ring = rows.owner(), rows.ring()
    fd = own(uring.socketpair())
  end)

  after_each(function()
    ring:close()
    getmetatable(own).__close(own)
  end)

  local function wait(...)
    needs "6.12"
    return timed(ring, "submit_and_wait_min_timeout", ...)
  end

  it("ends with all the CQEs, before its least time is over", function()
    prepare_pair(ring, fd, 0.01)
    local seconds, count = wait(2, LONG, LONG)
    assert.equal(2, count)
    assert.equal(2, ring:cq_ready())
    assert.is_true(0.01 <= seconds and seconds < LONG / 2)
  end)

  it("ends with some when its least time is over", function()
    prepare_pair(ring, fd, 0.001)
    local seconds, count = wait(3, LONG, 0.05)
    assert.equal(2, count)
    assert.equal(2, ring:cq_ready())
    assert.is_true(0.05 <= seconds and seconds < LONG / 2)
  end)

  it("ends with the first one after its least time", function()
    prepare_pair(ring, fd, 0.05)
    local seconds, count = wait(3, LONG, 0.001)
    assert.equal(2, count)
    assert.is_true(ring:cq_ready() > 0)
    assert.is_true(0.05 <= seconds and seconds < LONG / 2)
  end)

  it("lasts its least time, how often a timeout op may cut it", function()
    for i = 1, 2 do raw.prepare(ring, "timeout", 0.001 * i) end
    local seconds, count = wait(3, LONG, 0.05)
    assert.equal(2, count)
    assert.equal(2, ring:cq_ready())
    assert.is_true(0.05 <= seconds and seconds < LONG / 2)
  end)

  it("ends without any when its time is over", function()
    prepare_pair(ring, fd, LONG)
    for _, least in ipairs { 0, 0.01, 0.1 } do
      local seconds, count, message, code = wait(1, 0.05, least)
      assert.same(TIMEOUT, { count, message, code })
      assert.is_true(0.05 <= seconds and seconds < LONG)
    end
    assert.equal(2, ring:in_flight())
    assert.equal(0, ring:sq_ready())
  end)

  it("names what is wrong", function()
    local name = "submit_and_wait_min_timeout"
    refuse(ring, name, 1, "number expected, got no value")
    refuse(ring, name, 1, "more than the CQ has entries", 33, 1, 0)
    refuse(ring, name, 2, "number expected, got no value", 1)
    refuse(ring, name, 2, "seconds out of range", 1, -1, 0)
    refuse(ring, name, 3, "number expected, got no value", 1, 1)
    refuse(ring, name, 3, "seconds out of range", 1, 1, -1)
    refuse(ring, name, 3, "seconds out of range", 1, 1, 4294)
  end)

  it("says where this kernel is too old", function()
    if setupflags.is_kernel "6.12" then pending("it is not") end
    local _, count, message, code = timed(ring, "submit_and_wait_min_timeout",
      1, 1, 0)
    assert.is_nil(count)
    assert.matches("^submit_and_wait_min_timeout: needs Linux 6.12", message)
    assert.equal(errno.ENOSYS, code)
  end)
end)

describe("a registered wait", function()
  local REFUSED = "register_region: "

  -- A ring with room for some of them.
  local function open(count, flags)
    needs "6.13"
    local ring = assert(uring.ring(8, { flags = { "r_disabled",
      table.unpack(flags or {}) } }))
    assert.is_true(ring:register_region(count))
    assert.is_true(ring:enable_rings())
    return ring
  end

  it("ends with the CQEs", function()
    local own <close> = rows.owner()
    local fd = own(uring.socketpair())
    local ring <close> = open(1)
    ring:set_reg_wait(1, LONG)
    prepare_pair(ring, fd, 0.01)
    local seconds, count = timed(ring, "submit_and_wait_reg", 2, 1)
    assert.equal(2, count)
    assert.is_true(0.01 <= seconds and seconds < LONG / 2)
  end)

  it("ends when its time is over, by its number", function()
    local ring <close> = open(4096, { "single_issuer", "defer_taskrun" })
    local times = { 0.02, 0.04, [4096] = 0.06 }
    for number, time in pairs(times) do ring:set_reg_wait(number, time) end
    for number, time in pairs(times) do
      local seconds, count, message, code = timed(ring, "submit_and_wait_reg",
        1, number)
      assert.same(TIMEOUT, { count, message, code })
      assert.is_true(time <= seconds and seconds < LONG)
    end
    ring:set_reg_wait(1, 0.001)
    assert.is_true(timed(ring, "submit_and_wait_reg", 1, 1) < LONG)
  end)

  it("has a least time too", function()
    local own <close> = rows.owner()
    local fd = own(uring.socketpair())
    local ring <close> = open(1)
    ring:set_reg_wait(1, LONG, 0.05)
    prepare_pair(ring, fd, 0.001)
    local seconds = timed(ring, "submit_and_wait_reg", 3, 1)
    assert.equal(2, ring:cq_ready())
    assert.is_true(0.05 <= seconds and seconds < LONG / 2)
  end)

  it("does not say that its time is over where a timeout op cuts it",
    function()
      local ring <close> = open(1)
      ring:set_reg_wait(1, 0.2)
      raw.prepare(ring, "timeout", 0.001)
      local seconds, _, message = timed(ring, "submit_and_wait_reg", 2, 1)
      assert.is_true(message ~= "timeout" or seconds >= 0.2)
    end)

  it("waits for nothing where the count is 0", function()
    local ring <close> = open(1)
    ring:set_reg_wait(1, LONG)
    ring:get_sqe()
    assert.equal(1, ring:submit_and_wait_reg(0, 1))
  end)

  it("is refused where the ring is not set up for it", function()
    needs "6.13"
    local ring <close> = rows.ring()
    assert.same({ nil, REFUSED .. "Invalid argument", errno.EINVAL },
      { ring:register_region(1) })
    local disabled <close> = open(1)
    assert.same({ nil, REFUSED .. "Device or resource busy", errno.EBUSY },
      { disabled:register_region(1) })
    assert.equal(0, (rows.call(ring, "nop")))
  end)

  it("is named where it is none", function()
    local none = "no registered wait has this number"
    local ring <close> = rows.ring()
    refuse(ring, "register_region", 1, "out of range", 0)
    refuse(ring, "register_region", 1, "out of range", 4097)
    refuse(ring, "set_reg_wait", 1, none, 1, 1)
    refuse(ring, "submit_and_wait_reg", 2, none, 1, 1)
    local two <close> = open(2)
    for _, number in ipairs { -1, 0, 3, 64, 65 } do
      refuse(two, "set_reg_wait", 1, none, number, 1)
      refuse(two, "submit_and_wait_reg", 2, none, 1, number)
    end
    refuse(two, "set_reg_wait", 2, "seconds out of range", 1, -1)
    refuse(two, "set_reg_wait", 3, "seconds out of range", 1, 1, -1)
    refuse(two, "submit_and_wait_reg", 1, "more than the CQ has entries", 99, 1)
  end)
end)

describe("set_iowait", function()
  it("says whether waits count as I/O, which they do as before", function()
    needs "6.15"
    local ring <close> = rows.ring()
    for _, on in ipairs { false, true, false } do
      assert.is_true(ring:set_iowait(on))
      local seconds, count, message, code = timed(ring, "submit_and_wait", 1,
        0.01)
      assert.same(TIMEOUT, { count, message, code })
      assert.is_true(0.01 <= seconds and seconds < LONG)
      assert.equal(0, (rows.call(ring, "nop")))
    end
    assert.is_true(ring:register_ring_fd())
    assert.equal(0, (rows.call(ring, "nop")))
  end)

  it("says where this kernel is too old", function()
    if setupflags.is_kernel "6.15" then pending("it is not") end
    local ring <close> = rows.ring()
    local done, message, code = ring:set_iowait(true)
    assert.is_nil(done)
    assert.matches("^set_iowait: needs Linux 6.15", message)
    assert.equal(errno.ENOSYS, code)
  end)

  it("names what is wrong", function()
    local ring <close> = rows.ring()
    refuse(ring, "set_iowait", 1, "boolean expected, got number", 1)
  end)
end)
