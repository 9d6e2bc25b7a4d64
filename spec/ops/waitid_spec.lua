--- Proves the row waitid: waiting for a child process to change state.
local process = require "spec.support.process"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
-- The child stays for process.close to take its status.
local LEAVE = C.WEXITED | C.WNOWAIT

rows.describe("waitid", function()
  -- A child that runs until the FIFO at a path has had a writer.
  local function waiting_child(path)
    return process.start { "sh", "-c", ("read _ <%s; exit 7"):format(path) }
  end

  local function release(path)
    assert(io.open(path, "w")):close()
  end

  local function fields(info)
    local told = uring.unpack_siginfo(info)
    return { told.name, told.code, told.status, told.pid }
  end

  it("waits until a child exits, and tells its exit code", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local ring <close> = rows.ring()
    local info = uring.buffer(128)
    rows.start(ring, "waitid", C.P_PID, child.pid, info, LEAVE)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    release(fifo.path)
    local cqe = rows.reap(ring, 1)[1]
    assert.same({ 0, 0 }, { cqe.res, cqe.flags })
    assert.same({ "CHLD", C.CLD_EXITED, 7, child.pid }, fields(info))
    assert.equal(7, child:wait().code)
  end)

  it("tells which signal killed it", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local info = uring.buffer(128)
    child:signal "KILL"
    assert.equal(0, (rows.raw("waitid", C.P_PID, child.pid, info, LEAVE)))
    assert.same({ "CHLD", C.CLD_KILLED, 9, child.pid }, fields(info))
  end)

  it("tells that it stopped, and goes on", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local info = uring.buffer(128)
    child:signal "STOP"
    assert.equal(0, (rows.raw("waitid", C.P_PID, child.pid, info,
      C.WSTOPPED)))
    assert.same({ "CHLD", C.CLD_STOPPED, 19, child.pid }, fields(info))
    child:signal "CONT"
    assert.equal(0, (rows.raw("waitid", C.P_PID, child.pid, info,
      C.WCONTINUED)))
    assert.same({ "CHLD", C.CLD_CONTINUED, 18, child.pid }, fields(info))
  end)

  it("takes the status of the child, unless told to leave it", function()
    local handle = assert(io.popen("echo $$"))
    local pid = handle:read("n")
    assert.equal(0, (rows.raw("waitid", C.P_PID, pid, nil, LEAVE)))
    assert.equal(0, (rows.raw("waitid", C.P_PID, pid, nil, C.WEXITED)))
    rows.assert_fails("waitid", "ECHILD", "No child processes",
      C.P_PID, pid, nil, C.WEXITED)
    local ok, message = handle:close()
    assert.same({ nil, "No child processes" }, { ok, message })
  end)

  it("knows a child by a descriptor", function()
    local own <close> = rows.owner()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local fd, info = own(uring.pidfd(child.pid)), uring.buffer(128)
    release(fifo.path)
    assert.equal(0, (rows.raw("waitid", C.P_PIDFD, fd, info, LEAVE)))
    assert.same({ "CHLD", C.CLD_EXITED, 7, child.pid }, fields(info))
  end)

  it("does not wait where told so", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local info = uring.buffer(128)
    assert.equal(0, (rows.raw("waitid", C.P_PID, child.pid, info,
      LEAVE | C.WNOHANG)))
    local told = uring.unpack_siginfo(info)
    assert.same({ 0, 0 }, { told.signo, told.pid })
  end)

  it("gives true when awaited, and lets others run meanwhile", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local order, info = {}, uring.buffer(128)
    within.run(function()
      u.spawn(function()
        local value, flags = u.op.waitid(C.P_PID, child.pid, info, LEAVE)
        assert.same({ true, 0 }, { value, flags })
        order[#order + 1] = "exited"
      end)
      u.yield()
      u.yield()
      order[#order + 1] = "release"
      release(fifo.path)
    end)
    assert.same({ "release", "exited" }, order)
    assert.same({ "CHLD", C.CLD_EXITED, 7, child.pid }, fields(info))
  end)

  it("fails for what is no child, and where nothing is asked", function()
    rows.assert_fails("waitid", "ECHILD", "No child processes",
      C.P_PID, 1, uring.buffer(128), C.WEXITED)
    rows.assert_fails("waitid", "EINVAL", "Invalid argument",
      C.P_ALL, 0, nil, 0)
    rows.assert_fails("waitid", "EBADF", "Bad file descriptor",
      C.P_PIDFD, rows.NOT_OPEN, nil, C.WEXITED)
  end)

  it("is cancelled while it waits", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local info = uring.buffer(128)
    local ring <close> = rows.ring()
    assert.same({ -uring.errno.ECANCELED, 1 }, -- this cancel counts
      { rows.cancelled(ring, "waitid", C.P_PID, child.pid, info,
        C.WEXITED) })
    assert.is_true(child:is_alive())
    release(fifo.path)
    assert.equal(7, child:wait().code) -- nobody took it
    assert.equal(0, uring.unpack_siginfo(info).pid)
  end)

  it("ends with its ring, and takes no child along", function()
    local fifo <close> = temp.fifo()
    local child <close> = waiting_child(fifo.path)
    local ring <close> = rows.ring()
    rows.start(ring, "waitid", C.P_PID, child.pid, nil, C.WEXITED)
    ring:close()
    release(fifo.path)
    assert.equal(7, child:wait().code)
  end)
end)
