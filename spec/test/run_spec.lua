--- A simulated run is decided by its seed: what it returns, raises, prints
-- and traces, which time it shows, and how a failure is told.
local blocking = require "uring.blocking"
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local test = require "uring.test"
local uring = require "uring"

leaks.watch()

local C = raw.consts

-- Some of everything.
local function program()
  local listener <close> = assert(uring.listen("127.0.0.1:0"))
  for i = 1, 3 do
    uring.spawn(function()
      local conn <close> = assert(uring.connect(listener:sockname()))
      for _ = 1, 3 do
        conn:write("hello ", i, "\n")
        conn:read()
        uring.sleep(math.random() / 100)
      end
    end)
  end
  for _ = 1, 3 do
    local conn = assert(listener:accept())
    uring.spawn(function()
      local owned <close> = conn
      for line in owned:lines() do owned:write(line, "\n") end
    end)
  end
end

local function trace_of(seed, options)
  options = options or {}
  options.seed = seed
  pcall(test.run, options, program)
  return test.trace()
end

describe("a simulated run", function()
  it("returns what the function returns, and gives it arguments", function()
    local function add(a, b) return a + b, nil, "b" end
    assert.same({ n = 3, 3, nil, "b" }, table.pack(test.run({}, add, 1, 2)))
    local function count(...) return select("#", ...) end
    assert.equal(5, test.run(count, 1, nil, 3, nil, nil))
  end)

  it("raises what the function raises, unchanged", function()
    local problem = {}
    local ok, got = pcall(test.run, {}, function() error(problem) end)
    assert.is_false(ok)
    assert.equal(problem, got)
  end)

  it("is the same for the same seed, and another for another", function()
    local first = trace_of(7)
    assert.is_true(#first > 1000)
    assert.equal(first, trace_of(7))
    assert.not_equal(first, trace_of(8))
    local faulty = trace_of(7, { faults = true })
    assert.not_equal(first, faulty)
    collectgarbage()
    assert.equal(faulty, trace_of(7, { faults = true }))
  end)

  it("is the same in another process", function()
    local file = assert(io.open("spec/test/run_spec.lua"))
    local body = file:read("a"):match("local function program%(%).-\nend\n")
    file:close()
    local name = os.tmpname()
    local script <close> = assert(io.open(name, "w"))
    script:write('local test, uring = require "uring.test", require "uring"\n',
      body, "for seed = 1, 20 do\n",
      "  pcall(test.run, { seed = seed, faults = true }, program)\n",
      "  io.write(test.trace())\nend\n")
    script:flush()
    local outputs = {}
    for i = 1, 2 do
      local pipe = io.popen(("LUA_PATH='%s' LUA_CPATH='%s' %s %s"):format(
        package.path, package.cpath, os.getenv "LUA" or "lua5.4", name))
      outputs[i] = pipe:read("a")
      pipe:close()
    end
    os.remove(name)
    assert.is_true(#outputs[1] > 20000)
    assert.equal(outputs[1], outputs[2])
  end)

  it("takes no time, and shows how much has passed", function()
    local began = os.time()
    test.run({}, function()
      local monotonic, wall, used = uring.now(), os.time(), os.clock()
      uring.sleep(86400)
      assert.near(86400, uring.now() - monotonic, 0.1)
      assert.near(86400, os.time() - wall, 1)
      assert.near(86400, os.clock() - used, 0.1)
      assert.equal(os.date("%F", os.time()), os.date "%F")
      assert.equal(86400, os.time { year = 1970, month = 1, day = 2, hour = 0 }
        - os.time { year = 1970, month = 1, day = 1, hour = 0 })
    end)
    assert.is_true(os.time() - began < 60)
  end)

  it("seeds math.random, and leaves that of the host as it was", function()
    math.randomseed(42)
    local expected = { math.random(0), math.random(0) }
    local function draw() return math.random(1 << 40) end
    math.randomseed(42)
    local one, two = test.run({ seed = 1 }, draw), test.run({ seed = 2 }, draw)
    assert.equal(one, test.run({ seed = 1 }, draw))
    assert.not_equal(one, two)
    math.randomseed(42)
    test.run({}, draw)
    local after = math.random(0)
    assert.not_equal(expected[1], after)
    math.randomseed(42)
    test.run({}, draw)
    assert.equal(after, math.random(0))
  end)

  it("puts everything back, also after a failure", function()
    local before = { raw.close, raw.pipe, os.time, os.clock, os.date }
    pcall(test.run, {}, function()
      assert.not_equal(before[1], raw.close)
      error "no"
    end)
    assert.same(before, { raw.close, raw.pipe, os.time, os.clock, os.date })
    assert.is_true(uring.run(function() return (uring.op.nop()) end))
  end)

  it("has files, and what was written to them", function()
    local got = test.run({ files = { ["/etc/app.conf"] = "a = 1\n",
      ["data/in"] = "x", ["empty/"] = "" } }, function()
      local file <close> = assert(uring.open "/etc/app.conf", "r")
      local out <close> = assert(uring.open("/data/out", "w"))
      out:write("result")
      local _new <close> = assert(uring.open("/empty/new", "w"))
      return file:read("a")
    end)
    assert.equal("a = 1\n", got)
    assert.same({ ["/etc/app.conf"] = "a = 1\n", ["/data/in"] = "x",
      ["/data/out"] = "result", ["/empty/new"] = "" }, test.files())
  end)

  it("has standard streams", function()
    test.run({ stdin = "one\ntwo\n" }, function()
      for line in uring.stdin:lines() do
        uring.stdout:write(line:upper(), "\n")
      end
      uring.stderr:write "done"
    end)
    assert.equal("ONE\nTWO\n", test.output())
    assert.equal("done", test.output(2))
  end)

  it("fails where its output is broken, and the process lives", function()
    local ok, message = pcall(test.run, {}, function()
      error("stdout: Broken pipe", 0)
    end)
    assert.is_false(ok)
    assert.matches("^stdout: Broken pipe", message)
  end)

  it("has signals that one waits for", function()
    local name = test.run({}, function()
      uring.spawn(function()
        uring.sleep(1)
        test.signal "TERM"
      end)
      return (uring.signal.wait("INT", "TERM"))
    end)
    assert.equal("TERM", name)
    assert.error_matches(function() test.signal "FOO" end,
      "test.signal: no signal 'FOO'", 1, true)
  end)

  it("tells which ops wait in a deadlock", function()
    local ok, message = pcall(test.run, { strict = false }, function()
      local reader = raw.pipe()
      uring.op.read(reader, raw.buffer(1))
    end)
    assert.is_false(ok)
    assert.matches("deadlock: 1 task is waiting", message, 1, true)
    assert.matches("nothing will complete it: #1 read 1000000", message, 1,
      true)
  end)

  it("refuses what is not simulated, by name", function()
    local function refuses(what, call)
      local ok, message = pcall(test.run, {}, call)
      assert.is_false(ok)
      assert.matches("uring.test does not simulate " .. what, message, 1, true)
      assert.matches("run_spec.lua:%d+:", message)
    end
    refuses("uring.op.epoll_wait", function()
      uring.op.epoll_wait(0, raw.buffer(12))
    end)
    refuses("uring.op.recvmsg_multishot", function()
      uring.op.recvmsg_multishot(0, raw.message {}, 0)
    end)
    refuses("a timeout with a count", function() uring.op.timeout(1, 1) end)
    refuses("sockets of other types", function()
      raw.socket(C.AF_INET, C.SOCK_DGRAM)
    end)
    refuses("rings but the loop's", function() raw.ring(4) end)
    refuses("ring:register_files", function()
      uring.ring():register_files {}
    end)
    refuses("epoll", function() raw.epoll() end)
  end)

  it("takes the options of uring.run", function()
    local function main()
      test.signal "INT"
      uring.sleep(1)
      return "slept"
    end
    for _, case in ipairs {
      { "cancel", "interrupted!" }, { "ignore", "slept" },
      { "default", "slept" },
    } do
      local _, result = pcall(test.run, { sigint = case[1], watchdog = 1 },
        main)
      assert.matches(case[2], result, 1, true)
    end
  end)

  it("checks its options", function()
    for name, value in pairs { seed = "x", colour = 1, files = 1, disk = 0.5,
      strict = 1, sigint = "never", watchdog = "on" } do
      assert.error_matches(function() test.run({ [name] = value }, print) end,
        "test.run: bad option '" .. name .. "'", 1, true)
    end
    assert.error_matches(function()
      test.run({ faults = { shrt = 1 } }, print)
    end, "no fault 'shrt'", 1, true)
    assert.error_matches(function()
      test.run({ faults = { short = 2 } }, print)
    end, "fault 'short' must be a probability", 1, true)
    assert.error_matches(function() test.run({}, 1) end, "bad argument 'body'",
      1, true)
    assert.error_matches(function() test.run(1, print) end,
      "bad argument 'options'", 1, true)
  end)

  it("may block where a task cannot wait", function()
    test.seeds(1, 50, {}, function()
      local reader, writer = raw.pipe()
      local list = { 3, 1, 2 }
      table.sort(list, function(a, b)
        uring.blocking(uring.sleep, 0.01)
        return a < b
      end)
      assert.same({ 1, 2, 3 }, list)
      uring.spawn(function() uring.op.write(writer, "x") end)
      uring.yield() -- it runs
      uring.yield() -- the write is submitted
      assert.equal(1, (uring.blocking(uring.op.read, reader, raw.buffer(1))))
      raw.close(reader)
      raw.close(writer)
    end)
    assert.is_true(uring.blocking(function() return (uring.op.nop()) end))
    blocking.rest()
  end)

  it("is not started inside another", function()
    assert.error_matches(function()
      test.run({}, function() test.run({}, print) end)
    end, "test.run inside uring.run", 1, true)
  end)
end)

describe("many seeds", function()
  it("run each with its number, until one fails", function()
    local seen = {}
    local ok, message = pcall(test.seeds, 3, 9, {}, function(seed)
      seen[#seen + 1] = seed
      uring.op.nop()
      if seed == 6 then error("six", 0) end
    end)
    assert.is_false(ok)
    assert.same({ 3, 4, 5, 6 }, seen)
    assert.matches("^six\n", message)
    assert.matches("\n\nseed 6; the trace ends with\n1000.000000000 #1 starts: "
      .. "nop", message, 1, true)
    assert.matches("\nagain: URING_SEED=6 ", message, 1, true)
  end)

  it("are one seed where URING_SEED says which", function()
    local name = os.tmpname()
    local script <close> = assert(io.open(name, "w"))
    script:write('require "uring.test".seeds(1, 100, {}, print)')
    script:flush()
    local pipe = io.popen(("URING_SEED=17 LUA_PATH='%s' LUA_CPATH='%s' %s %s")
      :format(package.path, package.cpath, os.getenv "LUA" or "lua5.4", name))
    local output = pipe:read("a")
    pipe:close()
    os.remove(name)
    assert.equal("17\n", output)
  end)

  it("end an op in every order", function()
    local orders, count = {}, 0
    test.seeds(1, 200, {}, function()
      local order = {}
      for i = 1, 3 do
        uring.spawn(function()
          uring.op.nop()
          order[#order + 1] = i
        end)
      end
      uring.sleep(1)
      local text = table.concat(order)
      count = count + (orders[text] and 0 or 1)
      orders[text] = true
    end)
    assert.equal(6, count)
  end)

  it("let a cancel win and lose", function()
    local outcomes = {}
    test.seeds(1, 200, { faults = { late = 0.5 } }, function(seed)
      local reader, writer = raw.pipe()
      local result
      local task = uring.spawn(function()
        result = table.pack(uring.op.read(reader, raw.buffer(1)))
      end)
      uring.yield()
      if seed % 2 == 0 then uring.op.write(writer, "x") end
      local done, _, code = uring.op.cancel_fd(reader)
      uring.sleep(0.002)
      if seed % 2 == 1 then uring.op.write(writer, "x") end
      while task:status() ~= "done" do uring.sleep(0.1) end
      uring.op.close(reader)
      uring.op.close(writer)
      outcomes[(done and "done" or errno[code]) .. " "
        .. (result[1] and "read" or errno[result[3]])] = true
    end)
    assert.same({ ["done ECANCELED"] = true, ["ENOENT read"] = true,
      ["EALREADY read"] = true, ["EALREADY EINTR"] = true }, outcomes)
  end)
end)
