--- What streams write besides a string: Buffers and arrays in one op, what
-- fits, what setvbuf holds back; and views of what was received.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- Two connections to each other, in a run.
local function connected(body)
  return within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other)
  end)
end

-- A Buffer with this text.
local function buffer_of(text)
  return raw.buffer(#text):set(1, text)
end

-- Random arguments of a write, and what they are as one string.
local function random_values(depth)
  local values, strings = {}, {}
  for i = 1, math.random(0, 12) do
    local kind = math.random(depth < 3 and 5 or 4)
    local size = math.random(4) == 1 and math.random(30000) or math.random(20)
    local text = string.char(math.random(97, 122)):rep(size - 1)
    if kind == 1 then
      values[i], strings[i] = buffer_of(text .. "b"), text .. "b"
    elseif kind == 2 then
      values[i], strings[i] = size, tostring(size)
    elseif kind == 5 then
      values[i], strings[i] = random_values(depth + 1)
    else
      values[i], strings[i] = text, text
    end
  end
  return values, table.concat(strings)
end

describe("a write of many parts", function()
  it("gives the peer all of them in order", function()
    connected(function(one, other)
      for seed = 1, 30 do
        math.randomseed(seed)
        local values, text = random_values(0)
        uring.spawn(function() assert.equal(one, one:write(values, "|")) end)
        assert.equal(text .. "|", other:read(#text + 1))
      end
    end)
  end)

  it("may have more parts than one op takes", function()
    connected(function(one, other)
      local values = {}
      for i = 1, 2500 do values[i] = buffer_of(("%04d"):format(i):rep(10)) end
      local expected = {}
      for i, each in ipairs(values) do expected[i] = each:tostring() end
      uring.spawn(function() assert(one:write(values)) end)
      assert.equal(table.concat(expected), other:read(100000))
    end)
  end)

  it("goes to files, and outside of a run", function()
    local path = os.tmpname()
    local file = assert(fs.open(path, "w"))
    local big = ("x"):rep(40000)
    assert(file:write({ big, { buffer_of "1", 2 } }, buffer_of(big), 3.5))
    assert(file:close())
    local back <close> = assert(io.open(path))
    assert.equal(big .. "12" .. big .. "3.5", back:read "a")
    os.remove(path)
  end)

  it("is whole whatever goes wrong underneath", function()
    local faults = { short = 0.4, eintr = 0.1, eagain = 0.1 }
    test.seeds(1, 40, { faults = faults }, function()
      local listener <close> = assert(uring.listen "127.0.0.1:0")
      local one <close> = assert(uring.connect(listener:sockname()))
      local other <close> = listener:iter()()
      local values, text = random_values(0)
      uring.spawn(function()
        assert(one:write(values, values))
        assert(one:shutdown "w")
      end)
      assert.equal(text .. text, other:read "a")
      local file <close> = assert(uring.open("/tmp/x", "w+"))
      assert(file:write(values))
      assert.equal(text, test.files()["/tmp/x"])
    end)
  end)

  it("that fails says how much had gone, and breaks the connection", function()
    connected(function(one, other)
      one:settimeout(0.02, "write")
      local big = ("x"):rep(8 << 20)
      local _, message, code, written = one:write(big, buffer_of "y")
      assert.same({ "timeout", errno.ETIMEDOUT }, { message, code })
      assert.is_true(0 < written and written < #big)
      assert.same({ n = 4, nil, "broken", errno.EPIPE, 0 },
        table.pack(one:write { "more", "to come" }))
      one:close()
      assert.equal(written, #other:read(#big))
    end)
  end)
end)

describe("write_some", function()
  it("writes what fits", function()
    connected(function(one, other)
      local text = ("0123456789"):rep(1 << 20)
      assert.equal(10, one:write_some("0123456789"))
      assert.equal(3, one:write_some("0123456789", 8))
      assert.equal(0, one:write_some("abc", 4))
      local count = one:write_some(text)
      assert.is_true(0 < count and count < #text)
      local sent = 13 + count
      one:close()
      assert.equal(sent, #other:read(#text * 2))
      assert.same({ nil, "closed", errno.ECLOSED }, { one:write_some "x" })
    end)
  end)

  it("refuses what is no position", function()
    connected(function(one)
      assert.error_matches(function() one:write_some("abc", 5) end, "'i'")
      assert.error_matches(function() one:write_some(5) end, "'data'")
    end)
  end)
end)

describe("setvbuf", function()
  it("holds back until flush, so many bytes, or the end of a line", function()
    connected(function(one, other)
      assert.is_true(one:setvbuf("full", 10))
      assert(one:write("abc", 1))
      assert(one:flush())
      assert.equal("abc1", other:read_some())
      assert(one:write "12345"):write("67890", buffer_of "!")
      assert.equal("1234567890!", other:read_some())
      assert(one:setvbuf "line")
      assert(one:write "a line"):write(" \nand")
      assert.equal("a line \nand", other:read_some())
      assert(one:write "held ")
      assert(one:setvbuf "no")
      assert(one:write "not held")
      assert.equal("held not held", other:read(13))
      assert.error_matches(function() one:setvbuf "x" end, "'mode'")
    end)
  end)

  it("sends what is held at shutdown, detach, close and <close>", function()
    connected(function(one, other)
      one:setvbuf "full"
      one:write "one "
      assert.is_true(one:shutdown "w")
      assert.equal("one ", other:read "a")
      other:setvbuf "full"
      other:write "two "
      assert.is_true(other:close())
      assert.equal("two ", one:read "a")
    end)
    local path = os.tmpname()
    within.run(function()
      do
        local file <close> = assert(uring.open(path, "w"))
        file:setvbuf "full"
        file:write "1"
      end
      local file = assert(uring.open(path, "a"))
      file:setvbuf "full"
      file:write "2"
      local fd, rest = file:detach()
      assert.equal("", rest)
      assert.same({ nil, "closed", errno.ECLOSED, 0 }, { file:write "x" })
      raw.close(fd)
    end)
    local back <close> = assert(io.open(path))
    assert.equal("12", back:read "a")
    os.remove(path)
  end)

  it("sends what is held where the task is cancelled, or the run ends",
    function()
      local path = os.tmpname()
      local kept = assert(fs.open(path, "a"))
      within.run(function()
        uring.scope(function(scope)
          scope:spawn(function()
            local file <close> = assert(uring.open(path, "a"))
            file:setvbuf "full"
            file:write "cancelled "
            uring.sleep(60)
          end)
          uring.sleep(0.02)
          scope:cancel "enough"
        end)
        uring.sleep(0.02)
        kept:setvbuf "full"
        kept:write "kept"
      end)
      local back <close> = assert(io.open(path))
      assert.equal("cancelled kept", back:read "a")
      assert.is_true(kept:close())
      os.remove(path)
    end)

  it("keeps what has not gone where a flush fails", function()
    within.run(function()
      local reader, writer = raw.pipe()
      local file <close> = fs.from_fd(writer, "pipe")
      file:setvbuf("full", 1 << 20)
      file:settimeout(0.01)
      assert(file:write(("x"):rep(100000)))
      assert.same({ nil, "timeout", errno.ETIMEDOUT }, { file:flush() })
      local source <close> = fs.from_fd(reader)
      uring.spawn(function() assert(file:settimeout(nil):flush()) end)
      assert.equal(100000, #source:read(100000))
    end)
  end)
end)

describe("views", function()
  it("show what came, go anywhere, and end with the next", function()
    connected(function(one, other)
      local seen = {}
      uring.spawn(function()
        for view in other:chunks { view = true } do
          if seen[1] then
            assert.error_matches(function() seen[1]:byte() end, "recycled")
          end
          seen[1] = view
          assert(other:write(view, view:sub(1, 0)))
        end
        assert.error_matches(function() seen[1]:byte() end, "recycled")
        other:close()
      end)
      for _, size in ipairs { 1, 100, 4096, 5000, 300000 } do
        local text = ("%d"):format(size):rep(size):sub(1, size)
        uring.spawn(function() assert(one:write(text)) end)
        assert.equal(text, one:read(size))
      end
      assert(one:shutdown "w")
      assert.is_nil(one:read_some())
    end)
  end)

  it("that stay open do not stop the others", function()
    connected(function(one, other)
      local kept = {}
      for i = 1, 300 do -- more than the loop has buffers for
        assert(one:write(("%03d"):format(i)))
        kept[i] = assert(other:read_some { view = true })
      end
      for i, view in ipairs(kept) do
        assert.equal(("%03d"):format(i), view:tostring())
        view:close()
      end
      one:close()
      assert.is_nil(other:read_some { view = true })
    end)
  end)
end)
