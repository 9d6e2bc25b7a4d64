--- Trap 4.9: a forked child must not touch the ring of its parent, which goes
-- on as if nothing had been.
local leaks = require "spec.support.leaks"
local native = require "spec.support.native"

leaks.watch()

local FORKED = "the ring belongs to the process that was forked"

local function expect(script, out)
  local message = native.expect(script, out)
  if message then pending(message) end
end

describe("a forked child", function()
  it("gets an error from whatever it asks of the ring", function()
    expect([[
      local ring = uring.ring(8)
      local a, b = uring.socketpair()
      local sqe = ring:get_sqe()
      ring:get_sqe():prep_nop()
      if native.fork() == 0 then
        for _, name in ipairs {
          "get_sqe", "submit", "submit_and_wait", "peek_cqe", "wait_cqe",
          "cqe_seen", "cqes", "params", "features", "flags", "probe",
          "sq_space_left", "sq_ready", "cq_ready", "cq_has_overflow",
          "in_flight", "fileno", "register_ring_fd", "buf_ring",
        } do
          local ok, message = pcall(ring[name], ring, 1)
          assert(not ok and message:find("]] .. FORKED .. [["), name)
        end
        for _, name in ipairs { "prep_nop", "set_data", "set_flags", "id" } do
          local ok, message = pcall(sqe[name], sqe)
          assert(not ok and message:find("]] .. FORKED .. [["), name)
        end
        os.exit(7, true)
      end
      print(native.wait(-1), ring:submit_and_wait(2), ring:cq_ready())
    ]], "7\t2\t2\n")
  end)

  it("may close the ring, and end in any way", function()
    for ending, code in pairs {
      ["ring:close() ring:close() os.exit(0, true)"] = 0,
      ["os.exit(4, true)"] = 4,
      ["os.exit(5)"] = 5,
      ["ring = nil collectgarbage() collectgarbage() os.exit(6, true)"] = 6,
    } do
      expect([[
        local ring = uring.ring(8)
        local a, b = uring.socketpair()
        local buffer = uring.buffer(100)
        ring:get_sqe():prep_recv(b, buffer)
        ring:get_sqe():prep_send(0, "a string")
        ring:get_sqe():prep_timeout(60)
        ring:submit()
        ring:get_sqe():prep_send(a, "never submitted")
        if native.fork() == 0 then ]] .. ending .. [[ end
        print(native.wait(-1))
        for _ in ring:cqes() do end
        uring.iovecs { buffer }
        ring:submit_and_wait(2)
        local sum = 0
        for res in ring:cqes() do sum = sum + res end
        print(sum, buffer:sub(1, 5))
      ]], code .. "\n30\tnever\n")
    end
  end)

  it("that fails writes its own error, and nothing of the ring's", function()
    local result, message = native.run [[
      local ring = uring.ring(8)
      ring:get_sqe():prep_timeout(60)
      ring:submit()
      local pid = native.fork()
      if pid == 0 then error("the child's", 0) end
      print(native.wait(pid))
    ]]
    if not result then pending(message) end
    assert.equal("1\n", result.out)
    assert.equal(0, result.code)
    assert.matches("^[^\n]*the child's\nstack traceback:\n", result.err)
    assert.not_matches("uring", result.err)
  end)

  it("gets an error from a BufRing as well", function()
    expect([[
      local ring = uring.ring(8)
      local buffers = ring:buf_ring { bgid = 1, entries = 2, size = 16 }
      if native.fork() == 0 then
        for _, name in ipairs { "available", "recycle", "string", "bgid" } do
          local ok, message = pcall(buffers[name], buffers, 0, 0)
          assert(not ok and message:find("forked"), name)
        end
        ring:close()
        os.exit(3, true)
      end
      print(native.wait(-1), buffers:available())
    ]], "3\t2\n")
  end)

  it("may have a ring of its own", function()
    expect([[
      local ring = uring.ring(8)
      ring:get_sqe():prep_timeout(60)
      ring:submit()
      if native.fork() == 0 then
        local own = uring.ring(8)
        own:get_sqe():set_data("mine")
        own:submit_and_wait(1)
        local cqe = own:peek_cqe()
        os.exit(cqe.data == "mine" and 9 or 1, true)
      end
      print(native.wait(-1), ring:in_flight())
    ]], "9\t1\n")
  end)

  it("of a task gets an error from every op", function()
    expect([[
      local uring = require "uring"
      uring.run(function()
        local pid = native.fork()
        if pid == 0 then
          local ok, message = pcall(uring.op.nop)
          assert(not ok and message:find("]] .. FORKED .. [["), message)
          os.exit(8, true)
        end
        print(native.wait(pid), uring.op.nop())
        uring.sleep(0.001)
      end)
    ]], "8\ttrue\t0\n")
  end)

  it("of a task that goes on ends with an error", function()
    expect([[
      local uring = require "uring"
      local pid
      local ok, message = pcall(uring.run, function()
        pid = native.fork()
        uring.sleep(0.001)
      end)
      if pid == 0 then
        assert(not ok and message:find("]] .. FORKED .. [["), message)
        os.exit(2, true)
      end
      print(native.wait(pid), ok)
    ]], "2\ttrue\n")
  end)
end)

describe("the parent of a forked child", function()
  it("goes on with its buffer rings, as it was", function()
    expect([[
      local ring = uring.ring(8)
      local buffers = ring:buf_ring { bgid = 1, entries = 4, size = 4096 }
      local a, b = uring.socketpair()
      local pids = {}
      for round = 1, 20 do
        ring:get_sqe():prep_recv(b, buffers)
        ring:submit()
        local pid = native.fork()
        if pid == 0 then os.exit(0, true) end
        local text = ("round %d "):format(round):rep(100)
        ring:get_sqe():prep_send(a, text)
        ring:submit_and_wait(2)
        for res, flags in ring:cqes() do
          if flags & uring.consts.IORING_CQE_F_BUFFER ~= 0 then
            assert(buffers:string(flags, res) == text)
          end
        end
        assert(buffers:available() == 4)
        assert(native.wait(pid) == 0)
      end
      print "fine"
    ]], "fine\n")
  end)

  it("receives what comes while the child lives", function()
    expect([[
      local ring = uring.ring(8)
      local a, b = uring.socketpair()
      local from, to = uring.pipe()
      local buffer = uring.buffer(5)
      ring:get_sqe():prep_recv(b, buffer)
      ring:submit()
      local pid = native.fork()
      if pid == 0 then
        ring:close()
        local own = uring.ring(1) -- waits until the parent lets it end
        own:get_sqe():prep_read(from, uring.buffer(1))
        own:submit_and_wait(1)
        os.exit(buffer:tostring() == "\0\0\0\0\0" and 0 or 1, true)
      end
      ring:get_sqe():prep_send(a, "hello")
      ring:submit_and_wait(2)
      ring:get_sqe():prep_write(to, "x")
      ring:submit_and_wait(3)
      print(buffer:tostring(), native.wait(pid))
    ]], "hello\t0\n")
  end)
end)
