--- Proves the row poll_multishot: one op tells again and again that a
-- descriptor has become ready.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local NAME = "poll_multishot"

rows.describe(NAME, function()
  local function assert_told(ring, events)
    local cqe = rows.reap(ring, 1)[1]
    assert.same({ events, NAME }, { cqe.res, cqe.data })
    assert.same({ more = true }, uring.cqe_flag_names(cqe.flags))
    assert.equal(1, ring:in_flight())
  end

  it("completes each time that bytes come, read or not", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.start(ring, NAME, r, C.POLLIN)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    for _ = 1, 2 do
      rows.raw("write", w, "x")
      assert_told(ring, C.POLLIN)
    end
    rows.raw("read", r, uring.buffer(8))
    rows.raw("write", w, "x")
    assert_told(ring, C.POLLIN)
  end)

  it("completes at once where the descriptor is ready", function()
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.start(ring, NAME, w, C.POLLOUT)
    assert_told(ring, C.POLLOUT)
  end)

  it("tells that the other side has gone, unasked", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.start(ring, NAME, r, 0)
    own:close(w)
    assert.equal(C.POLLHUP, rows.reap(ring, 1)[1].res)
  end)

  it("is a loop of events when awaited", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local got = {}
    within.run(function()
      u.spawn(function()
        for i = 1, 3 do
          u.op.write(w, "x")
          while not got[i] do u.yield() end
          u.op.read(r, uring.buffer(8))
        end
      end)
      for events, flags in u.op.poll_multishot(r, C.POLLIN) do
        assert.is_true(uring.cqe_flag_names(flags).more)
        got[#got + 1] = events
        if #got == 3 then break end
      end
    end)
    assert.same({ C.POLLIN, C.POLLIN, C.POLLIN }, got)
  end)

  it("is cancelled when its loop is left", function()
    local own <close> = rows.owner()
    local _, w = own(uring.pipe())
    within.run(function()
      local ring = loop.current("this spec").ring
      local others = ring:in_flight()
      for events in u.op.poll_multishot(w, C.POLLOUT) do
        assert.is_true(ring:in_flight() > others)
        if events == C.POLLOUT then break end
      end
      while ring:in_flight() > others do u.yield() end
    end)
  end)

  it("is cancelled while it waits", function()
    local own <close> = rows.owner()
    rows.assert_cancelled(NAME, own(uring.pipe()), C.POLLIN)
  end)

  it("fails where the descriptor is not open", function()
    assert.same({ -uring.errno.EBADF, 0 },
      { rows.raw(NAME, rows.NOT_OPEN, C.POLLIN) })
    within.run(function()
      assert.has_error(function()
        for _ in u.op.poll_multishot(rows.NOT_OPEN, C.POLLIN) do end
      end, "poll_multishot: Bad file descriptor")
    end)
  end)
end)
