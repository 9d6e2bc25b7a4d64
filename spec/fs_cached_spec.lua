--- Bytes of a file that are in the page cache are read without an op, and
-- all that holds of reads by ops holds of these: others have their turn, who
-- is cancelled ends, a closed file says so.
local core = require "uring.core"
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local system = require "uring.system"
local temp = require "spec.support.temp"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local PAGE = 4096
local CLOSED = { n = 3, nil, "closed", errno.ECLOSED }

-- Bytes of which no two blocks are the same.
local function text_of(size)
  local parts = {}
  for i = 1, size // 16 + 1 do parts[i] = ("%015d\n"):format(i) end
  return table.concat(parts):sub(1, size)
end

-- A file on a disk, and whether its bytes can be had without waiting.
local function on_disk(content)
  local one = temp.file(content)
  local file <close> = assert(fs.open(one.path))
  return one, system.read_cached(file:fileno(), 1, 0) ~= nil
end

-- Has its pages thrown away; false: this file system keeps them.  A page that
-- somebody looks at just then stays.
local function throw_away(file)
  for _ = 1, 50 do
    assert(file:sync())
    assert(file:advise "dontneed")
    local bytes, code = system.read_cached(file:fileno(), 1, 0)
    if not bytes then return code == errno.EAGAIN end
    uring.sleep(0.001)
  end
  return false
end

-- Calls a body, and counts how often another task has its turn meanwhile.
local function turns_of_others(body)
  local turns, is_over = 0, false
  uring.scope(function(scope)
    scope:spawn(function()
      while not is_over do
        turns = turns + 1
        uring.yield()
      end
    end)
    uring.yield()
    turns = 0
    body()
    is_over = true
  end)
  return turns
end

describe("what is in the page cache", function()
  it("is read without a wait", function()
    local one <close>, is_cached = on_disk(text_of(3 * PAGE))
    if not is_cached then return pending("a file system without RWF_NOWAIT") end
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local buffer = raw.buffer(PAGE)
      local turns = turns_of_others(function()
        for i = 0, 9 do
          assert.equal(one:read():sub(i + 1, i + 100), file:pread(100, i))
          assert.equal(PAGE, file:pread_into(buffer, i))
          assert.is_true(buffer:tostring() == one:read():sub(i + 1, i + PAGE))
        end
      end)
      assert.is_true(turns <= 1, "turns: " .. turns) -- of 20, were these ops
    end)
  end)

  it("is read by turns with what other tasks do", function()
    local one <close> = on_disk(text_of(PAGE))
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local turns = turns_of_others(function()
        for _ = 1, 1000 do file:pread(1, 0) end
      end)
      assert.is_true(turns >= 15, "turns: " .. turns)
    end)
  end)

  it("gives way the sooner the more is read at once", function()
    local one <close> = on_disk(text_of(1 << 20))
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local buffer = raw.buffer(1 << 20)
      local turns = turns_of_others(function()
        for _ = 1, 10 do file:pread_into(buffer, 0) end
      end)
      assert.is_true(turns >= 4, "turns: " .. turns)
    end)
  end)

  it("is not for a task that is to end", function()
    local one <close> = on_disk(text_of(PAGE))
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local count = 0
      uring.scope(function(scope)
        local task = scope:spawn(function()
          while true do
            file:pread(10, 0)
            count = count + 1
          end
        end)
        uring.yield()
        uring.yield()
        task:cancel()
      end)
      assert.is_true(count > 0)
      local ok, problem = true, nil
      uring.scope(function(scope)
        scope:cancel()
        ok, problem = pcall(file.pread, file, 10, 0)
      end)
      assert.is_false(ok)
      assert.is_true(uring.is_cancelled(problem))
    end)
  end)

  it("is not read from a file that was closed meanwhile", function()
    local one <close> = on_disk(text_of(PAGE))
    within.run(function()
      for _, read in ipairs {
        function(file) return file:pread(PAGE, 0) end,
        function(file) return file:pread_into(raw.buffer(PAGE), 0) end,
      } do
        local file <close> = assert(fs.open(one.path))
        uring.scope(function(scope)
          local reading = scope:spawn(function()
            local got
            repeat got = table.pack(read(file)) until not got[1]
            return got
          end)
          uring.yield()
          uring.yield()
          file:close()
          assert.same(CLOSED, reading:await())
        end)
        assert.same(CLOSED, table.pack(read(file)))
      end
    end)
  end)

  it("is read as a stream and whole without a wait", function()
    local text = text_of(5 * 65536)
    local one <close>, is_cached = on_disk(text)
    if not is_cached then return pending("a file system without RWF_NOWAIT") end
    within.run(function()
      local file <close> = assert(fs.open(one.path))
      local count = 0
      local turns = turns_of_others(function()
        for bytes in file:chunks(65536) do
          count = count + #bytes
          if count == #text then break end -- the end is told by an op
        end
      end)
      assert.equal(#text, count)
      assert.is_true(turns <= 1, "turns: " .. turns)
      turns = turns_of_others(function()
        assert.is_true(fs.read_file(one.path) == text)
      end)
      assert.is_true(turns <= 4, "turns: " .. turns) -- to open, and the end
    end)
  end)

  it("moves the position where a stream is read", function()
    local text = text_of(200000)
    local one <close> = on_disk(text)
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+"))
      assert.equal(text:sub(1, 16), file:read(16))
      assert.equal(16, file:seek())
      assert(file:write "written")
      assert.equal(text:sub(24, 100), file:read(77))
      assert.is_true(file:read "a" == text:sub(101))
      assert.is_nil((file:read(1)))
      assert.equal(#text, file:seek())
    end)
    assert.is_true(one:read() == text:sub(1, 16) .. "written" .. text:sub(24))
  end)
end)

