--- Proves the row epoll_ctl: which events of whom an epoll instance tells.
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring.ring"

local C = uring.consts
local ADD, DEL, MOD = C.EPOLL_CTL_ADD, C.EPOLL_CTL_DEL, C.EPOLL_CTL_MOD

rows.describe("epoll_ctl", function()
  -- What the kernel lists of an instance: descriptor -> {events, data}.
  local function watched(epfd)
    local info <close> = assert(io.open("/proc/self/fdinfo/" .. epfd))
    local found = {}
    for fd, events, data in info:read("a")
      :gmatch("tfd:%s*(%d+) events:%s*(%x+) data:%s*(%x+)") do
      found[tonumber(fd)] = { tonumber(events, 16), tonumber(data, 16) }
    end
    return found
  end

  -- Polls the instance; the kernel adds these two unasked.
  local function events_of(bits)
    return bits | C.EPOLLERR | C.EPOLLHUP
  end

  local function is_ready(epfd)
    local ring <close> = rows.ring()
    rows.start(ring, "poll_add", epfd, C.POLLIN)
    ring:submit_and_wait(0)
    return ring:cq_ready() == 1
  end

  it("adds a descriptor with its events and data", function()
    local own <close> = rows.owner()
    local epfd, r, w = own(uring.epoll()), own(uring.pipe())
    local res, flags = rows.raw("epoll_ctl", epfd, r, ADD, C.EPOLLIN, 77)
    assert.same({ 0, 0 }, { res, flags })
    assert.same({ [r] = { events_of(C.EPOLLIN), 77 } }, watched(epfd))
    assert.is_false(is_ready(epfd))
    rows.raw("write", w, "x")
    assert.is_true(is_ready(epfd))
  end)

  it("takes no events and no data for 0", function()
    local own <close> = rows.owner()
    local epfd, r = own(uring.epoll()), own(uring.pipe())
    assert.equal(0, (rows.raw("epoll_ctl", epfd, r, ADD)))
    assert.same({ [r] = { events_of(0), 0 } }, watched(epfd))
  end)

  it("takes data of any sign and events up to the highest", function()
    local own <close> = rows.owner()
    local epfd, r, w = own(uring.epoll()), own(uring.pipe())
    rows.raw("epoll_ctl", epfd, r, ADD, C.EPOLLIN | C.EPOLLET, -2)
    rows.raw("epoll_ctl", epfd, w, ADD, C.EPOLLOUT | C.EPOLLONESHOT,
      (1 << 62) - 1)
    assert.same({
      [r] = { events_of(C.EPOLLIN | C.EPOLLET), -2 },
      [w] = { events_of(C.EPOLLOUT | C.EPOLLONESHOT), (1 << 62) - 1 },
    }, watched(epfd))
  end)

  it("changes what was added", function()
    local own <close> = rows.owner()
    local epfd, r, w = own(uring.epoll()), own(uring.pipe())
    rows.raw("write", w, "x")
    rows.raw("epoll_ctl", epfd, r, ADD, 0, 1)
    assert.is_false(is_ready(epfd))
    assert.equal(0, (rows.raw("epoll_ctl", epfd, r, MOD, C.EPOLLIN, 2)))
    assert.same({ [r] = { events_of(C.EPOLLIN), 2 } }, watched(epfd))
    assert.is_true(is_ready(epfd))
  end)

  it("removes it again", function()
    local own <close> = rows.owner()
    local epfd, r, w = own(uring.epoll()), own(uring.pipe())
    rows.raw("write", w, "x")
    rows.raw("epoll_ctl", epfd, r, ADD, C.EPOLLIN)
    assert.is_true(is_ready(epfd))
    assert.equal(0, (rows.raw("epoll_ctl", epfd, r, DEL)))
    assert.same({}, watched(epfd))
    assert.is_false(is_ready(epfd))
  end)

  it("gives true when awaited", function()
    local own <close> = rows.owner()
    local epfd, r = own(uring.epoll()), own(uring.pipe())
    assert.same({ true, 0 },
      { rows.await("epoll_ctl", epfd, r, ADD, C.EPOLLIN, 5) })
    assert.same({ [r] = { events_of(C.EPOLLIN), 5 } }, watched(epfd))
  end)

  it("fails to add one twice, and to change one that is not there", function()
    local own <close> = rows.owner()
    local epfd, r = own(uring.epoll()), own(uring.pipe())
    rows.assert_fails("epoll_ctl", "ENOENT", "No such file or directory",
      epfd, r, MOD, C.EPOLLIN)
    rows.assert_fails("epoll_ctl", "ENOENT", "No such file or directory",
      epfd, r, DEL)
    rows.raw("epoll_ctl", epfd, r, ADD, C.EPOLLIN)
    rows.assert_fails("epoll_ctl", "EEXIST", "File exists",
      epfd, r, ADD, C.EPOLLIN)
  end)

  it("fails for what has no events, and for what is no instance", function()
    local own <close> = rows.owner()
    local file <close> = temp.file()
    local epfd, r, w = own(uring.epoll()), own(uring.pipe())
    local fd = own((rows.raw("openat", C.AT_FDCWD, file.path)))
    rows.assert_fails("epoll_ctl", "EPERM", "Operation not permitted",
      epfd, fd, ADD, C.EPOLLIN)
    rows.assert_fails("epoll_ctl", "EINVAL", "Invalid argument",
      r, w, ADD, C.EPOLLIN)
    rows.assert_fails("epoll_ctl", "EINVAL", "Invalid argument",
      epfd, r, 9)
  end)

  it("fails where one of the descriptors is not open", function()
    local own <close> = rows.owner()
    local epfd = own(uring.epoll())
    rows.assert_fails("epoll_ctl", "EBADF", "Bad file descriptor",
      epfd, rows.NOT_OPEN, ADD, C.EPOLLIN)
    rows.assert_fails("epoll_ctl", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN, epfd, ADD, C.EPOLLIN)
  end)
end)
