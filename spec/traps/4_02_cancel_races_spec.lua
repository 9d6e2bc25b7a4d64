--- Trap 4.2: a cancellation and a result that meet.  What the kernel has
-- produced is delivered, and the cancellation comes at the next wait;
-- otherwise nothing has happened.  Nothing is lost, and nothing comes twice.
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local quiet = require "spec.support.quiet"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring"

local C, errno = low.consts, low.errno
local ROUNDS = 200

leaks.watch()

-- Letters without a short period.
local function letters(count)
  local list, state = {}, 7
  for i = 1, count do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    list[i] = string.char(97 + (state >> 16) % 26)
  end
  return table.concat(list)
end

-- Some time about as long as a tick.
local function moment(i)
  return i % 7 * 2e-4
end

-- Sends a text in pieces, each at a moment of its own.
local function trickle(text, send)
  local at, i = 1, 0
  while at <= #text do
    i = i + 1
    local piece = text:sub(at, at + i % 5)
    send(piece)
    at = at + #piece
    uring.sleep(moment(i * 3))
  end
end

describe("bytes that come when the time is over", function()
  local function assert_all_arrive(receive, send)
    local text, got, timeouts = letters(ROUNDS), {}, 0
    uring.scope(function(sc)
      sc:spawn(trickle, text, send)
      local count, i = 0, 0
      while count < #text do
        i = i + 1
        local bytes, message = uring.timeout(moment(i), receive)
        if bytes then
          got[#got + 1] = bytes
          count = count + #bytes
        else
          assert.equal("timeout", message)
          timeouts = timeouts + 1
        end
      end
    end)
    assert.equal(text, table.concat(got))
    assert.is_true(timeouts > 0)
  end

  it("are not lost by an op on a socket", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local buffer = low.buffer(64)
      assert_all_arrive(function()
        local count = assert(uring.op.recv(b, buffer))
        return buffer:sub(1, count)
      end, function(bytes) assert(uring.op.send(a, bytes)) end)
    end)
  end)

  it("are not lost by an op on a pipe", function()
    local own <close> = rows.owner()
    local r, w = own(low.pipe())
    quiet.run(function()
      local buffer = low.buffer(3)
      assert_all_arrive(function()
        local count = assert(uring.op.read(r, buffer))
        return buffer:sub(1, count)
      end, function(bytes) assert(uring.op.write(w, bytes)) end)
    end)
  end)

  it("are not lost by a buffer ring", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local buffers = assert(uring.buf_ring { bgid = 7, entries = 4,
        size = 64 })
      assert_all_arrive(function()
        return assert(uring.op.recv(b, buffers))
      end, function(bytes) assert(uring.op.send(a, bytes)) end)
      buffers:close()
    end)
  end)

  it("are not lost by a connection, whatever is read", function()
    quiet.run(function()
      local listener <close> = assert(uring.listen("127.0.0.1:0"))
      local client <close> = assert(uring.connect(listener:sockname()))
      local conn <close> = assert(listener:accept())
      assert_all_arrive(function() return assert(conn:read_some()) end,
        function(bytes) assert(client:write(bytes)) end)
      assert_all_arrive(function() return assert(conn:read(4)) end,
        function(bytes) assert(client:write(bytes)) end)
    end)
  end)

  it("are sent once, or not at all", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local sent = 0
      for i = 1, ROUNDS do
        local count = uring.timeout(moment(i) / 100, function()
          uring.sleep(moment(i) / 100)
          return uring.op.send(a, "x")
        end)
        sent = sent + (count or 0)
      end
      assert(uring.op.shutdown(a, C.SHUT_WR))
      local received, buffer = 0, low.buffer(ROUNDS)
      repeat
        local count = assert(uring.op.recv(b, buffer))
        received = received + count
      until count == 0
      assert.equal(sent, received)
    end)
  end)
end)

