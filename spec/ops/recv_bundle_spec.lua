--- Proves the row recv_bundle: one completion fills several buffers of a
-- ring, in the order in which they were provided.
local loop = require "uring.loop"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local SIZE = 8
local STARTS_SMALL = rows.is_newer("6.15") -- an op then fills but one buffer

rows.describe("recv_bundle", function()
  local function buffers(ring, entries, incremental)
    return assert(ring:buf_ring {
      bgid = 4, entries = entries, size = SIZE, incremental = incremental,
    })
  end

  local function loop_ring()
    return loop.current("this spec").ring
  end

  local function send(fd, text)
    assert.equal(#text, (rows.raw("send", fd, text)))
  end

  -- Receives bundles, which the kernel makes as large as it likes, until so
  -- many bytes are there: {flags, res} of each.
  local function bundles(ring, fd, bufring, count)
    local list = {}
    while count > 0 do
      local res, flags = rows.call(ring, "recv_bundle", fd, bufring)
      assert.is_true(res > 0)
      list[#list + 1] = { flags, res }
      count = count - res
    end
    assert.equal(0, count)
    return list
  end

  -- Takes what they have brought.
  local function taken(bufring, list)
    local parts = {}
    for i, each in ipairs(list) do
      parts[i] = bufring:string(table.unpack(each))
    end
    return table.concat(parts)
  end

  it("fills as many buffers as it needs, which make one string", function()
    if STARTS_SMALL then return pending("needs Linux 6.15") end
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 4)
    for _ = 1, 3 do -- goes round
      send(b, "0123456789ab")
      local res, flags = rows.call(ring, "recv_bundle", a, bufring)
      assert.equal(12, res)
      assert.is_true(uring.cqe_flag_names(flags).buffer)
      assert.equal(2, bufring:available())
      assert.equal("0123456789ab", bufring:string(flags, res))
      assert.equal(4, bufring:available())
    end
  end)

  it("shows them as they are, a view for each", function()
    if STARTS_SMALL then return pending("needs Linux 6.15") end
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 4)
    send(b, "0123456789ab")
    local res, flags = rows.call(ring, "recv_bundle", a, bufring)
    local first, second, third = bufring:view(flags, res)
    assert.same({ "01234567", "89ab" },
      { first:tostring(), second:tostring(), third })
    assert.equal(2, bufring:available())
    second:close()
    assert.equal(3, bufring:available())
    bufring:recycle(first)
    assert.equal(4, bufring:available())
    assert.error_matches(function() bufring:string(flags, res) end,
      "the buffer is not out")
  end)

  it("takes no byte twice where bundles are taken out of order", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 8)
    for _ = 1, 4 do
      local texts, lists = { "one: 6789ab", "two: 6789abcdef", "three" }, {}
      for i, text in ipairs(texts) do
        send(b, text)
        lists[i] = bundles(ring, a, bufring, #text)
      end
      assert.equal(3, bufring:available())
      assert.equal(texts[2], taken(bufring, lists[2]))
      assert.equal(texts[3], taken(bufring, lists[3]))
      assert.equal(texts[1], taken(bufring, lists[1]))
      assert.equal(8, bufring:available())
    end
  end)

  it("fills the buffers that there are, and fails where there is none",
    function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local ring <close> = rows.ring()
      local bufring = buffers(ring, 2)
      send(b, "0123456789abcdefXYZ")
      local list = bundles(ring, a, bufring, 2 * SIZE)
      assert.equal(0, bufring:available())
      assert.same({ -errno.ENOBUFS, 0 },
        { rows.call(ring, "recv_bundle", a, bufring) })
      assert.equal("0123456789abcdef", taken(bufring, list))
      local res, flags = rows.call(ring, "recv_bundle", a, bufring)
      assert.equal("XYZ", bufring:string(flags, res))
    end)

  it("goes on within a buffer where the ring is incremental", function()
    if rows.is_newer("6.12") then return pending("needs Linux 6.12") end
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring, got = buffers(ring, 4, true), {}
    for _, text in ipairs { "abc", "0123456789ab", "de", "-" } do
      send(b, text)
      got[#got + 1] = taken(bufring, bundles(ring, a, bufring, #text))
    end
    assert.same({ "abc", "0123456789ab", "de", "-" }, got)
    assert.equal(4, bufring:available())
  end)

  it("gives a string when awaited, up to the end", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local sent = ("0123456789abcdef"):rep(64)
    send(b, sent)
    own:close(b)
    within.run(function()
      local bufring, got = buffers(loop_ring(), 4), {}
      repeat
        local text = u.op.recv_bundle(a, bufring)
        got[#got + 1] = text
      until text == ""
      assert.equal(sent, table.concat(got))
      assert.equal(4, bufring:available())
    end)
  end)

  it("waits where told to, and only looks where told to", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 4)
    assert.same({ -errno.EAGAIN, 0 },
      { rows.call(ring, "recv_bundle", a, bufring, C.MSG_DONTWAIT) })
    send(b, "text")
    for _, flags in ipairs { C.MSG_PEEK, 0 } do
      local res, cqe_flags = rows.call(ring, "recv_bundle", a, bufring, flags)
      assert.equal("text", bufring:string(cqe_flags, res))
    end
    rows.start(ring, "recv_bundle", a, bufring)
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
    assert.equal(4, bufring:available())
    send(b, "later")
    local cqe = rows.reap(ring, 1)[1]
    assert.equal("later", bufring:string(cqe.flags, cqe.res))
  end)

  it("fails where there is no peer, and for no socket", function()
    local own <close> = rows.owner()
    for name, fd in pairs {
      ENOTCONN = own(uring.socket(C.AF_INET, C.SOCK_STREAM)),
      ENOTSOCK = own(uring.pipe()),
    } do
      local ring <close> = rows.ring()
      local bufring = buffers(ring, 1)
      assert.same({ -errno[name], 0 },
        { rows.call(ring, "recv_bundle", fd, bufring) })
      within.run(function()
        local text, message, code = u.op.recv_bundle(fd,
          buffers(loop_ring(), 1))
        assert.same({ nil, "recv_bundle: " .. uring.strerror(errno[name]),
          errno[name] }, { text, message, code })
      end)
      assert.equal(1, bufring:available())
    end
  end)

  it("is cancelled while it waits, and takes no buffer then", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local bufring = buffers(ring, 2)
    local res, cancel = rows.cancelled(ring, "recv_bundle",
      sockets.pair(own), bufring)
    assert.same({ -errno.ECANCELED, 0 }, { res, cancel })
    assert.equal(2, bufring:available())
  end)
end)
