--- Nothing that is done in a root leads out of it.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local errno = uring.errno

leaks.watch()

uring.blocking(function() end) -- opens a ring that stays

-- A folder "in" with ways out of it, beside a folder "out".
local SCENE = [[
  cd "$1" && mkdir -p in/sub out/deep && echo secret >out/secret &&
  echo mine >in/file && ln -s ../out in/up && ln -s "$1"/out in/abs &&
  ln -s ../out/secret in/leak && ln -s sub in/ok && ln -s ../file in/sub/back &&
  ln -s ../out/new in/hole && ln -s /proc/self/fd in/proc
]]

local ESCAPES = {
  "../out/secret", "..", "/etc/passwd", "/", "sub/../../out/secret",
  "up/secret", "abs/secret", "sub/../up/secret", "ok/../../out/secret",
  "../in/file", "proc/0",
}

local function scene()
  local folder = process.folder()
  local result = process.shell(SCENE, folder "")
  assert.same({ code = 0, out = "", err = "" }, result)
  return folder
end

local function outside(folder)
  return process.capture(("cd %s && find out -printf '%%p %%y %%m %%s\\n' "
    .. "| sort"):format(folder ""))
end

-- Calls that begin with a path, and what follows it.
local CALLS = {
  open = { "r" }, read_file = {}, write_file = { "x" }, stat = {}, lstat = {},
  mkdir = {}, makedirs = {}, rmdir = {}, remove = {}, remove_tree = {},
  rename = { "moved" }, link = { "linked" }, readlink = {}, chmod = { 511 },
  chown = { 0, 0 }, utime = {}, truncate = { 0 }, list = {}, realpath = {},
  copy = { "copied" }, copy_tree = { "copied" }, tmpfile = {}, tmpdir = {},
  root = {}, watch = {}, exists = {},
}

local REFUSED = { [errno.EXDEV] = true, [errno.ELOOP] = true }

local function refuses(title, folder, got)
  assert.is_nil(got[1], title)
  assert.is_true(REFUSED[got[3]], title .. ": " .. tostring(got[2]))
  assert.is_false(fs.exists(folder "out/new"))
end

