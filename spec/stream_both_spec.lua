--- Two streams joined: both directions, half-close, and what fails.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local stream = require "uring.stream"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- Two connections to each other.
local function connected()
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  local one = assert(uring.connect(listener:sockname()))
  return one, listener:iter()()
end

-- A client and a server with two ends to join between them; gives the task
-- that joins, whose results are packed.
local function joined(options, body)
  local client, a = connected()
  local b, server = connected()
  local _guard <close> = setmetatable({}, { __close = function()
    for _, each in ipairs { client, a, b, server } do each:close() end
  end })
  local joining = uring.spawn(function()
    return table.pack(stream.pipe_both(a, b, options))
  end)
  body(client, server, joining, a, b)
end

local function run(options, body)
  within.run(joined, options, body)
end

describe("stream.pipe_both", function()
  for _, way in ipairs { "splice", "buffer" } do
    it("carries both directions to their ends, by " .. way, function()
      run({ way = way }, function(client, server, joining)
        local there, back = peer.bytes(3000001), peer.bytes(700003)
        uring.spawn(function()
          assert(client:write(there))
          assert(client:shutdown "w")
        end)
        uring.spawn(function()
          assert(server:write(back))
          assert(server:shutdown "w")
        end)
        local seen = uring.spawn(client.read, client, "a")
        assert.is_true(there == server:read "a")
        assert.is_true(back == seen:await())
        assert.same({ #there, #back, way, way, n = 4 }, joining:await())
      end)
    end)
  end

  it("carries messages of any size there and back", function()
    run({}, function(client, server, joining)
      uring.spawn(function()
        for bytes in server:chunks() do assert(server:write(bytes)) end
        server:shutdown "w"
      end)
      local total = 0
      for _, size in ipairs {
        1, 64, 4095, 4096, 4097, 16384, 16384, 65536, 65536, 300000, 5, 5,
      } do
        local text = peer.bytes(size)
        assert(client:write(text))
        assert.is_true(text == client:read(size), size .. " bytes")
        total = total + size
      end
      assert(client:shutdown "w")
      assert.is_nil(client:read(1))
      assert.same({ total, total, "splice", "splice", n = 4 },
        joining:await())
    end)
  end)

  it("gives a slow reader what it takes, and keeps the rest unread", function()
    run({}, function(client, server, joining, a)
      local text = peer.bytes(12000000)
      local writing = uring.spawn(function()
        local done, _, _, sent = client:settimeout(0.3):write(text)
        return done and #text or sent
      end)
      local sent = writing:await()
      uring.spawn(function() joining:cancel() end)
      pcall(joining.await, joining)
      assert(client:shutdown "w")
      local rest = uring.spawn(a.read, a, sent)
      uring.sleep(0.01)
      local arrived = {}
      server:settimeout(0.3)
      for bytes in function() return (server:read_some()) end do
        arrived[#arrived + 1] = bytes
      end
      local whole = table.concat(arrived) .. (rest:await() or "")
      assert.is_true(whole == text:sub(1, sent), "other bytes")
    end)
  end)

  it("passes the end of one direction on, and keeps the other", function()
    run({}, function(client, server, joining)
      assert(client:write "a question")
      assert(client:shutdown "w")
      assert.equal("a question", server:read "a")
      assert(server:write "an answer, ")
      assert.equal("an answer, ", client:read(11))
      assert(server:write "late")
      server:close()
      assert.equal("late", client:read "a")
      assert.same({ 10, 15, "splice", "splice", n = 4 }, joining:await())
    end)
  end)

  it("works outside of a run", function()
    local client, a, b, server
    uring.run(function()
      client, a = connected()
      b, server = connected()
      assert(client:write "one way")
      assert(server:write "the other")
      client:shutdown "w"
      server:shutdown "w"
    end)
    assert.same({ 7, 9, "splice", "splice" }, { stream.pipe_both(a, b) })
    assert.equal("the other", client:read "a")
    for _, each in ipairs { client, a, b, server } do each:close() end
  end)

  it("ends both where one fails", function()
    run({}, function(client, server, joining, a)
      a:settimeout(0.02, "read")
      assert(server:write "x")
      assert.equal("x", client:read(1))
      assert.same({ nil, "timeout", errno.ETIMEDOUT, 0, 1, n = 5 },
        joining:await())
    end)
  end)

  it("ends where one of the two is closed", function()
    run({}, function(client, _, joining, a)
      assert(client:write "x")
      a:close()
      local result = joining:await()
      assert.same({ "closed", errno.ECLOSED }, { result[2], result[3] })
    end)
  end)

  it("still brings what a peer sent before it went", function()
    run({}, function(client, server, joining)
      assert(server:write "so long")
      server:close()
      assert.equal("so long", client:read(7))
      for _ = 1, 20 do -- its kernel says that nobody is there
        assert(client:write "anybody?")
        uring.sleep(0.001)
      end
      local result = joining:await()
      assert.is_nil(result[1])
      assert.is_true(result[3] == errno.EPIPE or result[3] == errno.ECONNRESET)
      assert.equal(7, result[5])
    end)
  end)

  it("can be cancelled, and keeps what has not gone", function()
    run({}, function(client, server, joining, a, b)
      assert(client:write "12345")
      assert.equal("12345", server:read(5))
      uring.spawn(function() joining:cancel() end)
      assert.is_false((pcall(joining.await, joining)))
      assert(client:write "678")
      assert.equal("678", a:read(3))
      assert.is_false(b:closed())
    end)
  end)

  it("refuses what is no stream, and options that there are not", function()
    local null <close> = assert(uring.open "/dev/null")
    for _, each in ipairs {
      { "pipe_both: bad argument 'a'", 1, null },
      { "pipe_both: bad argument 'b'", null, {} },
      { "pipe_both: bad option 'max'", null, null, { max = 1 } },
    } do
      local ok, message = pcall(stream.pipe_both, table.unpack(each, 2, 4))
      assert.is_false(ok)
      assert.matches(each[1], message, 1, true)
    end
  end)

  it("is right whatever goes wrong underneath", function()
    test.seeds(1, 40, { faults = { short = 0.4, eintr = 0.1 } },
      function(seed)
        joined({}, function(client, server, joining)
          local there, back = peer.bytes(seed * 300), peer.bytes(20000)
          for conn, text in pairs { [client] = there, [server] = back } do
            uring.spawn(function()
              assert(conn:write(text))
              assert(conn:shutdown "w")
            end)
          end
          local seen = uring.spawn(client.read, client, "a")
          assert.is_true(there == server:read "a")
          assert.is_true(back == seen:await())
          assert.same({ #there, #back, "splice", "splice", n = 4 },
            joining:await())
        end)
      end)
  end)
end)
