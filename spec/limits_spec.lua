--- h:settimeout and connect's timeout: a call that takes too long says
-- nil, "timeout", ETIMEDOUT, and nothing that was received is lost.
-- Writes are in limits_write_spec.lua.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local low = require "uring.ring"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local TIMEOUT = { n = 3, nil, "timeout", errno.ETIMEDOUT }
local CLOSED = { n = 3, nil, "closed", errno.ECLOSED }

-- Two connections to each other, in a run.
local function connected(body)
  return within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other, listener)
  end)
end

-- Asserts that a call times out, and not too soon.
local function times_out(seconds, call, ...)
  local before = uring.now()
  assert.same(TIMEOUT, table.pack(call(...)))
  local taken = uring.now() - before
  assert.is_true(seconds <= taken and taken < seconds + 2, taken .. " s")
end

-- Bytes that come one by one.
local function trickle(conn, bytes, seconds)
  uring.spawn(function()
    for byte in bytes:gmatch "." do
      if not conn:write(byte) then return end
      uring.sleep(seconds)
    end
  end)
end

describe("settimeout", function()
  it("gives the handle, and takes nil for no limit", function()
    connected(function(one, other, listener)
      for _, handle in ipairs { one, listener } do
        assert.equal(handle, handle:settimeout(0.001))
        assert.equal(handle, handle:settimeout(nil))
        assert.equal(handle, handle:settimeout(math.huge))
        assert.equal(handle, handle:settimeout(1e9, "both"))
      end
      uring.spawn(function()
        uring.sleep(0.005)
        other:write "x"
      end)
      assert.equal("x", one:read_some())
    end)
  end)

  it("refuses what is no time, or no direction", function()
    connected(function(one)
      for _, seconds in ipairs { -1, "1", 0 / 0, false, {} } do
        assert.error_matches(function() one:settimeout(seconds) end,
          "settimeout: bad argument 'seconds' %(number expected%)")
      end
      for _, direction in ipairs { "", "r", "reads", 1, false } do
        local ok = pcall(one.settimeout, one, 1, direction)
        assert.equal(direction == false, ok)
      end
    end)
  end)

  it("limits the direction that it names", function()
    connected(function(one)
      one:settimeout(0.005, "write")
      assert.is_nil(uring.timeout(0.02, one.read_some, one) or nil)
      one:settimeout(60):settimeout(0.005, "read")
      times_out(0.005, one.read_some, one)
      one:settimeout(nil, "read"):settimeout(0.005)
      times_out(0.005, one.read, one)
    end)
  end)
end)

describe("a read that takes too long", function()
  it("says so, whatever it reads", function()
    connected(function(one)
      one:settimeout(0.003)
      times_out(0.003, one.read_some, one)
      for _, format in ipairs { "l", "L", "a", 1, 0 } do
        times_out(0.003, one.read, one, format)
      end
      times_out(0.003, one.read, one)
      times_out(0.003, one.read, one, "l", 3)
      assert.error_matches(one:lines(), "timeout")
      assert.error_matches(one:chunks(), "timeout")
    end)
  end)

  it("is limited as a whole, however often something comes", function()
    connected(function(one, other)
      trickle(other, ("x"):rep(200), 0.001)
      one:settimeout(0.03)
      times_out(0.03, one.read, one, 200)
      one:settimeout(60)
      assert.equal(("x"):rep(200), one:read(200))
    end)
  end)

  it("leaves what has come to the next", function()
    connected(function(one, other)
      one:settimeout(0.005)
      local whole = ""
      for i, format in ipairs { "l", "L", "a", 100 } do
        assert(other:write("part ", i, " "))
        whole = whole .. "part " .. i .. " "
        times_out(0.005, one.read, one, format)
      end
      assert.equal(whole, one:read_some())
      assert(other:write "one\ntwo\nthr")
      times_out(0.005, one.read, one, "l", "L", "l")
      times_out(0.005, one.read, one, 5, "a")
      assert(other:write "ee\n")
      local first, second, third = one:read("l", "L", "l")
      assert.same({ "one", "two\n", "three" }, { first, second, third })
    end)
  end)

  it("takes what is there, where there is no time", function()
    connected(function(one, other)
      one:settimeout(0)
      times_out(0, one.read_some, one)
      for _ = 1, 50 do
        assert(other:write "hello\n")
        assert(uring.wait_readable(one, 1))
        assert.equal("hello", one:read())
        times_out(0, one.read, one)
      end
    end)
  end)

  it("of a pipe says so", function()
    within.run(function()
      local a, b = low.pipe()
      local from <close> = fs.from_fd(a)
      local to <close> = fs.from_fd(b)
      from:settimeout(0.005)
      times_out(0.005, from.read_some, from)
      assert(to:write "par")
      times_out(0.005, from.read, from)
      assert(to:write "tial\n")
      assert.equal("partial", from:read())
    end)
  end)
end)

