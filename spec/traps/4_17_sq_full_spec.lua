--- Trap 4.17: a full SQ, a batch that the kernel takes in part, and waits
-- that a signal interrupts lose no op.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local low = require "uring.ring"
local uring = require "uring"

local errno = uring.errno
local BAD_FLAGS = 0x12345 -- accept refuses them when it is submitted

leaks.watch()

describe("a full SQ", function()
  it("gives no SQE, and is empty after a submit", function()
    local ring <close> = assert(low.ring(2))
    assert.is_truthy(ring:get_sqe())
    assert.is_truthy(ring:get_sqe())
    for _ = 1, 3 do assert.is_nil(ring:get_sqe()) end
    assert.equal(0, ring:sq_space_left())
    assert.equal(2, ring:submit())
    assert.equal(2, ring:sq_space_left())
  end)

  it("is no matter to tasks", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    for _, entries in ipairs { 1, 2, 3, 64 } do
      local received = 0
      uring.run({ entries = entries }, function()
        for _ = 1, 300 do
          uring.spawn(function()
            local count = assert(uring.op.recv(b, low.buffer(1)))
            received = received + count
          end)
        end
        for _ = 1, 300 do uring.spawn(uring.op.send, a, "x") end
      end)
      assert.equal(300, received)
    end
  end)

  it("keeps the order of a task's ops", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    uring.run({ entries = 1 }, function()
      for i = 0, 9 do uring.spawn(uring.op.send, a, tostring(i)) end
    end)
    local ring <close> = assert(low.ring(1))
    assert.equal("0123456789", raw.receive(ring, b, 10))
  end)
end)

describe("a batch with an SQE that is wrong", function()
  it("without submit_all ends there, and goes on with the next submit",
    function()
      local own <close> = rows.owner()
      local server = sockets.listener(own)
      local ring <close> = assert(low.ring(8))
      raw.prepare(ring, "nop"):set_data("before")
      raw.prepare(ring, "accept", server, nil, BAD_FLAGS):set_data("bad")
      raw.prepare(ring, "nop"):set_data("after")
      raw.prepare(ring, "nop"):set_data("last")
      assert.equal(2, ring:submit())
      local got = {} -- in either order
      for _ = 1, 2 do
        local res, _, data = raw.take(ring)
        got[data] = res
      end
      assert.same({ before = 0, bad = -errno.EINVAL }, got)
      assert.equal(2, ring:sq_ready())
      assert.equal(2, ring:submit())
      assert.same({ 0, 0, "after" }, { raw.take(ring) })
      assert.same({ 0, 0, "last" }, { raw.take(ring) })
    end)

  it("without submit_all closes, and what was left is not executed",
    function()
      local own <close> = rows.owner()
      local server = sockets.listener(own)
      local a, b = sockets.pair(own)
      local ring = assert(low.ring(8))
      raw.prepare(ring, "accept", server, nil, BAD_FLAGS)
      raw.prepare(ring, "recv", b, low.buffer(1))
      raw.prepare(ring, "send", a, "left")
      assert.equal(1, ring:submit())
      ring:close()
      local res = rows.raw("recv", b, low.buffer(9), low.consts.MSG_DONTWAIT)
      assert.equal(-errno.EAGAIN, res)
    end)

  it("with submit_all goes on", function()
    local own <close> = rows.owner()
    local server = sockets.listener(own)
    local ring <close> = assert(low.ring(8, { flags = "submit_all" }))
    raw.prepare(ring, "accept", server, nil, BAD_FLAGS)
    raw.prepare(ring, "nop")
    assert.equal(2, ring:submit())
    assert.equal(-errno.EINVAL, (raw.take(ring)))
    assert.equal(0, (raw.take(ring)))
  end)

  it("in the loop harms only its task", function()
    local own <close> = rows.owner()
    local server = sockets.listener(own)
    uring.run(function()
      local got = {}
      for i = 1, 9 do
        uring.spawn(function()
          local start = i % 3 == 0 and uring.op.accept or uring.op.nop
          got[i] = select(3, start(server, nil, BAD_FLAGS)) or "fine"
        end)
      end
      for _ = 1, 3 do uring.yield() end
      for i = 1, 9 do
        assert.equal(i % 3 == 0 and errno.EINVAL or "fine", got[i])
      end
    end)
  end)
end)

describe("a wait that is interrupted", function()
  local function interrupted(script)
    local program <close> = process.lua { "-e", [[
      local uring = require "uring"
      local low = require "uring.ring"
      local function say(text)
        io.write(text, "\n")
        io.stdout:flush()
      end
    ]] .. script }
    program:expect("ready")
    for _ = 1, 3 do
      program:signal("STOP")
      program:signal("CONT")
    end
    return program:wait()
  end

  it("goes on in the loop", function()
    local result = interrupted [[
      uring.run(function()
        uring.spawn(function() say("ready") end)
        local before = uring.now()
        uring.sleep(0.3)
        say(tostring(uring.now() - before >= 0.3))
      end)
    ]]
    assert.same({ code = 0, out = "ready\ntrue\n", err = "" }, result)
  end)

  it("says so on a bare ring, or goes on", function()
    local result = interrupted [[
      local ring = low.ring(4)
      ring:get_sqe():prep_timeout(0.3)
      ring:submit()
      say("ready")
      local cqe, message, code
      repeat
        cqe, message, code = ring:wait_cqe()
        assert(cqe or code == uring.errno.EINTR, message)
      until cqe
      say(tostring(cqe.res))
    ]]
    assert.same({ code = 0, out = "ready\n-62\n", err = "" }, result)
  end)
end)
