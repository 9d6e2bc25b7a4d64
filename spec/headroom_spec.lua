--- Proves the option gc_headroom: how long the collector waits follows what
-- is live, in both of its modes, and is afterwards as it was.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"

-- The collector's pause, in per cent.
local function pause()
  local value = collectgarbage("setpause", 200)
  collectgarbage("setpause", value)
  return value
end

-- Lets the loop turn so often.
local function turn(count)
  for _ = 1, count do uring.yield() end
end

describe("gc_headroom in incremental mode", function()
  leaks.watch()

  local mode, before

  before_each(function()
    mode = collectgarbage "incremental"
    before = collectgarbage("setpause", 180)
  end)

  after_each(function()
    collectgarbage("setpause", before)
    collectgarbage(mode)
  end)

  it("makes the pause as long as what is live leaves room for", function()
    local live = collectgarbage "count" * 1024
    uring.run({ gc_headroom = 4 * live }, function()
      assert.is_true(math.abs(pause() - 500) <= 25)
    end)
  end)

  it("keeps to 200 to 1000 per cent", function()
    uring.run({ gc_headroom = 1 }, function() assert.equal(200, pause()) end)
    for _, much in ipairs { 1 << 40, 1e300, math.huge } do
      uring.run({ gc_headroom = much }, function()
        assert.equal(1000, pause())
      end)
    end
  end)

  it("shortens the pause when more is live", function()
    collectgarbage()
    local live = collectgarbage "count" * 1024
    uring.run({ gc_headroom = 4 * live }, function()
      local kept = ("x"):rep(4 * live // 1)
      turn(64 * 40)
      assert.is_true(pause() < 300)
      assert.equal(4 * live // 1, #kept)
    end)
  end)

  it("leaves the collector as it was, also where the run fails", function()
    uring.run({ gc_headroom = 1 << 40 }, function() end)
    assert.equal(180, pause())
    assert.is_false(pcall(uring.run, { gc_headroom = 1 << 40 }, function()
      error "on purpose"
    end))
    assert.equal(180, pause())
    assert.equal("incremental", collectgarbage "incremental")
  end)

  it("leaves it as it is where that is 0, or the program's own", function()
    for _, options in ipairs { {}, { gc_headroom = 0 } } do
      uring.run(options, function() assert.equal(180, pause()) end)
    end
  end)

  it("follows a program into incremental mode", function()
    collectgarbage "generational"
    uring.run({ gc_headroom = 1 << 40 }, function()
      collectgarbage "incremental"
      turn(130)
      assert.equal("incremental", collectgarbage "incremental")
      assert.equal(1000, pause())
    end)
    assert.equal(180, pause())
  end)

  it("is a count of bytes", function()
    for _, wrong in ipairs { -1, 0 / 0, "1", {} } do
      assert.has_error(function()
        uring.run({ gc_headroom = wrong }, function() end)
      end, "run: bad option 'gc_headroom'")
    end
  end)
end)

-- A small heap of its own: 'setting' comes before the run, 'options' go to it,
-- and what 'body' prints in it is returned.
local function alone(setting, options, body)
  local program = [[
    local uring = require "uring"
    %s
    uring.run(%s, function() %s end)
  ]]
  return process.capture(process.LUA .. " -e "
    .. process.quote(program:format(setting, options, body)) .. " 2>&1")
end

describe("gc_headroom by default", function()
  local PRINT <const> = 'print(collectgarbage("setpause", 200))'

  -- In each turn sixteen times what is held is as large as all else.
  local CROWD <const> = [[
    local held = {}
    for turn = 1, 64 * 12 do
      for i = 1, 16 do held[i] = ("x"):rep(65536) .. turn end
      uring.yield()
    end
  ]]

  it("makes room where a small heap would be gone through all the time",
    function()
      local text = alone('collectgarbage "incremental"', "{}", CROWD .. PRINT)
      assert.is_true(math.tointeger(text) >= 400, text)
    end)

  it("makes none where it is not", function()
    local text = alone('collectgarbage "incremental"', "{}",
      "for _ = 1, 64 * 12 do uring.yield() end " .. PRINT)
    assert.equal(200, math.tointeger(text))
  end)

  it("makes none when it is no longer", function()
    local text = alone('collectgarbage "incremental"', "{}", CROWD
      .. "held = nil for _ = 1, 64 * 32 * 7 do uring.yield() end " .. PRINT)
    assert.equal(200, math.tointeger(text))
  end)

  it("leaves alone what the program has set", function()
    local text = alone('collectgarbage("incremental", 160)', "{}", PRINT)
    assert.equal(160, math.tointeger(text))
    text = alone('collectgarbage "incremental" collectgarbage "stop"', "{}",
      PRINT)
    assert.equal(200, math.tointeger(text))
  end)

  -- What has got old is only taken in a major collection, which begins when
  -- the heap has grown by so much.
  local GROW <const> = [[
    local weak = setmetatable({ {} }, { __mode = "v" })
    local old = weak[1]
    collectgarbage()
    for _ = 1, 3 do collectgarbage "step" end
    old = nil
    local kept, size = {}, collectgarbage "count"
    while collectgarbage "count" < 2.5 * size do
      kept[#kept + 1] = ("x"):rep(1000) .. #kept
    end
    print(weak[1] and "waits" or "has collected", old)
  ]]

  it("makes major collections of generational mode wait as well", function()
    local setting = 'collectgarbage "generational"'
    for options, found in pairs {
      ["{}"] = "^waits", ["{ gc_headroom = 64 << 20 }"] = "^waits",
      ["{ gc_headroom = 0 }"] = "^has collected",
    } do
      assert.is_truthy(alone(setting, options, CROWD .. GROW):find(found))
    end
  end)

  it("does not have malloc give back what comes and goes", function()
    local COUNT <const> = [[
      local function faults()
        local file <close> = assert(io.open "/proc/self/stat")
        local fields = file:read("a"):match "%) (.*)"
        return tonumber(fields:match(("%S+ "):rep(7) .. "(%d+)"))
      end
      local function come_and_go()
        local kept = {}
        for i = 1, 1000 do kept[i] = ("x"):rep(4000) .. i end
        kept = nil
        collectgarbage()
      end
      for _ = 1, 3 do come_and_go() end
      local before = faults()
      for _ = 1, 10 do come_and_go() end
      print(faults() - before)
    ]]
    if os.getenv "ASAN_OPTIONS" then return pending "malloc is another's" end
    local given = tonumber(alone("", "{ gc_headroom = 0 }", COUNT))
    for _, options in ipairs { "{}", "{ gc_headroom = 64 << 20 }" } do
      local kept = tonumber(alone("", options, COUNT))
      assert.is_true(kept * 16 < given, ("%d and %d"):format(kept, given))
    end
  end)
end)