describe("the limit of a read", function()
  it("ends no other wait after it", function()
    connected(function(one, other)
      one:settimeout(0.02)
      local function undisturbed()
        local before = uring.now()
        uring.sleep(0.04)
        assert.is_true(uring.now() - before >= 0.04)
      end
      for _, read in ipairs { one.read_some, one.read } do
        assert.is_nil(uring.timeout(0.001, read, one))
        undisturbed()
        assert(other:write "x\n")
        assert(read(one))
        undisturbed()
      end
    end)
  end)

  it("is each call's own", function()
    connected(function(one, other)
      one:settimeout(0.5)
      trickle(other, "a\nb\nc\nx\ny\n", 0.07) -- all together too long
      local lines = {}
      for line in one:lines() do
        lines[#lines + 1] = line
        if line == "y" then break end
      end
      assert.equal("abcxy", table.concat(lines))
    end)
  end)

  it("and a timeout around it: the sooner one ends it", function()
    connected(function(one, other)
      one:settimeout(60)
      local inner
      times_out(0.005, uring.timeout, 0.005, function()
        inner = one:read_some()
      end)
      assert.is_nil(inner)
      one:settimeout(0.005)
      assert.equal("timeout", uring.timeout(60, function()
        return (select(2, one:read_some()))
      end))
      for _ = 1, 20 do
        assert.same(TIMEOUT, table.pack(uring.timeout(0.005, one.read, one)))
      end
      assert(other:write "fine\n")
      assert.equal("fine", one:read())
    end)
  end)

  it("is not lost where another task wants to read too", function()
    connected(function(one)
      one:settimeout(0.02)
      local result
      uring.spawn(function() result = table.pack(one:read()) end)
      uring.yield()
      for _, read in ipairs { one.read_some, one.read } do
        assert.equal(errno.EBUSY, (select(3, read(one))))
      end
      local before = uring.now()
      uring.sleep(0.05)
      assert.is_true(uring.now() - before >= 0.05)
      assert.same(TIMEOUT, result)
    end)
  end)
end)

describe("two tasks that read", function()
  it("get no byte twice: the second is refused", function()
    connected(function(one, other)
      assert(other:write "abc")
      local result
      uring.spawn(function() result = one:read(6) end)
      uring.sleep(0.001)
      assert.equal(errno.EBUSY, (select(3, one:read_some())))
      assert(other:write "def")
      uring.sleep(0.001)
      assert.equal("abcdef", result)
    end)
  end)
end)

describe("a listener with a limit", function()
  it("says so where nobody comes", function()
    connected(function(_, _, listener)
      listener:settimeout(0.005)
      times_out(0.005, listener.accept, listener)
      assert.error_matches(listener:iter(), "timeout")
      local _client <close> = assert(uring.connect(listener:sockname()))
      local conn <close> = assert(listener:accept())
      assert.is_false(conn.read_timeout)
    end)
  end)

  it("takes who is there, where there is no time", function()
    connected(function(_, _, listener)
      listener:settimeout(0)
      times_out(0, listener.accept, listener)
      for _ = 1, 20 do
        local _client <close> = assert(uring.connect(listener:sockname()))
        assert(uring.wait_readable(listener, 1))
        assert(listener:accept()):close()
      end
    end)
  end)

  it("limits each task that accepts", function()
    connected(function(_, _, listener)
      local order = {}
      for _, seconds in ipairs { 0.05, 0.15, 0.1 } do
        uring.spawn(function()
          times_out(seconds, listener.accept, listener:settimeout(seconds))
          order[#order + 1] = seconds
        end)
        uring.yield()
      end
      while #order < 3 do uring.sleep(0.005) end
      assert.same({ 0.05, 0.1, 0.15 }, order)
    end)
  end)
end)

describe("connect's timeout", function()
  -- Calls a function with the address of a listener that takes no more.
  local function crowded(body)
    local own <close> = rows.owner()
    local _, where = sockets.listener(own, 0)
    within.run(function()
      local others <close> = setmetatable({}, { __close = function(conns)
        for _, conn in ipairs(conns) do conn:close() end
      end })
      local conn
      repeat
        conn = uring.timeout(0.05, uring.connect, where)
        others[#others + 1] = conn
      until not conn
      body(where)
    end)
  end

  it("ends it, and closes the socket", function()
    crowded(function(where)
      times_out(0.01, uring.connect, where, { timeout = 0.01 })
      times_out(0, uring.connect, where, { timeout = 0 })
      times_out(0.01, uring.connect, where.host, where.port,
        { timeout = 0.01 })
    end)
  end)

  it("and a timeout around it: the sooner one ends it", function()
    crowded(function(where)
      times_out(0.01, uring.timeout, 0.01, uring.connect, where,
        { timeout = 60 })
      assert.equal("timeout", uring.timeout(60, function()
        return (select(2, uring.connect(where, { timeout = 0.01 })))
      end))
    end)
  end)

  it("ends nothing later, nor limits the connection", function()
    connected(function(_, _, listener)
      for _, seconds in ipairs { 0.02, 5, 1e9, math.huge } do
        local conn <close> = assert(uring.connect(listener:sockname(),
          { timeout = seconds }))
        local before = uring.now()
        assert.is_nil(uring.timeout(0.04, conn.read_some, conn))
        assert.is_true(uring.now() - before >= 0.04)
        listener:accept():close()
      end
    end)
  end)

  it("refuses what is no time", function()
    connected(function(_, _, listener)
      for _, seconds in ipairs { -1, 0 / 0, "1", true } do
        assert.error_matches(function()
          uring.connect(listener:sockname(), { timeout = seconds })
        end, "connect: bad option 'timeout'")
      end
    end)
  end)
end)

describe("limits that were not reached", function()
  it("leave no timer behind", function()
    within.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      listener:settimeout(60)
      local timers = loop.current("this spec").timers
      for _ = 1, 20 do
        local one = assert(uring.connect(listener:sockname(),
          { timeout = 60 }))
        local other = assert(listener:accept())
        one:settimeout(60)
        other:settimeout(60)
        uring.spawn(one.write, one, ("x"):rep(1 << 20))
        uring.spawn(one.write, one, "in line")
        uring.yield()
        assert.is_true(uring.wait_readable(other, 60))
        assert.equal((1 << 20) + 7, #other:read((1 << 20) + 7))
        uring.yield()
        for _, handle in ipairs { one, other } do handle:close() end
      end
      assert.is_not_nil(timers:next()) -- the listener's
      listener:close()
      assert.is_nil(timers:next())
    end)
  end)
end)

describe("outside of a run limits", function()
  it("hold, too: the thread waits", function()
    local listener = assert(uring.listen "127.0.0.1:0")
    listener:settimeout(0.005)
    times_out(0.005, listener.accept, listener)
    local one = assert(uring.connect(listener:sockname(), { timeout = 5 }))
    local other = assert(listener:accept())
    one:settimeout(0.005)
    times_out(0.005, one.read_some, one)
    assert(other:write "par")
    times_out(0.005, one.read, one)
    assert(other:write "tial\nrest")
    assert.equal("partial", one:read())
    assert.equal(one, one:write "x")
    assert.equal("rest", one:read_some())
    assert.same({ nil, "timeout" }, { (select(1, one:read("l", 3))),
      (select(2, one:read("l", 3))) })
    for _, handle in ipairs { listener, one, other } do handle:close() end
    assert.same(CLOSED, table.pack(one:read_some()))
    assert.same(CLOSED, table.pack(listener:accept()))
  end)
end)

describe("reads that are cancelled at random", function()
  local COUNT = 64 -- bytes in a stream
  local BYTES = {}
  for i = 1, COUNT do BYTES[i] = string.char(64 + i % 60) end
  local STREAM = table.concat(BYTES)

  -- One read, ended early in one way or another.
  local function attempt(conn, random)
    local seconds = random(0, 3) * 0.0003
    local how, what = random(4), random(3)
    local read = what == 1 and conn.read_some or conn.read
    local argument = what == 2 and random(1, 7) or what == 3 and "l" or nil
    if how == 1 then return uring.timeout(seconds, read, conn, argument) end
    conn:settimeout(how == 2 and seconds or nil)
    if how == 2 then return read(conn, argument) end
    if how == 3 then
      return (uring.scope(function(scope)
        local task = scope:spawn(read, conn, argument)
        uring.sleep(seconds)
        task:cancel()
        local ok, bytes = task:result()
        return ok and bytes or nil
      end))
    end
    local ok, bytes = pcall(uring.timeout, 60, read, conn, random(1, 2))
    return ok and bytes or nil
  end

  local function history(seed)
    math.randomseed(seed)
    local random = math.random
    connected(function(one, other)
      uring.spawn(function()
        for _, byte in ipairs(BYTES) do
          assert(other:write(byte))
          if random(3) == 1 then uring.sleep(random(0, 2) * 0.0003) end
        end
        other:shutdown "w"
      end)
      local got = {}
      local size = 0
      while size < COUNT do
        local bytes = attempt(one, random)
        if bytes then
          got[#got + 1] = bytes
          size = size + #bytes
        end
      end
      assert.equal(STREAM, table.concat(got))
    end)
  end

  it("lose no byte of a stream: 50 seeds", function()
    for seed = 1, 50 do
      local ok, problem = pcall(history, seed)
      assert.is_true(ok, ("seed %d: %s"):format(seed, problem))
    end
  end)
end)