describe("a root", function()
  it("has all that is in it, in a run and outside", function()
    local function body()
      local folder <close> = scene()
      local root <close> = assert(fs.root(folder "in"))
      assert.equal("mine\n", root.read_file "file")
      assert.equal("mine\n", root.read_file "sub/back")
      assert.equal("mine\n", root.read_file "ok/../file")
      assert.is_true(root.mkdir "ok/new")
      assert.is_true(root.makedirs "sub/a/b/c")
      assert.is_true(root.write_file("sub/a/one", "1", { atomic = true }))
      assert.equal(1, root.copy("sub/a/one", "ok/two"))
      assert.equal("1", fs.read_file(folder "in/sub/two"))
      assert.is_true(root.rename("sub/two", "three"))
      assert.is_true(root.link("three", "sub/four"))
      assert.is_true(root.symlink("three", "five"))
      assert.equal("three", root.readlink "five")
      assert.is_true(root.chmod("five", 384))
      assert.is_true(root.chown("five", nil, nil))
      assert.is_true(root.truncate("five", 0))
      assert.is_true(root.utime("five", 1, 2))
      assert.same({ 384, 2.0, 0 }, { root.stat "three".perm,
        root.stat "three".mtime, root.stat "three".size })
      assert.equal("link", root.lstat "five".type)
      assert.equal("sub/a/b", root.realpath "ok/a/b/c/..")
      assert.equal(".", root.realpath ".")
      assert.same({ "b", "one" }, root.list "sub/a")
      assert.equal(1, root.copy_tree("sub/a", "copy"))
      local list = {}
      for path in root.walk "copy" do list[#list + 1] = path end
      assert.same({ "copy/b", "copy/b/c", "copy/one" }, list)
      assert.is_true(root.remove_tree "copy")
      assert.is_false(root.exists "copy")
      local file <close> = assert(root.tmpfile())
      assert(file:write "x")
      local name = assert(root.tmpdir())
      assert.is_true(root.rmdir(name))
      local inner <close> = assert(root.root "sub")
      assert.equal("1", inner.read_file "a/one")
      assert.equal(errno.EXDEV, select(3, inner.read_file "back"))
      local watch <close> = assert(root.watch("sub", { "create" }))
      assert(root.write_file("sub/new file", ""))
      assert.equal("sub/new file", watch:read().path)
    end
    within.run(body)
    body()
  end)

  for name, rest in pairs(CALLS) do
    it("does not let " .. name .. " out", function()
      local folder <close> = scene()
      within.run(function()
        local root <close> = assert(fs.root(folder "in"))
        local before = outside(folder)
        for _, path in ipairs(ESCAPES) do
          refuses(name .. " " .. path, folder,
            table.pack(root[name](path, table.unpack(rest))))
        end
        assert.equal(before, outside(folder))
      end)
    end)
  end

  it("does not let a second path out", function()
    local folder <close> = scene()
    within.run(function()
      local root <close> = assert(fs.root(folder "in"))
      local before = outside(folder)
      for _, name in ipairs { "rename", "link", "copy", "symlink" } do
        for _, path in ipairs { "../out/new", "up/new", "abs/new", "/new",
          "sub/../../out/new", ".." } do
          refuses(name .. " " .. path, folder,
            table.pack(root[name]("file", path)))
        end
      end
      refuses("copy_tree", folder, table.pack(root.copy_tree("sub", "up/new")))
      assert.equal(before, outside(folder))
      assert.equal("mine\n", root.read_file "file")
    end)
  end)

  it("does not let links at the end of a path out", function()
    local folder <close> = scene()
    within.run(function()
      local root <close> = assert(fs.root(folder "in"))
      local before = outside(folder)
      for _, name in ipairs { "hole", "leak" } do
        refuses(name, folder, table.pack(root.write_file(name, "x")))
        refuses(name, folder, table.pack(root.open(name, "a")))
        refuses(name, folder, table.pack(root.copy("file", name,
          { force = true })))
        refuses(name, folder, table.pack(root.truncate(name, 0)))
        refuses(name, folder, table.pack(root.chmod(name, 0)))
        refuses(name, folder, table.pack(root.stat(name)))
      end
      for _, name in ipairs { "up", "abs" } do
        refuses(name, folder, table.pack(root.list(name)))
        refuses(name, folder, table.pack(root.root(name)))
        assert.is_false((pcall(root.dir, name)))
        assert.is_false((pcall(root.walk, name)))
        assert.is_nil((root.rmdir(name)))
        assert.is_true(root.remove_tree(name))
      end
      assert.is_true(root.write_file("leak", "x", { atomic = true }))
      assert.equal("x", root.read_file "leak")
      assert.equal(before, outside(folder))
    end)
  end)

  it("takes no magic link", function()
    within.run(function()
      local root <close> = assert(fs.root "/proc/self")
      for _, path in ipairs { "root/etc/passwd", "cwd", "exe", "fd/0" } do
        assert.equal(errno.ELOOP, select(3, root.stat(path)), path)
      end
    end)
  end)

  it("that is closed says so, whatever is asked", function()
    local folder <close> = scene()
    within.run(function()
      local root = assert(fs.root(folder "in"))
      assert.matches("^uring.fs.Root %(fd %d+%)$", tostring(root))
      assert.is_false(root.closed())
      local reading = uring.spawn(function() return root.read_file "file" end)
      uring.yield()
      assert.is_true(root:close())
      assert.equal("mine\n", reading:await())
      assert.is_true(root.closed())
      assert.is_nil(root.fileno())
      assert.equal("uring.fs.Root (closed)", tostring(root))
      for name, rest in pairs(CALLS) do
        assert.same({ n = 3, nil, "closed", errno.ECLOSED },
          table.pack(root[name]("file", table.unpack(rest))), name)
      end
      assert.is_nil(root.nothing)
    end)
  end)

  it("stays open for what still needs it, and no longer", function()
    local folder <close> = scene()
    within.run(function()
      local count = 0
      for _ in assert(fs.root(folder "in")).walk "." do
        collectgarbage()
        count = count + 1
      end
      assert.equal(9, count)
      assert(fs.root(folder "in"))
    end)
  end)

  it("is a folder", function()
    within.run(function()
      assert.same({ n = 3, nil, "/dev/null: Not a directory",
        errno.ENOTDIR }, table.pack(fs.root "/dev/null"))
    end)
  end)
end)
