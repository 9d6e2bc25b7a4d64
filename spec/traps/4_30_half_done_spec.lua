--- Trap 4.30: a write that was cut short has sent a beginning, a read that
-- was cut short has taken one.  What was taken is there for the next read;
-- what comes after half a message is not sent.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local low = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

local BIG = ("message "):rep(2000000) -- more than sockets take at once
local BROKEN = { n = 4, nil, "broken", errno.EPIPE, 0 }

local function connected(body)
  return within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other)
  end)
end

-- Ways to cut a call short.
local CUTS = {
  ["a timeout around it"] = function(call, ...)
    return uring.timeout(0.01, call, ...)
  end,
  ["a limit of the handle"] = function(call, conn, ...)
    conn:settimeout(0.01)
    local ok = call(conn, ...)
    conn:settimeout(nil)
    return ok
  end,
  ["a cancelled task"] = function(call, ...)
    local task = uring.spawn(call, ...)
    uring.sleep(0.01)
    task:cancel()
    return (task:result()) or nil
  end,
  ["a cancelled scope"] = function(call, ...)
    local arguments = table.pack(...)
    return (uring.scope(function(scope)
      scope:spawn(function()
        uring.sleep(0.01)
        scope:cancel()
      end)
      call(table.unpack(arguments, 1, arguments.n))
    end))
  end,
}

for how, cut in pairs(CUTS) do
  describe("a write that is cut short by " .. how, function()
    it("breaks the stream, and the peer sees half a message last", function()
      connected(function(one, other)
        assert.is_nil(cut(one.write, one, BIG))
        assert.same(BROKEN, table.pack(one:write "next"))
        assert.same(BROKEN, table.pack(one:write "next"))
        assert.equal(one, one:write "")
        one:close()
        local got = other:read "a"
        assert.is_true(#got > 0 and got == BIG:sub(1, #got))
      end)
    end)

    it("leaves the other direction whole", function()
      connected(function(one, other)
        assert.is_nil(cut(one.write, one, BIG))
        assert(other:write "answer\n")
        assert.equal("answer", one:read())
      end)
    end)
  end)

  describe("a read that is cut short by " .. how, function()
    it("leaves what it has taken", function()
      connected(function(one, other)
        for _, format in ipairs { "l", 100, "a" } do
          assert(other:write "begin ")
          assert.is_nil(cut(one.read, one, format))
        end
        assert(other:write "end\nnext")
        assert.equal("begin begin begin end", one:read())
        assert.is_nil(cut(one.read, one, "l", "l"))
        assert(other:write "\nlast\n")
        assert.same({ "next", "last" }, { one:read("l", "l") })
      end)
    end)
  end)
end

describe("a write of which nothing has gone", function()
  it("breaks nothing: cancelled in line", function()
    connected(function(one, other)
      uring.spawn(one.write, one, BIG)
      uring.yield()
      local task = uring.spawn(one.write, one, "never")
      uring.yield()
      task:cancel()
      task:result()
      assert.is_true(other:read(#BIG) == BIG)
      assert.equal(one, one:write "next")
      assert.equal("next", other:read(4))
    end)
  end)

  it("breaks nothing: cancelled before it began", function()
    connected(function(one, other)
      local task = uring.spawn(one.write, one, "never")
      task:cancel()
      task:result()
      assert.equal(one, one:write "next")
      assert.equal("next", other:read(4))
    end)
  end)
end)

describe("a file", function()
  it("is not broken by half a write: one may seek, or write the rest",
    function()
      within.run(function()
        local a, b = low.pipe()
        local from <close> = fs.from_fd(a)
        local to <close> = fs.from_fd(b)
        local data, got = BIG:sub(1, 100000), nil
        to:settimeout(0.01)
        local _, _, _, sent = to:write(data)
        to:settimeout(nil)
        uring.spawn(function() got = from:read(#data) end)
        assert.equal(to, to:write(data:sub(sent + 1)))
        while not got do uring.yield() end
        assert.is_true(got == data)
      end)
    end)
end)
