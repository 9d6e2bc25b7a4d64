--- lua-resty-websocket, as it is: its client, and its frames in a server.
local foreign = require "spec.support.foreign"
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

local compat = require "uring.compat.ngx"
local undo = compat.install()
local ngx = _G.ngx
local client = foreign.load("nginx.websocket.client", "lua-nginx-websocket")
local protocol = client
  and foreign.load("nginx.websocket.protocol", "lua-nginx-websocket")
local server = client
  and foreign.load("nginx.websocket.server", "lua-nginx-websocket")
undo()
if not client then return end

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
local MOST = 1 << 20

local function shake_hands(socket)
  local head = assert(socket:receiveuntil "\r\n\r\n"())
  local key = head:match "Sec%-WebSocket%-Key: (%S+)"
  socket:send { "HTTP/1.1 101 Switching Protocols\r\n",
    "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    "Sec-WebSocket-Accept: ", ngx.encode_base64(ngx.sha1_bin(key .. GUID)),
    "\r\n\r\n" }
  return head
end

-- Answers frames with the same, until one says close; returns the request.
local function echo(conn)
  local socket <close> = compat.socket(conn)
  local head = shake_hands(socket)
  while true do
    local data, kind, code = protocol.recv_frame(socket, MOST, true)
    assert(data, code)
    local opcode = ({ text = 1, binary = 2, ping = 10, close = 8 })[kind]
    assert(protocol.send_frame(socket, true, opcode,
      kind == "close" and ">>" .. data or data, MOST, false))
    if kind == "close" then return head end
  end
end

local function with_client(body)
  within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local task = uring.spawn(function()
      return echo(assert(listener:accept()))
    end)
    local socket = assert(client:new { timeout = 2000, max_payload_len = MOST })
    local uri = ("ws://127.0.0.1:%d/chat"):format(listener:sockname().port)
    assert(socket:connect(uri, { protocols = "x", origin = "here" }))
    body(socket)
    return task:await()
  end)
end

describe("lua-resty-websocket", function()
  it("talks to its like", function()
    with_client(function(socket)
      for _, size in ipairs { 0, 5, 125, 126, 4097, 65535, 65536 } do
        local text = ("abcdefg"):rep(size // 7 + 1):sub(1, size)
        assert(socket:send_text(text))
        local data, kind, more = socket:recv_frame()
        assert.is_true(data == text)
        assert.same({ "text", nil }, { kind, more })
      end
      assert(socket:send_binary "\0\255")
      assert.same({ "\0\255", "binary" }, { socket:recv_frame() })
      assert(socket:send_ping "p")
      assert.same({ "p", "pong" }, { socket:recv_frame() })
      assert(socket:send_close(1000, "bye"))
      local _, kind = socket:recv_frame()
      assert.equal("close", kind)
      assert.equal(1, socket:close())
    end)
  end)

  it("goes on after a timeout", function()
    with_client(function(socket)
      socket:set_timeout(5)
      local data, _, problem = socket:recv_frame()
      assert.is_nil(data)
      assert.matches(": timeout$", problem)
      socket:set_timeout(2000)
      assert(socket:send_text "still here")
      assert.equal("still here", (socket:recv_frame()))
      assert(socket:close())
    end)
  end)

  it("is told that there is no TLS", function()
    within.run(function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local socket = client:new()
      local uri = ("wss://127.0.0.1:%d"):format(listener:sockname().port)
      assert.same({ nil, "ssl handshake failed: not supported" },
        { socket:connect(uri) })
    end)
  end)

  it("is told that its server needs a request", function()
    assert.has_error(function() server:new() end,
      "ngx.req.read_body needs a request of nginx: uring.compat.ngx has none")
  end)
end)

describe("SHA-1 of the handshake", function()
  it("is what RFC 6455 says", function()
    assert.equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
      ngx.encode_base64(ngx.sha1_bin("dGhlIHNhbXBsZSBub25jZQ==" .. GUID)))
  end)
end)
