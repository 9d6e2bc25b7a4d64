--- Proves the row epoll_wait: the events of an epoll instance.
local rows = require "spec.support.rows"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts
local EVENT = 12 -- bytes of one in the Buffer

rows.describe("epoll_wait", function()
  local function watch(epfd, fd, events, data)
    assert.equal(0, (rows.raw("epoll_ctl", epfd, fd, C.EPOLL_CTL_ADD, events,
      data)))
  end

  -- An instance that watches so many eventfds, whose data is 1, 2 ...
  local function eventfds(own, count)
    local epfd, fds = own(uring.epoll()), {}
    for i = 1, count do
      fds[i] = own(uring.eventfd())
      watch(epfd, fds[i], C.EPOLLIN, i)
    end
    return epfd, fds
  end

  local function make_ready(fd)
    assert.equal(8, (rows.raw("write", fd, string.pack("<I8", 1))))
  end

  it("tells the events that there are, with their data", function()
    local own <close> = rows.owner()
    local epfd, r, w = own(uring.epoll()), own(uring.pipe())
    watch(epfd, r, C.EPOLLIN, -7)
    watch(epfd, w, C.EPOLLOUT, (1 << 62) - 1)
    rows.raw("write", w, "x")
    local buffer = uring.buffer(4 * EVENT)
    assert.same({ 2, 0 }, { rows.raw("epoll_wait", epfd, buffer) })
    local events = uring.unpack_epoll_events(buffer, 2)
    table.sort(events, function(a, b) return a.data < b.data end)
    assert.same({
      { events = C.EPOLLIN, data = -7 },
      { events = C.EPOLLOUT, data = (1 << 62) - 1 },
    }, events)
  end)

  it("waits until there is one", function()
    local own <close> = rows.owner()
    local epfd, fds = eventfds(own, 3)
    local ring <close> = rows.ring()
    local buffer = uring.buffer(EVENT)
    rows.start(ring, "epoll_wait", epfd, buffer)
    ring:submit_and_wait(0)
    assert.equal(0, ring:cq_ready())
    make_ready(fds[2])
    assert.equal(1, rows.reap(ring, 1)[1].res)
    assert.same({ { events = C.EPOLLIN, data = 2 } },
      uring.unpack_epoll_events(buffer, 1))
  end)

  it("tells as many at a time as the Buffer has room for", function()
    local own <close> = rows.owner()
    local epfd, fds = eventfds(own, 5)
    for _, fd in ipairs(fds) do make_ready(fd) end
    local one, three = uring.buffer(2 * EVENT - 1), uring.buffer(3 * EVENT)
    assert.equal(1, (rows.raw("epoll_wait", epfd, one)))
    assert.equal(("\0"):rep(EVENT - 1), one:sub(EVENT + 1))
    assert.equal(3, (rows.raw("epoll_wait", epfd, three)))
    assert.equal(5, (rows.raw("epoll_wait", epfd, uring.buffer(100 * EVENT))))
  end)

  it("tells again what is still so, or once where told so", function()
    local own <close> = rows.owner()
    local epfd, fds = eventfds(own, 1)
    local once = own(uring.eventfd())
    watch(epfd, once, C.EPOLLIN | C.EPOLLONESHOT, 9)
    make_ready(fds[1])
    make_ready(once)
    local buffer = uring.buffer(4 * EVENT)
    assert.equal(2, (rows.raw("epoll_wait", epfd, buffer)))
    assert.equal(1, (rows.raw("epoll_wait", epfd, buffer)))
    assert.equal(1, uring.unpack_epoll_events(buffer, 1)[1].data)
  end)

  it("gives the count when awaited, and lets others run", function()
    local own <close> = rows.owner()
    local epfd, fds = eventfds(own, 2)
    local order, buffer = {}, uring.buffer(4 * EVENT)
    within.run(function()
      u.spawn(function()
        local count, flags = u.op.epoll_wait(epfd, buffer)
        order[#order + 1] = "ready"
        assert.same({ 1, 0 }, { count, flags })
      end)
      u.yield()
      u.yield()
      order[#order + 1] = "write"
      u.op.write(fds[2], string.pack("<I8", 1))
    end)
    assert.same({ "write", "ready" }, order)
    assert.equal(2, uring.unpack_epoll_events(buffer, 1)[1].data)
  end)

  it("fails for what is no instance, and for flags", function()
    local own <close> = rows.owner()
    local epfd = eventfds(own, 1)
    local r, buffer = own(uring.pipe()), uring.buffer(EVENT)
    rows.assert_fails("epoll_wait", "EINVAL", "Invalid argument", r, buffer)
    rows.assert_fails("epoll_wait", "EINVAL", "Invalid argument", epfd,
      buffer, 1)
    rows.assert_fails("epoll_wait", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, buffer)
  end)

  it("is cancelled while it waits, and takes no event then", function()
    local own <close> = rows.owner()
    local epfd, fds = eventfds(own, 1)
    local buffer = uring.buffer(EVENT)
    rows.assert_cancelled("epoll_wait", epfd, buffer)
    make_ready(fds[1])
    assert.equal(("\0"):rep(EVENT), buffer:tostring())
    assert.equal(1, (rows.raw("epoll_wait", epfd, buffer)))
  end)
end)
