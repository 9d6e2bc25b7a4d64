--- Writes with a limit, in line behind others, cancelled, and closed: each
-- says what has become of it, and the next has its turn.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local rows = require "spec.support.rows"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = low.consts, uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local BIG = ("0123456789"):rep(2000000) -- more than sockets take at once
local BROKEN = { n = 4, nil, "broken", errno.EPIPE, 0 }
local CLOSED = { n = 4, nil, "closed", errno.ECLOSED, 0 }
local LATE = { n = 4, nil, "timeout", errno.ETIMEDOUT, 0 }

-- Two connections to each other, in a run.
local function connected(body, where)
  return within.run(function()
    local listener <close> = assert(uring.listen(where or "127.0.0.1:0"))
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other)
  end)
end

-- The same of Unix sockets: TCP's make room by themselves, now and then.
local function connected_locally(body)
  local name <close> = temp.name()
  connected(body, "unix:" .. name.path)
end

-- Fills a socket until it takes no more.
local function fill(fd)
  local text = ("x"):rep(65536)
  for size = 16, 0, -8 do
    repeat
      local count = rows.raw("send", fd, text:sub(1, 1 << size),
        C.MSG_DONTWAIT)
    until count < 0
  end
end

-- Takes what is in a socket, without the loop; returns how much that was.
local function drain(fd)
  local buffer, total = low.buffer(1 << 20), 0
  while true do
    local count = rows.raw("recv", fd, buffer, C.MSG_DONTWAIT)
    if count <= 0 then return total end
    total = total + count
  end
end

-- Starts a write in a task of its own; returns a table for its results.
local function start(conn, data)
  local news = {}
  news.task = uring.spawn(function()
    news.result = table.pack(conn:write(data))
  end)
  uring.yield()
  return news
end

