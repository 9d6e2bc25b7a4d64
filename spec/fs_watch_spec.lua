--- A watch tells what happens to files and folders, each once and in order.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local raw = require "uring.ring"
local uring = require "uring"
local within = require "spec.support.within"

local C, errno = raw.consts, uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local CLOSED = { n = 3, nil, "closed", errno.ECLOSED }

local function kinds(event)
  local list = {}
  for kind in pairs(event.kinds) do list[#list + 1] = kind end
  table.sort(list)
  return table.concat(list, ",")
end

local function expect(watch, ...)
  for _, due in ipairs { ... } do
    local event = assert(watch:read())
    assert.equal(due, kinds(event) .. " " .. tostring(event.name))
  end
end

describe("a watch", function()
  it("tells what happens in a folder, in a run and outside", function()
    local function body()
      local folder <close> = process.folder()
      local watch <close> = assert(fs.watch(folder ""))
      assert(fs.write_file(folder "a", "x"))
      expect(watch, "create a", "modify a")
      assert(fs.mkdir(folder "d"))
      assert(fs.chmod(folder "a", 0))
      expect(watch, "create,dir d", "attrib a")
      assert(fs.rename(folder "a", folder "b"))
      local from, to = watch:read(), watch:read()
      assert.same({ "moved_from", "moved_to" }, { kinds(from), kinds(to) })
      assert.equal(from.cookie, to.cookie)
      assert.same({ folder "" .. "a", folder "" .. "b" },
        { from.path, to.path })
      assert.equal(C.IN_MOVED_TO, to.mask)
      assert(fs.remove(folder "b"))
      expect(watch, "delete b")
    end
    within.run(body)
    body()
  end)

  it("tells only what was asked for", function()
    local folder <close> = process.folder()
    within.run(function()
      local watch <close> = assert(fs.watch(folder "", { "delete" }))
      assert(fs.write_file(folder "a", "x"))
      assert(fs.remove(folder "a"))
      expect(watch, "delete a")
      local mask <close> = assert(fs.watch(folder "", C.IN_CREATE))
      local close <close> = assert(fs.watch(folder "", { "close" }))
      assert(fs.write_file(folder "b", "x"))
      expect(mask, "create b")
      expect(close, "close_write b")
    end)
  end)

  it("watches several paths, and files", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.makedirs(folder "one"))
      assert(fs.write_file(folder "two", ""))
      local watch <close> = assert(fs.watch({ folder "one", folder "two" }))
      assert(fs.write_file(folder "two", "x"))
      local event = assert(watch:read())
      assert.same({ "modify", folder "two", folder "two" },
        { kinds(event), event.path, event.watched })
      assert.is_nil(event.name)
      assert(fs.mkdir(folder "one/in"))
      event = assert(watch:read())
      assert.same({ folder "one/in", folder "one" },
        { event.path, event.watched })
      assert.is_true(watch:add(folder "one/in", { "create" }))
      assert(fs.mkdir(folder "one/in/side"))
      expect(watch, "create,dir side")
    end)
  end)

  it("of something that goes tells so, and ends with the last", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.mkdir(folder "d"))
      assert(fs.mkdir(folder "e"))
      local watch <close> = assert(fs.watch({ folder "d", folder "e" }))
      assert(fs.rmdir(folder "d"))
      expect(watch, "delete_self nil", "removed nil")
      assert.is_true(watch:remove(folder "e"))
      assert.equal(errno.ENOENT, select(3, watch:remove(folder "e")))
      expect(watch, "removed nil")
      assert.same({ n = 1 }, table.pack(watch:read()))
      assert.is_true(watch:add(folder "e"))
      assert(fs.mkdir(folder "e/x"))
      expect(watch, "create,dir x")
    end)
  end)

  it("tells that events were lost", function()
    local limit = tonumber(fs.read_file
      "/proc/sys/fs/inotify/max_queued_events")
    if limit > 20000 then return pending "the queue is too long" end
    local folder <close> = process.folder()
    within.run(function()
      local watch <close> = assert(fs.watch(folder "", { "attrib" }))
      assert(fs.write_file(folder "a", ""))
      assert(fs.write_file(folder "b", ""))
      local result = process.run { process.LUA, "-e", [[
        local core = require "uring.core"
        local top, C = os.getenv "TOP", core.consts
        for i = 1, os.getenv "COUNT" // 2 + 10 do
          core.work("fchmodat", C.AT_FDCWD, top .. "a", 384)
          core.work("fchmodat", C.AT_FDCWD, top .. "b", 384)
        end
      ]], env = { TOP = folder "", COUNT = tostring(limit) } }
      assert.equal("", result.err)
      local event
      repeat event = assert(watch:read()) until event.kinds.overflow
      assert.is_nil(event.path)
      assert(fs.chmod(folder "a", 420))
      expect(watch, "attrib a")
    end)
  end)

  it("that is closed wakes who reads it", function()
    local folder <close> = process.folder()
    within.run(function()
      local watch = assert(fs.watch(folder ""))
      local got
      uring.spawn(function() got = table.pack(watch:read()) end)
      local count = 0
      local other = assert(fs.watch(folder ""))
      local task = uring.spawn(function()
        for _ in other:iter() do count = count + 1 end
        return "ended"
      end)
      uring.yield()
      assert.error_matches(function() watch:read() end,
        "the watch is being read by another task")
      assert.is_true(watch:close())
      other:close()
      assert.equal("ended", task:await())
      assert.same(CLOSED, got)
      assert.same(CLOSED, table.pack(watch:read()))
      assert.same(CLOSED, table.pack(watch:add("/")))
      assert.same(CLOSED, table.pack(watch:remove("/")))
      assert.is_nil(watch:fileno())
      assert.equal("uring.Watch (closed)", tostring(watch))
    end)
  end)

  it("that is cancelled or late loses nothing", function()
    local folder <close> = process.folder()
    within.run(function()
      local watch <close> = assert(fs.watch(folder "", { "create" }))
      assert.equal(errno.ETIMEDOUT,
        select(3, uring.timeout(0.005, watch.read, watch)))
      watch:settimeout(0.005)
      assert.same({ n = 3, nil, "timeout", errno.ETIMEDOUT },
        table.pack(watch:read()))
      assert(fs.write_file(folder "a", ""))
      assert(fs.write_file(folder "b", ""))
      expect(watch, "create a", "create b")
    end)
  end)

  it("tells any name", function()
    local folder <close> = process.folder()
    within.run(function()
      local watch <close> = assert(fs.watch(folder "", { "create" }))
      for _, name in ipairs { "a\nb", "\xff\xfe", ("n"):rep(255) } do
        assert(fs.write_file(folder(name), ""))
        local event = assert(watch:read())
        assert.equal(name, event.name)
        assert.equal(folder(name), event.path)
      end
    end)
  end)

  it("of what is not there fails, and leaves nothing open", function()
    within.run(function()
      assert.same({ n = 3, nil, "/none: No such file or directory",
        errno.ENOENT }, table.pack(fs.watch({ "/", "/none" })))
    end)
    assert.error_matches(function() fs.watch("/", { "change" }) end,
      "fs.watch: bad argument 'kinds' %(no 'change'%)")
    assert.error_matches(function() fs.watch("/", "create") end,
      "fs.watch: bad argument 'kinds' %(table expected%)")
    for _, none in ipairs { {}, 0, -1, 1 << 32 } do
      assert.error_matches(function() fs.watch("/", none) end,
        "fs.watch: bad argument 'kinds'")
    end
    assert.error_matches(function() fs.watch(12) end,
      "fs.watch: bad argument 'paths' %(table expected, got number%)")
  end)
end)
