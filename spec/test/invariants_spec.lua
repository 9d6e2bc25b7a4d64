--- What a simulated run finds wrong although nothing has failed: each of it
-- is done on purpose here, and found.
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local raw = require "uring.ring"
local test = require "uring.test"
local uring = require "uring"

leaks.watch()

local op = uring.op

-- Runs a program, and gives what is wrong with it, line by line.
local function faults_of(body, options)
  options = options or {}
  options.seed = 5
  local ok, message = pcall(test.run, options, body)
  assert.is_false(ok)
  local lines = {}
  for line in message:gmatch "[^\n]+" do lines[#lines + 1] = line end
  assert.equal("uring.test: seed 5:", table.remove(lines, 1))
  return lines
end

describe("a simulated run finds", function()
  it("a descriptor that is closed twice", function()
    assert.same({ "  close closed descriptor 1000000, which #1 close had "
      .. "closed" }, faults_of(function()
      local reader, writer = raw.pipe()
      op.close(reader)
      raw.close(reader)
      op.close(writer)
    end))
  end)

  it("one that was never open", function()
    assert.same({
      "  #1 close closed descriptor 77, which was never open",
      "  #2 read used descriptor 78, which was never open",
    }, faults_of(function()
      op.close(77)
      op.read(78, raw.buffer(1))
    end))
  end)

  it("one that is used when it is closed", function()
    assert.same({
      "  #2 write used descriptor 1000001, which close had closed",
      "  getsockname used descriptor 1000001, which close had closed",
    }, faults_of(function()
      local reader, writer = raw.pipe()
      raw.close(writer)
      op.read(reader, raw.buffer(1))
      op.write(writer, "x")
      raw.getsockname(writer)
      raw.close(reader)
    end))
  end)

  it("those that are never closed, and says who has made them", function()
    assert.same({
      "  descriptor 1000000 was never closed: pipe has made it",
      "  descriptor 1000002 was never closed: #1 openat has made it",
      "  descriptor 1000003 was never closed: socket has made it",
    }, faults_of(function()
      local _, writer = raw.pipe()
      assert(op.openat(-100, "/tmp"))
      raw.socket(raw.consts.AF_INET, raw.consts.SOCK_STREAM)
      raw.close(writer)
    end))
  end)

  it("those that only the collector has closed", function()
    assert.same({
      "  descriptor 1000000 was never closed: #1 openat has made it",
    }, faults_of(function()
      assert(uring.open("/tmp/file", "w"))
      collectgarbage()
      collectgarbage()
    end))
  end)

  it("a coroutine that goes on while its op is in flight", function()
    local lines = faults_of(function()
      local reader, writer = raw.pipe()
      local thread
      uring.spawn(function()
        thread = coroutine.running()
        pcall(op.read, reader, raw.buffer(1))
        op.nop()
      end)
      uring.yield()
      loop.wake(thread) -- as a bug in a queue would
      uring.sleep(1)
      op.write(writer, "x")
      uring.sleep(1)
      raw.close(reader)
      raw.close(writer)
    end)
    assert.matches("coroutine 1 started #%d nop while it waited for #1 read",
      lines[1])
  end)

  it("ops that have no final completion", function()
    assert.same({ "  2 ops were started, and 1 have ended" },
      faults_of(function()
        op.nop()
        local ring = uring.ring()
        rawset(ring, "close", function() end)
        loop.post("timeout", 10)
      end))
  end)

  it("ops that are left behind", function()
    assert.same({ "  #1 timeout was in flight when the ring was closed, and "
      .. "nobody had cancelled it" }, faults_of(function()
        loop.ready(coroutine.create(function() op.timeout(10) end))
        uring.sleep(1)
      end))
  end)

  it("many, and keeps the first", function()
    local lines = faults_of(function()
      for fd = 1, 30 do raw.close(100 + fd) end
    end)
    assert.equal(21, #lines)
    assert.equal("  10 more of the kind", lines[21])
  end)

  it("nothing wrong with descriptors where it is not strict", function()
    assert.equal(1, test.run({ strict = false }, function()
      raw.pipe()
      op.close(77)
      return 1
    end))
  end)

  it("no fault of the run in the descriptors of the process", function()
    local reader, writer = raw.pipe()
    local file = io.open("/dev/null")
    test.run({}, function() collectgarbage() end)
    assert.is_true(raw.close(reader))
    assert.is_true(raw.close(writer))
    file:close()
  end)

  it("what is to be closed after the run is left alone", function()
    local kept = {}
    assert.is_false(pcall(test.run, {}, function()
      kept[1] = assert(uring.open("/tmp/file", "w"))
    end))
    assert.is_true(kept[1]:fileno() >= 1000000)
    kept[1] = nil
    collectgarbage() -- closes 1000000, which is nobody's
    test.run({}, function()
      local reader, writer = raw.pipe()
      collectgarbage()
      raw.close(reader)
      raw.close(writer)
    end)
  end)

  it("what is collected in a run, though it is older than that", function()
    local reader, writer = raw.pipe()
    local fs = require "uring.fs"
    local file = fs.from_fd(writer)
    assert.equal("file", file and "file")
    file = nil -- luacheck: ignore 311
    test.run({}, function() collectgarbage() end)
    -- the writer is closed, so the reader sees the end
    local got = uring.run(function()
      return (uring.timeout(5, op.read, reader, raw.buffer(1)))
    end)
    assert.equal(0, got)
    raw.close(reader)
  end)
end)

describe("the end of a simulated run", function()
  it("drains what is in flight, and closes what that brings", function()
    test.seeds(1, 50, {}, function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local address = listener:sockname()
      loop.post("accept", listener:fileno())
      local _conn <close> = assert(uring.connect(address))
      loop.post("openat", -100, "/tmp")
      loop.post("timeout", 1000)
    end)
    assert.matches("#%d+: true", test.trace())
  end)

  it("is told the failure first, not what that has left open", function()
    local ok, message = pcall(test.run, {}, function()
      raw.pipe()
      error("the failure", 0)
    end)
    assert.is_false(ok)
    assert.matches("^the failure", message)
    assert.is_nil(message:find "never closed")
  end)
end)