describe("what is not in the page cache", function()
  it("is read by an op, and then looked for again", function()
    local text = text_of(1 << 20)
    local one <close>, is_cached = on_disk(text)
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+"))
      if not is_cached or not throw_away(file) then
        return pending("a file system that keeps its pages")
      end
      assert.equal(text:sub(7, 106), file:pread(100, 6))
      assert.is_true(throw_away(file))
      local buffer = raw.buffer(#text)
      local got = 0
      while got < #text do
        got = got + assert(file:pread_into(buffer, got, got + 1))
      end
      assert.is_true(buffer:tostring() == text)
      assert.is_true(throw_away(file))
      assert.is_true(file:read "a" == text)
      assert.is_true(throw_away(file))
      assert.is_true(fs.read_file(one.path) == text)
      for _ = 1, 16 do file:pread(1, 0) end -- calls that do not ask
      assert.is_true(turns_of_others(function() file:pread(1, 0) end) <= 1)
    end)
  end)

  it("follows what is", function()
    local text = text_of(64 * PAGE)
    local one <close>, is_cached = on_disk(text)
    within.run(function()
      local file <close> = assert(fs.open(one.path, "r+"))
      assert(file:advise "random") -- nothing is read ahead
      if not is_cached or not throw_away(file) then
        return pending("a file system that keeps its pages")
      end
      assert.equal(text:sub(1, 10), file:pread(10, 0))
      for _ = 1, 20 do file:pread(1, 0) end
      local count = 3 * PAGE
      assert.is_true(file:pread(count, 5) == text:sub(6, count + 5))
      for _ = 1, 20 do file:pread(1, 0) end
      count = 50 * PAGE
      assert.is_true(file:pread(count, 5) == text:sub(6, count + 5))
    end)
  end)

  it("is left to ops for good where nothing can be told", function()
    within.run(function()
      local file <close> = assert(fs.open "/proc/self/status")
      local looked, look = 0, system.read_cached
      system.read_cached = function(...)
        looked = looked + 1
        return look(...)
      end
      local _restore <close> = setmetatable({}, { __close = function()
        system.read_cached = look
      end })
      for _ = 1, 50 do assert.equal("Name:", file:pread(5, 0)) end
      assert.equal(1, looked)
      assert.matches("^Name:", fs.read_file "/proc/self/status")
    end)
  end)

  it("is all there is in a simulated run", function()
    test.run(function()
      assert(fs.write_file("/file", "0123456789"))
      local file <close> = assert(fs.open "/file")
      assert.equal("345", file:pread(3, 3))
      local buffer = raw.buffer(4)
      assert.equal(4, file:pread_into(buffer, 6))
      assert.equal("6789", buffer:tostring())
      assert.equal(10, fs.copy("/file", "/copy"))
      assert.equal("0123456789", fs.read_file "/copy")
    end)
  end)
end)

