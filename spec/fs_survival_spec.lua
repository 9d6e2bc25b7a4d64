--- Cancelled at any point, without descriptors, on a full disk: the files are
-- as promised, and nothing stays open.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local BIG = ("0123456789abcdef"):rep(1 << 16) -- a MiB

local TURNS = 200 -- of the loop; from then on what it waits for is a disk

-- Calls a function again and again, each time cancelled one turn later, until
-- it comes to its end by itself; 'check' looks at what a cancelled one left.
local function cancel_everywhere(body, check)
  local before = leaks.snapshot()
  for turns = 1, 1000 do
    local ended = false
    uring.scope(function(scope)
      local task = scope:spawn(function()
        body()
        ended = true
      end)
      for turn = 1, turns do
        if task:ready() then break end
        if turn > TURNS then uring.sleep(0.001) else uring.yield() end
      end
      scope:cancel("this far")
    end)
    uring.yield() -- what is closed without waiting
    uring.yield()
    leaks.check(before, "after " .. turns .. " turns")
    check(ended)
    if ended then return turns end
  end
  error "it does not end"
end

leaks.check = (function(original)
  return function(before, what)
    if not what or not what:find "^after %d+ turns" then
      return original(before, what)
    end
    local found = leaks.compare(before)
    if #found > 0 then error(what .. ": " .. found[1], 0) end
  end
end)(leaks.check)

