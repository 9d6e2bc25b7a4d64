--- Proves the row cmd_siocoutq: how much of ours a socket still has.
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C = uring.consts

rows.describe("cmd_siocoutq", function()
  -- Two ends, of which the sender has far more room than the receiver: once
  -- it is full, some of what it has cannot have arrived.
  local function connected(own)
    local listener, address = sockets.listener(own)
    assert(uring.setsockopt(listener, C.SOL_SOCKET, C.SO_RCVBUF, 4096))
    local client = sockets.client(own, address)
    assert(uring.setsockopt(client, C.SOL_SOCKET, C.SO_SNDBUF, 131072))
    return own((rows.raw("accept", listener))), client
  end

  it("counts what the other side has no room for", function()
    local own <close> = rows.owner()
    local server, client = connected(own)
    assert.same({ 0, 0 }, { rows.raw("cmd_siocoutq", client) })
    local sent = raw.fill(client)
    local left = rows.raw("cmd_siocoutq", client)
    local arrived = rows.raw("cmd_siocinq", server)
    assert.is_true(0 < left and left <= sent)
    assert.is_true(sent <= arrived + left)
  end)

  it("counts nothing more once all has arrived", function()
    local own <close> = rows.owner()
    local server, client = connected(own)
    local sent = raw.fill(client)
    assert.is_true(rows.raw("cmd_siocoutq", client) > 0)
    local ring <close> = rows.ring()
    assert.equal(sent, #raw.receive(ring, server, sent))
    process.await("the last acknowledgement", function()
      return rows.raw("cmd_siocoutq", client) == 0
    end)
  end)

  it("gives the count when awaited", function()
    local own <close> = rows.owner()
    local _, client = connected(own)
    assert.same({ 0, 0 }, { rows.await("cmd_siocoutq", client) })
    local sent = raw.fill(client)
    within.run(function()
      local left, flags = require("uring").op.cmd_siocoutq(client)
      assert.equal(0, flags)
      assert.is_true(0 < left and left <= sent)
    end)
  end)

  it("fails for a socket that listens", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_siocoutq", "EINVAL", "Invalid argument",
      (sockets.listener(own)))
  end)

  it("fails for what has no such count", function()
    local own <close> = rows.owner()
    rows.assert_fails("cmd_siocoutq", "EOPNOTSUPP",
      "Operation not supported", (own(uring.pipe())))
    rows.assert_fails("cmd_siocoutq", "EBADF", "Bad file descriptor",
      rows.NOT_OPEN)
  end)
end)