describe("pread_into", function()
  it("fills a Buffer, or a part of it", function()
    local one <close> = temp.file "0123456789"
    local function all()
      local file <close> = assert(fs.open(one.path))
      local buffer = raw.buffer(8)
      assert.equal(8, file:pread_into(buffer, 1))
      assert.equal("12345678", buffer:tostring())
      assert.equal(2, file:pread_into(buffer, 8))
      assert.equal("89345678", buffer:tostring())
      assert.equal(3, file:pread_into(buffer, 0, 6))
      assert.equal("89345012", buffer:tostring())
      assert.equal(1, file:pread_into(buffer, 9, 2, 1))
      assert.equal("89345012", buffer:tostring())
      assert.equal(1, file:pread_into(buffer, 5, 2, 1))
      assert.equal("85345012", buffer:tostring())
      assert.same({ n = 0 }, table.pack(file:pread_into(buffer, 10)))
      assert.equal(0, file:seek())
    end
    within.run(all)
    all()
  end)

  it("says what has failed", function()
    local one <close> = temp.file()
    within.run(function()
      local file <close> = assert(fs.open(one.path, "w"))
      assert.same({ n = 3, nil, one.path .. ": Bad file descriptor",
        errno.EBADF }, table.pack(file:pread_into(raw.buffer(1), 0)))
      local folder <close> = assert(fs.open("/", { "rdonly", "directory" }))
      assert.same({ n = 3, nil, "/: Is a directory", errno.EISDIR },
        table.pack(folder:pread_into(raw.buffer(1), 0)))
      assert.same({ n = 3, nil, "/: Is a directory", errno.EISDIR },
        table.pack(folder:pread(1, 0)))
    end)
  end)

  it("refuses what it does not know", function()
    local one <close> = temp.file "0123456789"
    local file <close> = assert(fs.open(one.path))
    local buffer = raw.buffer(8)
    for _, bad in ipairs { "x", 8, false, {}, raw.consts } do
      assert.error_matches(function() file:pread_into(bad, 0) end,
        "pread_into: bad argument 'buffer' %(uring.Buffer expected%)")
    end
    assert.error_matches(function() file:pread_into(buffer) end,
      "pread_into: bad argument 'offset' %(count expected%)")
    assert.error_matches(function() file:pread(1) end,
      "pread: bad argument 'offset' %(count expected%)")
    for _, bad in ipairs { -1, 1.5, "1", false } do
      assert.error_matches(function() file:pread_into(buffer, bad) end,
        "pread_into: bad argument 'offset' %(count expected%)")
    end
    for _, bad in ipairs { 0, 9, -1, 1.5, "1" } do
      assert.error_matches(function() file:pread_into(buffer, 0, bad) end,
        "pread_into: bad argument 'i' %(position in the buffer expected%)")
    end
    for _, bad in ipairs { 0, -1, 1.5, "1" } do
      assert.error_matches(function() file:pread_into(buffer, 0, 1, bad) end,
        "pread_into: bad argument 'max' %(count of bytes expected%)")
    end
    local read_only = core.slice "text"
    assert.error_matches(function() file:pread_into(read_only, 0) end,
      "read%-only")
  end)
end)

describe("read_cached and fill_cached", function()
  it("refuse what is no size, offset or buffer by an errno", function()
    local one <close> = temp.file "0123456789"
    local file <close> = assert(fs.open(one.path))
    local fd, buffer = file:fileno(), raw.buffer(1)
    local refused = { n = 2, nil, errno.EINVAL }
    for _, size in ipairs { 0, -1, 16385, 1.5, "1", {}, buffer } do
      assert.same(refused, table.pack(core.read_cached(fd, size, 0)))
    end
    for _, offset in ipairs { -1, 1.5, "1", {} } do
      assert.same(refused, table.pack(core.read_cached(fd, 1, offset)))
      assert.same(refused, table.pack(core.fill_cached(fd, buffer, offset)))
    end
    buffer:close()
    for _, bad in ipairs { 1, "x", core.slice "x", buffer } do
      assert.same(refused, table.pack(core.fill_cached(fd, bad, 0)))
    end
    assert.error_matches(function() core.read_cached("x", 1, 0) end,
      "number expected")
  end)
end)