describe("a descriptor that comes when the time is over", function()
  it("of accept belongs to somebody: each client is served once", function()
    quiet.run(function()
      local listener <close> = assert(uring.listen("127.0.0.1:0"))
      local where, clients, served = listener:sockname(), 40, 0
      uring.scope(function(sc)
        for i = 1, clients do
          sc:spawn(function()
            uring.sleep(moment(i))
            local client <close> = assert(uring.connect(where))
            assert.equal("you are served", client:read("a"))
          end)
        end
        local i = 0
        while served < clients do
          i = i + 1
          local conn <close> = uring.timeout(moment(i), function()
            return (listener:accept())
          end)
          if conn then
            served = served + 1
            assert(conn:write("you are served"))
          end
        end
      end)
      assert.equal(clients, served)
      assert.is_nil(uring.timeout(0.01, listener.accept, listener))
    end)
  end)

  it("of open, socket and pipe is given, or was never there", function()
    quiet.run(function()
      local given = 0
      for i = 1, ROUNDS do
        local name = i % 2 == 0 and "openat" or "socket"
        local fd = uring.timeout(i % 3 * 1e-5, function()
          if name == "socket" then
            return (uring.op.socket(C.AF_INET, C.SOCK_STREAM, 0, 0))
          end
          return (uring.op.openat(C.AT_FDCWD, "/dev/null", C.O_RDONLY, 0))
        end)
        if fd then
          given = given + 1
          assert.is_true(low.close(fd))
        end
      end
      assert.is_true(given > 0)
    end)
  end)
end)

describe("a task that is cancelled in the tick of its result", function()
  -- Two ops that complete together: whoever is resumed first cancels the
  -- other, which has its result all the same.
  it("has the result, and is told at its next wait", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local results, causes = {}, {}
    quiet.run(function()
      uring.scope(function(sc)
        local tasks = {}
        for i = 1, 2 do
          tasks[i] = sc:spawn(function()
            results[i] = uring.op.poll_add(b, C.POLLIN)
            tasks[3 - i]:cancel("by the other")
            uring.yield()
            causes[i] = select(2, pcall(uring.yield))
          end)
        end
        uring.yield()
        assert(uring.op.send(a, "x"))
      end)
    end)
    assert.same({ C.POLLIN, C.POLLIN }, results)
    -- the one that was resumed first had not waited yet
    local first = uring.is_cancelled(causes[1]) and 1 or 2
    assert.is_true(uring.is_cancelled(causes[first]))
    assert.is_nil(causes[3 - first])
  end)

  it("has the result of the task that it awaited", function()
    quiet.run(function()
      uring.scope(function(sc)
        local awaited = sc:spawn(function()
          uring.yield()
          return "result"
        end)
        local trace, task = {}, nil
        sc:spawn(function()
          awaited:await()
          task:cancel() -- it was woken, and has not run
        end)
        task = sc:spawn(function()
          trace[#trace + 1] = awaited:await()
          uring.yield()
          trace[#trace + 1] = "not reached"
        end)
        assert.is_false(task:result())
        assert.same({ "result" }, trace)
      end)
    end)
  end)

  it("is resumed once, whatever comes together", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      for i = 1, ROUNDS do
        local resumed, buffer = 0, low.buffer(1)
        uring.scope(function(sc)
          local reader = sc:spawn(function()
            local count, _, code = uring.op.recv(b, buffer)
            resumed = resumed + 1
            assert.is_true(count == 1 or code == errno.ECANCELED)
          end)
          sc:spawn(function()
            uring.sleep(moment(i) / 10)
            reader:cancel()
          end)
          sc:spawn(function()
            uring.sleep(moment(i) / 10)
            assert(uring.op.send(a, "x"))
          end)
          reader:result()
          if reader:status() == "cancelled" and resumed == 0 then
            assert.equal(1, uring.op.recv(b, buffer))
          end
        end)
        assert.is_true(resumed <= 1)
      end
    end)
  end)
end)

describe("a cancelled op", function()
  it("ends before the task goes on: its buffer is free again", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    quiet.run(function()
      local buffer = low.buffer(4)
      assert.is_nil(uring.timeout(0.001, uring.op.recv, b, buffer))
      assert.equal(0, uring.ring():in_flight() - 1) -- but for the time limit
      assert(uring.op.send(a, "data"))
      uring.sleep(0.002)
      assert.equal("\0\0\0\0", buffer:sub(1, 4))
      assert.equal(4, uring.op.recv(b, buffer))
      assert.equal("data", buffer:sub(1, 4))
    end)
  end)
end)
