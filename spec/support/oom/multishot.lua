--- Multishot ops: descriptors that nobody takes, strings of a buffer ring.
local core = require "uring.core"
local uring = require "uring"

local C, op = core.consts, uring.op

local after = require "spec.support.oom.after.run"

local listener = assert(core.socket(C.AF_INET, C.SOCK_STREAM))
assert(core.bind_socket(listener, assert(core.sockaddr("127.0.0.1", 0))))
assert(core.listen(listener))
local here = assert(core.getsockname(listener))

local clients = {}
uring.run(function()
  for i = 1, 3 do
    clients[i] = assert(core.socket(C.AF_INET, C.SOCK_STREAM))
    assert(op.connect(clients[i], here))
    assert(op.send(clients[i], ("x"):rep(64)))
    assert(op.shutdown(clients[i], C.SHUT_WR))
  end
end)

local taken -- a descriptor

local function receive()
  local count = 0
  local buffers = require("uring.buffers").receive(1)
  if not buffers then return end -- no memory for them
  for bytes in op.recv_multishot(taken, buffers) do count = count + #bytes end
  assert(count == 64)
end

function attempt()
  uring.run(function()
    for fd in op.multishot_accept(listener) do
      if taken then -- and leave the third to nobody
        core.close(fd)
        break
      end
      taken = fd
      receive()
    end
  end)
end

function verify()
  after()
  if taken then core.close(taken) end
  for i = 1, #clients do core.close(clients[i]) end
  core.close(listener)
end