describe("a write that takes too long", function()
  it("says how much had gone, and that is what has gone", function()
    connected(function(one, other)
      one:settimeout(0.02)
      local before = uring.now()
      local result = table.pack(one:write(BIG))
      assert.is_true(uring.now() - before >= 0.02)
      local sent = result[4]
      assert.is_true(0 < sent and sent < #BIG)
      assert.same({ n = 4, nil, "timeout", errno.ETIMEDOUT, sent }, result)
      assert.same(BROKEN, table.pack(one:write "more"))
      one:close()
      assert.equal(BIG:sub(1, sent), other:read "a")
    end)
  end)

  it("of which nothing had gone leaves the stream whole", function()
    connected_locally(function(one, other)
      fill(one:fileno())
      one:settimeout(0.01)
      assert.same(LATE, table.pack(one:write "lost"))
      drain(other:fileno())
      assert.equal(one, one:write "found")
      local text = ""
      repeat text = text .. assert(other:read_some()) until text:find "found"
      assert.is_nil(text:find "lost")
    end)
  end)

  it("to a pipe may be gone on with", function()
    within.run(function()
      local a, b = low.pipe()
      local from <close> = fs.from_fd(a)
      local to <close> = fs.from_fd(b)
      to:settimeout(0.01)
      local data = BIG:sub(1, 200000)
      local _, message, code, sent = to:write(data)
      assert.same({ "timeout", errno.ETIMEDOUT }, { message, code })
      assert.is_true(0 < sent and sent < #data)
      local got
      uring.spawn(function() got = from:read(#data) end)
      to:settimeout(10)
      assert.equal(to, to:write(data:sub(sent + 1)))
      uring.yield()
      to:close()
      while not got do uring.yield() end
      assert.is_true(got == data)
    end)
  end)

  it("is limited as a whole, however slowly somebody reads", function()
    connected(function(one, other)
      one:settimeout(0.05)
      uring.spawn(function()
        while other:read_some() do uring.sleep(0.005) end
      end)
      local before = uring.now()
      assert.equal("timeout", (select(2, one:write(BIG))))
      assert.is_true(uring.now() - before < 2)
      one:close()
    end)
  end)

  it("outside of a run says so, too", function()
    local listener = assert(uring.listen "127.0.0.1:0")
    local one = assert(uring.connect(listener:sockname()))
    local other = assert(listener:accept())
    one:settimeout(0.01)
    assert.equal("timeout", (select(2, one:write(BIG))))
    assert.same(BROKEN, table.pack(one:write "x"))
    for _, handle in ipairs { listener, one, other } do handle:close() end
  end)
end)

describe("the limit of a write", function()
  it("ends nothing after it", function()
    connected(function(one, other)
      one:settimeout(0.02)
      for _ = 1, 3 do
        assert.equal(one, one:write "fine")
        local before = uring.now()
        uring.sleep(0.04)
        assert.is_true(uring.now() - before >= 0.04)
        assert.equal("fine", other:read_some())
      end
    end)
  end)

  it("leaves reads alone, and theirs leave writes alone", function()
    connected(function(one, other)
      one:settimeout(0.01, "write")
      assert.same({ n = 3, nil, "timeout", errno.ETIMEDOUT },
        table.pack(uring.timeout(0.05, one.read_some, one)))
      one:settimeout(nil):settimeout(0.01, "read")
      local news = start(one, BIG)
      assert.equal("timeout", (select(2, one:read_some())))
      assert.is_nil(news.result)
      assert.is_true(other:read(#BIG) == BIG)
      uring.yield()
      assert.same({ n = 1, one }, news.result)
    end)
  end)
end)

describe("writers in line", function()
  it("write whole pieces, first come first served", function()
    connected(function(one, other)
      local letters = { "a", "b", "c", "d" }
      for _, letter in ipairs(letters) do start(one, letter:rep(3000000)) end
      for _, letter in ipairs(letters) do
        assert.is_true(other:read(3000000) == letter:rep(3000000))
      end
    end)
  end)

  it("have a limit each, all their waits together", function()
    connected(function(one)
      one:settimeout(0.5)
      local first = start(one, BIG)
      one:settimeout(0.02)
      local second = start(one, "second")
      one:settimeout(60)
      local third = start(one, "third")
      while not second.result do uring.sleep(0.001) end
      assert.same({ nil, LATE, nil },
        { first.result, second.result, third.result })
      while not third.result do uring.sleep(0.001) end
      assert.equal("timeout", first.result[2])
      assert.is_true(first.result[4] > 0)
      assert.same(BROKEN, third.result)
    end)
  end)

  it("whose time is over when they get their turn do not write", function()
    connected(function(one, other)
      local first = start(one, BIG:sub(1, 6000000))
      one:settimeout(0.02)
      local second = start(one, BIG)
      one:settimeout(nil)
      -- in one tick the first ends, and the time of the second is over
      repeat
        drain(other:fileno())
        local due = uring.now() + 0.03
        while uring.now() < due do end
        uring.yield()
      until first.result
      uring.sleep(0.005)
      assert.same(LATE, second.result)
      drain(other:fileno())
      assert.equal(one, one:write "third")
      assert.equal("third", other:read(5))
    end)
  end)

  it("may be cancelled, and the others have their turn", function()
    connected(function(one, other)
      local first = start(one, BIG)
      local second, third = start(one, "second"), start(one, "third")
      local fourth = start(one, "fourth")
      second.task:cancel()
      fourth.task:cancel()
      uring.yield()
      assert.is_true(other:read(#BIG) == BIG)
      assert.equal("third", other:read(5))
      assert.same({ n = 1, one }, first.result)
      assert.same({ n = 1, one }, third.result)
      assert.is_nil(second.result or fourth.result)
      assert.equal("cancelled", second.task:status())
      assert.equal(one, one:write "fifth")
      assert.equal("fifth", other:read(5))
    end)
  end)

  it("are told where the one before leaves a part", function()
    connected(function(one, other)
      local first, second = start(one, BIG), start(one, "second")
      uring.sleep(0.005)
      first.task:cancel()
      while not second.result do uring.yield() end
      assert.equal("cancelled", first.task:status())
      assert.same(BROKEN, second.result)
      one:close()
      local got = other:read "a"
      assert.is_true(#got > 0 and got == BIG:sub(1, #got))
    end)
  end)

  it("go on where the one before was cancelled before it began", function()
    connected_locally(function(one, other)
      fill(one:fileno())
      local first, second = start(one, "first"), start(one, "second")
      first.task:cancel()
      uring.sleep(0.001)
      drain(other:fileno())
      local text = ""
      repeat text = text .. assert(other:read_some()) until text:find "second"
      assert.is_nil(text:find "first")
      assert.same({ n = 1, one }, second.result)
    end)
  end)
end)

describe("closing while others wait", function()
  it("tells them all, and the peer", function()
    connected(function(one, other)
      local news = { start(one, BIG), start(one, "x"), start(one, "y") }
      one:settimeout(60)
      news[4] = start(one, "z")
      local read
      uring.spawn(function() read = table.pack(one:read()) end)
      uring.sleep(0.005)
      assert.is_true(one:close())
      assert.is_true(one:close())
      uring.sleep(0.005)
      assert.same({ nil, "closed", errno.ECLOSED },
        { table.unpack(news[1].result, 1, 3) })
      for i = 2, 4 do assert.same(CLOSED, news[i].result) end
      assert.same({ n = 3, nil, "closed", errno.ECLOSED }, read)
      assert.same(CLOSED, table.pack(one:write "late"))
      assert.equal(news[1].result[4], #other:read "a")
    end)
  end)

  it("tells all who accept", function()
    within.run(function()
      local listener = assert(uring.listen "127.0.0.1:0")
      local results = {}
      for i = 1, 4 do
        if i == 3 then listener:settimeout(60) end
        uring.spawn(function()
          results[i] = table.pack(listener:accept())
        end)
      end
      local where = listener:sockname()
      uring.yield()
      listener:close()
      uring.sleep(0.005)
      local closed = { n = 3, nil, "closed", errno.ECLOSED }
      assert.same({ closed, closed, closed, closed }, results)
      assert.equal(errno.ECONNREFUSED, (select(3, uring.connect(where))))
    end)
  end)

  it("forgets what had come, and was not asked for", function()
    connected(function(one, other)
      assert(other:write "one\ntwo")
      local result
      uring.spawn(function()
        assert(one:read())
        result = table.pack(one:read())
      end)
      uring.sleep(0.005)
      one:close()
      uring.yield()
      local closed = { n = 3, nil, "closed", errno.ECLOSED }
      uring.sleep(0.001)
      assert.same(closed, result)
      assert.same(closed, table.pack(one:read_some()))
    end)
  end)

  it("never meets another that has its number", function()
    connected(function(one, other)
      for _ = 1, 20 do
        local a, b = low.socketpair()
        local left = fs.from_fd(a)
        local result
        uring.spawn(function() result = table.pack(left:read_some()) end)
        uring.yield()
        left:close()
        local fd = low.eventfd(1) -- the least number that is free
        uring.sleep(0.001)
        assert.equal("closed", result[2])
        assert.equal(8, (uring.op.read(fd, low.buffer(8), -1)))
        low.close(fd)
        low.close(b)
      end
      assert(other:write "undisturbed")
      assert.equal("undisturbed", one:read(11))
    end)
  end)
end)
