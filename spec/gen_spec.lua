--- tools/gen.lua: the reference and the editor types say what the module has,
-- and the check sees where they do not.
local core = require "uring.core"

local comments = require "tools.gen.comments"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

local FILES = { "docs/opcodes.md", "lua/uring/meta.lua" }

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

local function gen(...)
  return process.run { process.LUA, "tools/gen.lua", ... }
end

-- A folder with generated files in it.
local function generated()
  local folder = process.folder()
  process.shell('mkdir -p "$1/docs" "$1/lua/uring"', folder("."))
  assert.same({ code = 0, out = "", err = "" }, gen(folder(".")))
  return folder
end

local function has(page, text)
  assert(page:find(text, 1, true), text .. " is not in it")
end

describe("tools/gen.lua", function()
  local folder

  lazy_setup(function() folder = generated() end)
  lazy_teardown(function() getmetatable(folder).__close() end)

  it("finds what is checked in up to date", function()
    assert.same({ code = 0, out = "", err = "" }, gen("--check"))
  end)

  it("writes the same wherever it is told to", function()
    for _, path in ipairs(FILES) do
      assert.equal(read(path), read(folder(path)))
    end
    assert.equal(0, gen("--check", folder(".")).code)
  end)

  for _, path in ipairs(FILES) do
    local stale = { code = 1, out = "",
      err = path .. " is stale: run make generate\n" }

    it("fails the check where " .. path .. " was changed", function()
      write(folder(path), (read(path):gsub("at once", "later")))
      assert.same(stale, gen("--check", folder(".")))
      write(folder(path), read(path))
    end)

    it("fails the check where " .. path .. " is missing", function()
      os.remove(folder(path))
      assert.same(stale, gen("--check", folder(".")))
      write(folder(path), read(path))
    end)
  end
end)

describe("docs/opcodes.md", function()
  local page = read(FILES[1])

  for _, row in ipairs(core.ops) do
    it("has the row " .. row.name, function()
      local section = page:match("\n## " .. row.name .. "\n(.-)\n## ")
        or page:match("\n## " .. row.name .. "\n(.*)$")
      has(section, row.summary)
      has(section, "\nsqe:prep_" .. row.name .. "(")
      has(section, "uring.op." .. row.name .. "(")
      has(section, ("Linux %s, `%s(3)`"):format(row.since, row.helper))
      for _, arg in ipairs(row.args) do
        has(section, "\n| `" .. arg.name .. "` | ")
      end
    end)
  end

  it("shows what may be left out", function()
    has(page, "sqe:prep_accept(fd [, peer [, flags]]) --> id\n")
    has(page, "sqe:prep_statx(dirfd, path, flags, mask, buf) --> id\n")
  end)

  it("shows defaults as the table writes them", function()
    has(page, "| `flags` | an integer | `MSG_NOSIGNAL` |\n")
    has(page, "| `mode` | an integer | `0644` |\n")
    has(page, "| `mask` | an integer | `STATX_BASIC_STATS` |\n")
  end)
end)

describe("lua/uring/meta.lua", function()
  local page = read(FILES[2])

  it("loads, and has every function of uring.core", function()
    local meta = assert(load(page, "=meta.lua", "t", {}))()
    for name, value in pairs(core) do
      local of_meta = type(value) == "function" and "function" or "nil"
      assert.equal(of_meta, type(meta[name]), name)
    end
    for name in pairs(meta) do assert.is_function(core[name], name) end
  end)

  it("has every method of the ring, the SQE and the BufRing", function()
    for _, class in ipairs { "Ring", "SQE", "BufRing", "Buffer" } do
      has(page, "---@class uring." .. class .. "\n")
      for name in pairs(debug.getregistry()["uring." .. class].__index) do
        has(page, ("\nfunction %s:%s("):format(class, name))
      end
    end
  end)

  it("has every row, with a parameter for each argument", function()
    for _, row in ipairs(core.ops) do
      local names = {}
      for i, arg in ipairs(row.args) do names[i] = arg.name end
      local call = ("%s(%s) end\n"):format(row.name, table.concat(names, ", "))
      has(page, "function SQE:prep_" .. call)
      has(page, "function op." .. call)
    end
  end)

  it("tells what may be absent, and what comes of a failure", function()
    has(page, [[
---@param count integer
---@param seconds? number
---@return integer?
---@return string? message
---@return integer? code
function Ring:submit_and_wait(count, seconds) end
]])
    has(page, [[
---@param fd integer a descriptor
---@param flags? integer default SOCK_CLOEXEC
---@return fun(...): integer, integer iterator
function op.multishot_accept(fd, flags) end
]])
  end)
end)

describe("A comment in csrc/", function()
  it("tells the types by its words", function()
    local found = comments.describe({
      "ring:fly(seconds [, fd])\n-> how many, or nil, message, code.  fly(2)",
    }, "ring:fly")
    assert.same({
      paragraphs = {
        "ring:fly(seconds [, fd]) -> how many, or nil, message, code.  fly(2)",
      },
      params = {
        { name = "seconds", optional = false, type = "number" },
        { name = "fd", optional = true, type = "integer" },
      },
      returns = { "integer?", "string? message", "integer? code" },
    }, found)
  end)

  it("is missed where there is none", function()
    assert.error_matches(function()
      comments.describe({ "ring:fly()" }, "ring:land")
    end, "no comment in csrc/ begins with ring:land%(")
  end)

  it("is refused where its words are not known", function()
    assert.error_matches(function()
      comments.describe({ "ring:fly(wings)" }, "ring:fly")
    end, "comments.lua has no type for wings of fly")
    assert.error_matches(function()
      comments.describe({ "ring:fly() -> a moon" }, "ring:fly")
    end, "comments.lua has no type for what fly returns: a moon")
  end)
end)
