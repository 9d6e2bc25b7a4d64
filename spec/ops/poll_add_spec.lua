--- Proves the row poll_add: waiting until a descriptor is ready.
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

rows.describe("poll_add", function()
  it("completes at once where the descriptor is ready", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    assert.same({ C.POLLOUT, 0 }, { rows.raw("poll_add", w, C.POLLOUT) })
    rows.raw("write", w, "x")
    assert.same({ C.POLLIN, 0 }, { rows.raw("poll_add", r, C.POLLIN) })
  end)

  it("waits until it is", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    rows.start(ring, "poll_add", r, C.POLLIN)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    rows.raw("write", w, "x")
    assert.equal(C.POLLIN, rows.reap(ring, 1)[1].res)
  end)

  it("tells that the other side has gone, unasked", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    own:close(w)
    assert.equal(C.POLLHUP, (rows.raw("poll_add", r, C.POLLIN)))
    assert.equal(C.POLLHUP, (rows.raw("poll_add", r, 0)))
  end)

  it("gives the events when awaited", function()
    local own <close> = rows.owner()
    local a, b = own(uring.socketpair())
    local order = {}
    within.run(function()
      u.spawn(function()
        local events, flags = u.op.poll_add(a, C.POLLIN | C.POLLRDHUP)
        order[#order + 1] = "ready"
        assert.same({ C.POLLIN, 0 }, { events, flags })
      end)
      u.yield()
      u.yield()
      order[#order + 1] = "send"
      u.op.send(b, "x")
    end)
    assert.same({ "send", "ready" }, order)
  end)

  it("fails where the descriptor is not open", function()
    rows.assert_fails("poll_add", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, C.POLLIN)
  end)

  it("is cancelled while it waits", function()
    local own <close> = rows.owner()
    rows.assert_cancelled("poll_add", own(uring.pipe()), C.POLLIN)
  end)
end)