describe("cancelled at any point", function()
  it("opening and reading leaves nothing open", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", BIG))
      local turns = cancel_everywhere(function()
        local file <close> = assert(fs.open(folder "a"))
        assert.equal(#BIG, #file:read "a")
        assert.equal(#BIG, file:size())
        assert.equal(16, #file:pread(16, 0))
      end, function() end)
      assert.is_true(turns > 1)
      cancel_everywhere(function()
        assert.equal(#BIG, #fs.read_file(folder "a"))
      end, function() end)
    end)
  end)

  it("writing atomically leaves the old or the new", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", "old"))
      cancel_everywhere(function()
        assert(fs.write_file(folder "a", BIG, { atomic = true, sync = true }))
      end, function(ended)
        local text = fs.read_file(folder "a")
        assert.is_true(text == BIG or text == "old" and not ended)
        assert.same({ "a" }, fs.list(folder ""))
        if not ended then assert(fs.write_file(folder "a", "old")) end
      end)
    end)
  end)

  it("copying leaves all or nothing", function()
    local folder <close> = process.folder()
    within.run(function()
      for _, text in ipairs { "small", BIG } do
        assert(fs.write_file(folder "a", text))
        cancel_everywhere(function()
          assert(fs.copy(folder "a", folder "b"))
        end, function()
          if fs.exists(folder "b") then
            assert.is_true(fs.read_file(folder "b") == text)
            assert(fs.remove(folder "b"))
          end
        end)
      end
    end)
  end)

  it("trees and lists leave nothing open", function()
    local folder <close> = process.folder()
    within.run(function()
      for _, path in ipairs { "t/a/b", "t/c" } do
        assert(fs.makedirs(folder(path)))
        assert(fs.write_file(folder(path .. "/file"), path))
      end
      cancel_everywhere(function()
        local count = 0
        for _ in fs.walk(folder "t") do count = count + 1 end
        for _ in fs.dir(folder "t") do count = count + 1 end
        assert.equal(7, count)
      end, function() end)
      cancel_everywhere(function()
        assert(fs.copy_tree(folder "t", folder "u", { force = true }))
      end, function() end)
      cancel_everywhere(function()
        fs.remove_tree(folder "u")
      end, function() end)
      assert.is_false(fs.exists(folder "u"))
    end)
  end)

  it("a root is left", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.makedirs(folder "a/b"))
      cancel_everywhere(function()
        local root <close> = assert(fs.root(folder ""))
        root.write_file("a/b/c", "x", { atomic = true })
        assert(root.stat "a/b/c")
        assert(root.rename("a/b/c", "a/d"))
      end, function()
        local left = fs.list(folder "a/b")
        assert.is_true(#left == 0 or left[1] == "c" and #left == 1)
      end)
    end)
  end)
end)

describe("a file that is closed", function()
  it("while it is read or asked about ends that", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", BIG:rep(8)))
      for turns = 1, 12 do
        local file = assert(fs.open(folder "a", "r+"))
        local results = {}
        local calls = {
          function() return file:read "a" end,
          function() return file:stat() end,
          function() return file:sync() end,
          function() return file:pread(1 << 23, 0) end,
          function() return file:pwrite(BIG, 0) end,
        }
        for i, call in ipairs(calls) do
          uring.spawn(function() results[i] = table.pack(call()) end)
        end
        for _ = 1, turns do uring.yield() end
        file:close()
        local deadline = uring.now() + 10
        while #results < #calls and uring.now() < deadline do
          uring.sleep(0.001)
        end
        for i, result in ipairs(results) do
          assert.is_true(result[1] ~= nil or result[3] == errno.ECLOSED,
            i .. ": " .. tostring(result[2]))
        end
        assert.equal(#calls, #results)
      end
    end)
  end)
end)

describe("without descriptors", function()
  it("everything fails by name, and works again afterwards", function()
    local folder <close> = process.folder()
    local result = process.run { process.LUA, "-e", [[
      local fs, uring = require "uring.fs", require "uring"
      local top = os.getenv "TOP"
      local function try(name, ...)
        local done, _, code = fs[name](...)
        return done and "done" or uring.errno[code]
      end
      local function all()
        local list = {}
        for i, call in ipairs {
          { "read_file", top .. "a" }, { "write_file", top .. "b", "x" },
          { "write_file", top .. "b", "x", { atomic = true } },
          { "list", top }, { "copy", top .. "a", top .. "c" },
          { "copy_tree", top .. "t", top .. "u" }, { "tmpfile", top },
          { "watch", top }, { "root", top }, { "remove_tree", top .. "t" },
        } do
          list[i] = call[1] .. "=" .. try(table.unpack(call))
        end
        collectgarbage()
        return table.concat(list, " ")
      end
      uring.run(function()
        assert(fs.write_file(top .. "a", "text"))
        assert(fs.makedirs(top .. "t/in"))
        for room = 0, 3 do
          local held = {}
          repeat held[#held + 1] = fs.open "/dev/null"
          until not fs.open "/dev/null"
          for _ = 1, room do table.remove(held):close() end
          local text = all()
          if room == 0 then print(text) end
          while #held > 0 do table.remove(held):close() end
          for _, name in ipairs { "b", "c", "u" } do
            fs.remove_tree(top .. name)
          end
          assert(fs.makedirs(top .. "t/in"))
        end
        print(all())
        collectgarbage()
      end)
    ]], env = { TOP = folder "" }, limits = "-n 64" }
    local function line(code)
      return ("read_file=? write_file=? write_file=? list=? copy=? "
        .. "copy_tree=? tmpfile=? watch=? root=? remove_tree=?\n")
        :gsub("%?", code)
    end
    assert.same({ code = 0, err = "", out = line "EMFILE" .. line "done" },
      result)
    assert.same({ "a", "b", "c", "u" }, fs.list(folder ""))
  end)
end)

describe("a full disk", function()
  it("takes what fits, and nothing half where that was promised", function()
    local folder <close> = process.folder()
    local mounted = process.shell([[mkdir "$1"/disk &&
      mount -t tmpfs -o size=256k tmpfs "$1"/disk]], folder "")
    if mounted.code ~= 0 then return pending "cannot mount" end
    local _unmount <close> = setmetatable({}, { __close = function()
      process.shell([[umount "$1"/disk]], folder "")
    end })
    local function disk(name) return folder("disk/" .. name) end
    within.run(function()
      assert(fs.write_file(folder "big", BIG))
      assert(fs.write_file(disk "a", "old"))
      for name, call in pairs {
        atomic = function()
          return fs.write_file(disk "a", BIG, { atomic = true })
        end,
        copy = function() return fs.copy(folder "big", disk "b") end,
        over = function()
          return fs.copy(folder "big", disk "c", { force = true })
        end,
      } do
        assert.equal(errno.ENOSPC, select(3, call()), name)
        assert.same({ "a" }, fs.list(disk ""), name)
      end
      assert.equal("old", fs.read_file(disk "a"))
      assert.equal(errno.ENOSPC, select(3, fs.write_file(disk "d", BIG)))
      assert.equal(BIG:sub(1, fs.stat(disk "d").size),
        fs.read_file(disk "d"))
      assert(fs.remove(disk "d"))
      assert(fs.makedirs(folder "t"))
      assert(fs.write_file(folder "t/x", BIG))
      assert.equal(errno.ENOSPC,
        select(3, fs.copy_tree(folder "t", disk "t")))
      assert.same({}, fs.list(disk "t"))
      local file <close> = assert(fs.open(disk "part", "w"))
      local done, _, code, written = file:write(BIG)
      assert.is_nil(done)
      assert.equal(errno.ENOSPC, code)
      assert.is_true(written > 0 and written < #BIG)
      assert.equal(written, file:size())
      assert.equal(errno.ENOSPC, select(3, file:allocate(0, #BIG)))
      local size = file:size()
      done, _, code, written = file:pwrite(BIG, size - 1)
      assert.is_nil(done)
      assert.equal(errno.ENOSPC, code)
      assert.is_true(written >= 1)
      file:close()
    end)
  end)
end)

describe("in a simulation with faults", function()
  local EXPECTED = { [errno.ENOSPC] = true, [errno.EMFILE] = true }

  -- Lists, copies and removes a tree, in two tasks; what fails is to be one
  -- of the expected.
  local function work(count)
    local function try(done, _, code)
      if done then
        count.done = count.done + 1
      else
        count.failed = count.failed + 1
        assert.is_true(EXPECTED[code], errno[code])
      end
      return done
    end
    uring.map({ "/t", "/u" }, function(target)
      local names = try(fs.list "/d")
      if names then assert.same({ "a", "s" }, names) end
      if try(fs.copy_tree("/d", target)) == 6 then
        local text = try(fs.read_file(target .. "/s/b"))
        if text then assert.equal("two", text) end
      end
      try(fs.write_file("/e", "new", { atomic = true, sync = true }))
    end)
  end

  it("nothing hangs, is left open or comes out wrong", function()
    local count = { done = 0, failed = 0 }
    for seed = 1, 100 do
      test.run({ seed = seed, faults = true, files = { ["/d/a"] = "one",
        ["/d/s/b"] = "two", ["/e"] = "old" } }, work, count)
      local left = test.files()["/e"]
      assert.is_true(left == "new" or left == "old")
    end
    assert.is_true(count.done > 300 and count.failed > 3)
  end)
end)
