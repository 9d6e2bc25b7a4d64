--- Folders are listed, walked, copied and removed whole, whatever is in them
-- and whatever happens to them meanwhile.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

local function shell(script, ...)
  local result = process.shell(script, ...)
  assert.same({ code = 0, out = "", err = "" }, result)
end

-- A tree with one of everything.
local TREE = [[
  cd "$1" && mkdir -p top/a/b top/empty top/locked && echo 1 >top/file &&
  echo 22 >top/a/two && ln -s ../file top/a/link && ln -s none top/dangling &&
  ln -s .. top/a/b/loop && mkfifo top/fifo && echo x >top/locked/in &&
  chmod 751 top/a && chmod 555 top/locked && chmod 600 top/file
]]

local function collect(...)
  local list = {}
  for a, b, c in ... do
    list[#list + 1] = c and ("%s %s %d"):format(a, b, c) or a .. " " .. b
  end
  return list
end

local function sorted(list)
  table.sort(list)
  return list
end

describe("a folder", function()
  local function tree()
    local folder = process.folder()
    shell(TREE, folder "")
    return folder
  end

  it("tells what is in it, in a run and outside", function()
    local folder <close> = tree()
    local function body()
      assert.same({ "a directory", "dangling link", "empty directory",
        "fifo fifo", "file file", "locked directory" },
        sorted(collect(fs.dir(folder "top"))))
      assert.same({ "a", "dangling", "empty", "fifo", "file", "locked" },
        fs.list(folder "top"))
      assert.same({}, fs.list(folder "top/empty"))
      assert.same({}, collect(fs.dir(folder "top/empty")))
    end
    within.run(body)
    body()
  end)

  it("may be left in the middle", function()
    local folder <close> = tree()
    within.run(function()
      for name in fs.dir(folder "top") do
        if name then break end
      end
      local next_entry, _, _, held = fs.dir(folder "top")
      assert.is_string(next_entry())
      held:close()
      assert.is_nil(next_entry())
    end)
  end)

  it("that cannot be read raises, or says so", function()
    local folder <close> = tree()
    local path = folder "top/file"
    within.run(function()
      assert.equal(path .. ": Not a directory",
        select(2, pcall(fs.dir, path)))
      assert.equal(path .. ": Not a directory",
        select(2, pcall(fs.walk, path)))
      assert.same({ n = 3, nil, path .. ": Not a directory",
        errno.ENOTDIR }, table.pack(fs.list(path)))
    end)
  end)

  it("of ten thousand files is listed, walked and removed", function()
    local shm = "/dev/shm" -- in memory, where there is such a place
    local folder <close> = process.folder(fs.exists(shm) and shm or nil)
    shell([[mkdir "$1"/many]], folder "")
    for i = 0, 9999 do
      assert(io.open(folder(("many/%04d"):format(i)), "w")):close()
    end
    within.run(function()
      local names = assert(fs.list(folder "many"))
      assert.equal(10000, #names)
      for i = 1, 10000 do
        if names[i] ~= ("%04d"):format(i - 1) then error(names[i]) end
      end
      assert.equal(10000, #collect(fs.walk(folder "")) - 1)
      assert.is_true(fs.remove_tree(folder "many"))
      assert.is_false(fs.exists(folder "many"))
    end)
  end)

  it("is walked in order, and links are not followed", function()
    local folder <close> = tree()
    local due = {
      "a directory 1", "a/b directory 2", "a/b/loop link 3", "a/link link 2",
      "a/two file 2", "dangling link 1", "empty directory 1", "fifo fifo 1",
      "file file 1", "locked directory 1", "locked/in file 2",
    }
    local function body()
      local top = folder "top/"
      local list = collect(fs.walk(top))
      for i, line in ipairs(list) do
        assert.equal(top, line:sub(1, #top))
        list[i] = line:sub(#top + 1)
      end
      assert.same(due, list)
      assert.equal(6, #collect(fs.walk(top, { max_depth = 1 })))
      assert.same({}, collect(fs.walk(folder "top/empty")))
    end
    within.run(body)
    body()
  end)

  it("may change while it is walked", function()
    local folder <close> = process.folder()
    within.run(function()
      for i = 1, 30 do
        assert(fs.makedirs(folder("d/" .. i .. "/in")))
        assert(fs.write_file(folder("d/" .. i .. "/file"), ""))
      end
      local seen = 0
      for path, kind, depth in fs.walk(folder "d") do
        seen = seen + 1
        if kind == "directory" and depth == 1 then
          local number = tonumber(path:match "%d+$")
          if number % 3 == 0 then assert(fs.remove_tree(path)) end
          if number % 3 == 1 then
            assert(fs.remove_tree(path))
            assert(fs.symlink("/", path))
          end
        end
      end
      assert.equal(30 + 10 * 2, seen)
    end)
  end)

  it("that is hidden from the walk is told of", function()
    local folder <close> = tree()
    if not process.can_become(65534) then return pending "needs root" end
    assert(fs.chmod(folder "", tonumber("755", 8)))
    assert(fs.chmod(folder "top/a", 0))
    local result = process.run { process.LUA, "-e", [[
      local fs, uring = require "uring.fs", require "uring"
      local top = os.getenv "TOP"
      uring.run(function()
        print(select(2, pcall(function() for _ in fs.walk(top) do end end)))
        local count = 0
        for _ in fs.walk(top, { on_error = function(path, message, code)
          print(path, message, code)
        end }) do count = count + 1 end
        print(count)
      end)
    ]], env = { TOP = folder "top" }, uid = 65534 }
    local a = folder "top/a"
    assert.same({ code = 0, err = "", out = ("%s: Permission denied\n"
      .. "%s\t%s: Permission denied\t13\n7\n"):format(a, a, a) }, result)
  end)

  it("is walked as deep as is wanted, and no deeper", function()
    local folder <close> = tree()
    for depth, count in pairs { [0] = 0, 6, 10, 11 } do
      assert.equal(count, #collect(fs.walk(folder "top",
        { max_depth = depth })))
    end
  end)

  it("refuses options that are none", function()
    assert.error_matches(function() fs.walk("/", { depth = 1 }) end,
      "fs.walk: bad option 'depth'")
    assert.error_matches(function() fs.copy_tree("/", "/x", { max = "" }) end,
      "fs.copy_tree: bad option 'max'")
    for _, none in ipairs { 0, -1, 1.5 } do
      assert.error_matches(function()
        fs.copy_tree("/proc/self/fd", "/none/x", { max = none })
      end, "fs.copy_tree: bad option 'max'")
    end
  end)
end)

describe("a tree", function()
  it("is copied as cp does", function()
    local folder <close> = process.folder()
    shell(TREE, folder "")
    local function body(copy)
      assert.equal(7, fs.copy_tree(folder "top", copy))
      shell([[diff -r --no-dereference "$1" "$2" 2>&1 | grep -v fifo
        cd "$1" && find . -printf '%p %y %m %l\n' | sort >../one
        cd "$2" && find . -printf '%p %y %m %l\n' | sort >../two
        cmp ../one ../two]], folder "top", copy)
    end
    within.run(body, folder "copy")
    body(folder "other")
  end)

  it("is copied over another by force only", function()
    local folder <close> = process.folder()
    shell(TREE, folder "")
    within.run(function()
      assert(fs.remove(folder "top/fifo"))
      assert(fs.copy_tree(folder "top", folder "copy"))
      assert(fs.write_file(folder "copy/a/two", "other"))
      assert.equal(errno.EEXIST,
        select(3, fs.copy_tree(folder "top", folder "copy")))
      assert.equal("other", fs.read_file(folder "copy/a/two"))
      assert.equal(7, fs.copy_tree(folder "top", folder "copy",
        { force = true, max = 1 }))
      assert.equal("22\n", fs.read_file(folder "copy/a/two"))
    end)
  end)

  it("is not copied into itself", function()
    local folder <close> = process.folder()
    shell(TREE, folder "")
    within.run(function()
      for _, target in ipairs { "top/new", "top/a/new", "top/a/b/loop/new" } do
        assert.equal(errno.EINVAL,
          select(3, fs.copy_tree(folder "top", folder(target))), target)
      end
      assert(fs.copy_tree(folder "top", folder "top2"))
    end)
  end)

  it("is removed, and nothing that its links lead to", function()
    local folder <close> = process.folder()
    local function body()
      shell(TREE, folder "")
      shell([[cd "$1" && mkdir -p keep/me && touch keep/file &&
        ln -s ../keep top/keep && ln -s "$1"/keep top/a/keep]], folder "")
      assert(fs.symlink("top", folder "link"))
      assert.is_true(fs.remove_tree(folder "link"))
      assert.is_true(fs.exists(folder "top/file"))
      assert.is_true(fs.remove_tree(folder "top"))
      assert.same({ "keep" }, fs.list(folder ""))
      assert.same({ "file", "me" }, fs.list(folder "keep"))
      assert.is_true(fs.remove_tree(folder "keep/file"))
      assert.is_true(fs.remove_tree(folder "keep/"))
      assert.equal(errno.ENOENT, select(3, fs.remove_tree(folder "keep")))
    end
    within.run(body)
    body()
  end)

  it("is not removed where the folder itself cannot be", function()
    local folder <close> = process.folder()
    local function body()
      shell(TREE, folder "")
      local root <close> = assert(fs.root(folder "top"))
      for _, name in ipairs { ".", "./", "a/.", "a/b/..", "a/../" } do
        local path = folder("top/" .. name)
        assert.same({ nil, path .. ": Invalid argument", errno.EINVAL },
          { fs.remove_tree(path) })
      end
      assert.same({ nil, ".: Invalid argument", errno.EINVAL },
        { root.remove_tree "." })
      assert.same({ nil, "..: Invalid cross-device link", errno.EXDEV },
        { root.remove_tree ".." })
      assert.same({ "a", "dangling", "empty", "fifo", "file", "locked" },
        fs.list(folder "top"))
      assert.equal(3, #fs.list(folder "top/a"))
      assert.is_true(fs.remove_tree(folder "top"))
    end
    within.run(body)
    body()
  end)

  it("is removed though a folder becomes a link meanwhile", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.makedirs(folder "keep"))
      for i = 1, 20 do assert(fs.write_file(folder("keep/" .. i), "")) end
      for _ = 1, 5 do
        for i = 1, 10 do
          assert(fs.makedirs(folder("top/" .. i)))
          assert(fs.write_file(folder("top/" .. i .. "/file"), ""))
        end
        local swap = uring.spawn(function()
          for i = 10, 1, -1 do
            local path = folder("top/" .. i)
            fs.rename(path, folder("was" .. i))
            fs.symlink("../keep", path)
          end
        end)
        local done, _, code = fs.remove_tree(folder "top")
        assert.is_true(done or code == errno.ENOTEMPTY)
        swap:await()
        assert(fs.exists(folder "top") == false or fs.remove_tree(folder "top"))
        for i = 1, 10 do
          local path = folder("was" .. i)
          if fs.exists(path) then assert(fs.remove_tree(path)) end
        end
        assert.equal(20, #fs.list(folder "keep"))
      end
    end)
  end)

  it("may be removed by two at once", function()
    local folder <close> = process.folder()
    within.run(function()
      for i = 1, 20 do
        assert(fs.makedirs(folder("top/" .. i .. "/in")))
        assert(fs.write_file(folder("top/" .. i .. "/file"), ""))
      end
      uring.all {
        function() fs.remove_tree(folder "top") end,
        function() fs.remove_tree(folder "top") end,
      }
      assert.is_false(fs.exists(folder "top"))
    end)
  end)

  it("deeper than a path can be long is removed", function()
    local folder <close> = process.folder()
    shell([[cd "$1" && mkdir top && cd top && name=$(printf 'x%.0s' $(seq 200))
      for i in $(seq 60); do mkdir $name && cd -P $name; done]], folder "")
    within.run(function()
      assert.is_true(fs.remove_tree(folder "top"))
    end)
  end)
end)
