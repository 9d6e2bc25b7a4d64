--- Proves the row read_multishot: one op reads again and again, each time
-- into a buffer that the kernel picks.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local errno = uring.errno
local NAME = "read_multishot"

rows.describe(NAME, function()
  local function buffers(ring, entries, size)
    return assert(ring:buf_ring { bgid = 5, entries = entries, size = size })
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  it("completes each time that bytes come, then at their end", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 2, 8)
    rows.start(ring, NAME, r, bufring)
    for i = 1, 5 do
      rows.raw("write", w, "text " .. i)
      local cqe = rows.reap(ring, 1)[1]
      local flags = uring.cqe_flag_names(cqe.flags)
      assert.is_true(flags.more and flags.buffer)
      assert.same({ 6, NAME }, { cqe.res, cqe.data })
      assert.equal(1, bufring:available())
      assert.equal("text " .. i, bufring:string(cqe.flags, cqe.res))
      assert.equal(1, ring:in_flight())
    end
    own:close(w)
    local last = rows.reap(ring, 1)[1]
    assert.same({ 0, 0 }, { last.res, last.flags })
    assert.equal(0, ring:in_flight())
    assert.equal(2, bufring:available())
  end)

  it("ends where the kernel has no buffer to pick", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 1, 4)
    rows.raw("write", w, "12345678")
    rows.start(ring, NAME, r, bufring)
    local cqes = rows.reap(ring, 2)
    assert.same({ -errno.ENOBUFS, 0 }, { cqes[2].res, cqes[2].flags })
    assert.equal(0, ring:in_flight())
    assert.equal("1234", bufring:string(cqes[1].flags, cqes[1].res))
    rows.start(ring, NAME, r, bufring)
    local cqe = rows.reap(ring, 1)[1]
    assert.equal("5678", bufring:string(cqe.flags, cqe.res))
  end)

  it("is cancelled, and takes no buffer then", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 1, 4)
    local res, cancel = rows.cancelled(ring, NAME, own(uring.pipe()), bufring)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
    assert.equal(1, bufring:available())
  end)

  it("is a loop of strings when awaited, to the end", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    within.run(function()
      local bufring, got = buffers(loop_ring(), 4, 16), {}
      u.spawn(function()
        for i = 1, 3 do
          u.op.write(w, "text " .. i)
          while not got[i] do u.yield() end
        end
        own:forget(w)
        u.op.close(w)
      end)
      for text, flags in u.op.read_multishot(r, bufring) do
        assert.is_true(uring.cqe_flag_names(flags).buffer)
        got[#got + 1] = text
      end
      assert.same({ "text 1", "text 2", "text 3" }, got)
      assert.equal(4, bufring:available())
    end)
  end)

  it("goes on in its loop where buffers were wanting", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    local sent = ("0123456789abcdef"):rep(64)
    rows.raw("write", w, sent)
    own:close(w)
    within.run(function()
      local bufring, got = buffers(loop_ring(), 2, 8), {}
      for text in u.op.read_multishot(r, bufring) do got[#got + 1] = text end
      assert.equal(sent, table.concat(got))
      assert.equal(2, bufring:available())
    end)
  end)

  it("is cancelled when its loop is left", function()
    local own <close> = rows.owner()
    local r, w = own(uring.pipe())
    within.run(function()
      local ring = loop_ring()
      local bufring, others = buffers(ring, 2, 8), ring:in_flight()
      u.op.write(w, "first")
      for text in u.op.read_multishot(r, bufring) do
        if text == "first" then break end
      end
      while ring:in_flight() > others do u.yield() end
      assert.equal(2, bufring:available())
      u.op.write(w, "second")
      assert.equal("second", (u.op.read(r, bufring)))
    end)
  end)

  it("fails for a file, which has no more to wait for", function()
    local own <close> = rows.owner()
    local file <close> = temp.file("content")
    local fd = own((rows.raw("openat", uring.consts.AT_FDCWD, file.path)))
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 1, 4)
    assert.same({ -errno.EBADFD, 0 }, { rows.call(ring, NAME, fd, bufring) })
    assert.equal(1, bufring:available())
    within.run(function()
      assert.has_error(function()
        for _ in u.op.read_multishot(fd, buffers(loop_ring(), 1, 4)) do end
      end, "read_multishot: File descriptor in bad state")
    end)
  end)

  it("fails where the descriptor is not open", function()
    local ring <close> = rows.ring()
    assert.same({ -errno.EBADF, 0 },
      { rows.call(ring, NAME, rows.NOT_OPEN, buffers(ring, 1, 4)) })
  end)
end)
