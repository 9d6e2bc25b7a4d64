-- Plants one fault for each rule of tools/tidy.lua in a tiny clean house,
-- and beside each fault the nearest thing that is none.

local leaks = require "spec.support.leaks"
local rules = require "tools.tidy.rules"

leaks.watch()

local LUA = os.getenv "LUA" or "lua5.4"

-- A file of csrc/; what follows the header starts at line 4.
local function c(name, ...)
  local header = ("/*\n** %s - a room.\n*/\n"):format(name)
  return header .. table.concat({ ... }, "\n") .. (... and "\n" or "")
end

-- A file of lua/; what follows the header starts at line 2.
local function lua(...)
  return table.concat({ "--- A module.", ... }, "\n") .. "\n"
end

local function lines(count, line)
  return ((line or "--") .. "\n"):rep(count)
end

local ROCKSPEC = [[
version = "1.2.0-1"
build = {
  modules = {
    ["uring"] = "lua/uring/init.lua",
    ["uring.loop"] = "lua/uring/loop.lua",
    ["uring.meta"] = "lua/uring/meta.lua",
    ["uring.core"] = {
      sources = { "csrc/fail.c", "csrc/ops.c", "csrc/ring.c" },
    },
  },
}
]]

local EXAMPLE = [[
-- Greets.
-- run: lua5.4 examples/hello.lua
-- prints: hello
print "hello"
]]

local house = {
  [".editorconfig"] = "root = true\n",
  ["CHANGELOG.md"] = "# Changelog\n\n## Unreleased\n",
  ["Makefile"] = "all:\n\t@true\n",
  ["csrc/fail.c"] = c "fail.c",
  ["csrc/ops.c"] = c "ops.c",
  ["csrc/ops.def"] = c("ops.def", "OP (recv, RECV, 6, 0, COUNT)"),
  ["csrc/ring.c"] = c("ring.c", "/* ring:submit() -> count */",
    "int ring_submit(lua_State *L) {", "  return 0;", "}"),
  ["examples/hello.lua"] = EXAMPLE,
  ["lua/uring/init.lua"] = lua 'require "uring.loop"',
  ["lua/uring/loop.lua"] = lua(),
  ["lua/uring/meta.lua"] = "---@meta\n",
  ["rockspec/uring-scm-1.rockspec"] = ROCKSPEC,
  ["spec/ops/recv_spec.lua"] = "rows.describe('recv')\n",
}

local FOLDERS = ".git bench build csrc examples lua/uring rockspec spec/ops"

-- rule = { { what, path, text, fault }, ... }; the text is put at the path,
-- false takes the file away.  A fault that begins with ":" is at the path.
local cases = {}

cases.leak_watch = {
  { "a spec that does not watch", "spec/ring_spec.lua", "--- A ring.\n",
    ":1: does not call leaks.watch()" },
  { "a spec that does", "spec/ring_spec.lua", "leaks.watch()\n" },
  { "what is no spec", "examples/README.md", "Examples.\n" },
}

cases.c_rooms = {
  { "an include of a room below", "csrc/ring.h",
    c("ring.h", '#include "core.h"'), ":4: ring must not know core" },
  { "an include of an unknown room", "csrc/ring.h",
    c("ring.h", '#include "attic.h"'),
    ":4: attic is in no room; add it to tools/tidy.lua" },
  { "a file of an unknown room", "csrc/attic.h", c "attic.h",
    ":1: attic is in no room; add it to tools/tidy.lua" },
  { "includes of itself, a room above and a library", "csrc/slot.h",
    c("slot.h", '#include "slot.h"', '#include "op.h"', "#include <lua.h>") },
  { "an include in a comment", "csrc/ring.h",
    c("ring.h", '/* #include "core.h" */') },
}

cases.lua_rooms = {
  { "a require of a room below", "lua/uring/loop.lua",
    lua 'local fs = require "uring.fs"',
    ":2: uring.loop must not know uring.fs" },
  { "a require of another project", "lua/uring/loop.lua",
    lua "local lfs = require('lfs')",
    ":2: lfs is in no room; add it to tools/tidy.lua" },
  { "requires of rooms above", "lua/uring/init.lua",
    lua('local core = require "uring.core"', 'require("uring.loop")') },
  { "a require in a comment", "lua/uring/loop.lua",
    lua '-- local uring = require "uring"' },
  { "a generated file", "lua/uring/meta.lua", 'require "lfs"\n' },
}

cases.encoding = {
  { "a byte that is not UTF-8", "README.md", "caf\xe9\n", ":1: not UTF-8" },
  { "UTF-8", "README.md", "café\n" },
  { "what is not text", "docs.png", "\0\xe9 \t" },
}

cases.columns = {
  { "81 columns", "bench/nop.lua", "--" .. ("é"):rep(79) .. "\n",
    ":1: wider than 80 columns" },
  { "80 columns", "bench/nop.lua", "--" .. ("é"):rep(78) .. "\n" },
  { "a wide table", "csrc/ops.def",
    c("ops.def", "/* " .. ("x"):rep(99) .. " */") },
  { "wide prose", "bench/README.md", lines(1, ("x"):rep(99)) },
}

cases.trailing_space = {
  { "a space at a line's end", "README.md", "one \ntwo\n",
    ":1: trailing space" },
  { "a carriage return", "README.md", "one\ntwo\r\n", ":2: trailing space" },
  { "spaces at a line's beginning", "README.md", "  one\n" },
}

cases.tabs = {
  { "a tab", "README.md", "one\ttwo\n", ":1: tab" },
  { "a tab in a makefile", "Makefile", "all:\n\tcc\n" },
}

cases.last_newline = {
  { "no newline at the end", "README.md", "one\ntwo",
    ":2: no newline at the end" },
  { "two newlines at the end", "README.md", "one\n\n",
    ":2: blank line at the end" },
  { "an empty file", "README.md", "", ":1: no newline at the end" },
  { "one newline at the end", "README.md", "one\n" },
}

cases.leftovers = {
  { "a promise", "bench/nop.lua", "-- " .. "TODO" .. ": more\n",
    ":1: leftover " .. "TODO" },
  { "the same word mentioned", "README.md", "no `FIXME`, please\n" },
  { "the same letters in a word", "bench/nop.lua",
    "os.tmpname '/tmp/uring.XXXXXX'\n" },
}

cases.machine_paths = {
  { "a home", "README.md", "see\n/home/me/uring\n",
    ":2: names a developer's machine: /home/" },
  { "a home in an address", ".luarc", '"file:///root/uring"\n',
    ":1: names a developer's machine: /root/" },
  { "a folder of that name elsewhere", "README.md",
    "doc/home/ and https://example.org/home/\n" },
  { "a product", "build/core.d", "/home/me/uring/csrc/core.c\n" },
  { "a dot folder", ".git/config", "/home/me/uring\n" },
  { "a spec that plants it", "spec/tidy_spec.lua",
    "-- /home/me/ leaks.watch()\n" },
}

cases.file_lines = {
  { "a long C file", "csrc/fail.c", c "fail.c" .. lines(298, "int x;"),
    ":301: 301 lines, more than 300" },
  { "a long module", "lua/uring/loop.lua", lua() .. lines(300),
    ":301: 301 lines, more than 300" },
  { "a long spec", "spec/loop_spec.lua", lines(501, "leaks.watch()"),
    ":501: 501 lines, more than 500" },
  { "a long example", "examples/hello.lua", EXAMPLE .. lines(77),
    ":81: 81 lines, more than 80" },
  { "a module that just fits", "lua/uring/loop.lua", lua() .. lines(299) },
  { "an example that just fits", "examples/hello.lua", EXAMPLE .. lines(76) },
  { "a long table", "csrc/ops.def", c "ops.def" .. lines(400, "") .. "//\n" },
  { "a long generated file", "lua/uring/meta.lua", lines(400) },
}

cases.c_function_lines = {
  { "a long function", "csrc/fail.c",
    c("fail.c", "int x(int a,", "      int b) {") .. lines(58, "  f();")
    .. "}\n", ":4: function of 61 lines, more than 60" },
  { "a function that just fits", "csrc/fail.c",
    c("fail.c", "int x(void) {") .. lines(58, "  if (f()) {") .. "}\n" },
  { "a long table", "csrc/fail.c",
    c("fail.c", "const int x[] = {") .. lines(70, "  1,") .. "};\n" },
}

cases.lua_function_lines = {
  { "a long function", "bench/nop.lua",
    "local function f()\n" .. lines(59, "  g()") .. "end\n",
    ":1: function of 61 lines, more than 60" },
  { "a long function in another", "bench/nop.lua",
    "do\n  local f = function()\n" .. lines(59, "    g()") .. "  end\nend\n",
    ":2: function of 61 lines, more than 60" },
  { "a function that just fits", "bench/nop.lua",
    "local function f()\n" .. lines(58, "  g()") .. "end\n" },
  { "a short one above a long table", "bench/nop.lua",
    "local function f() return g() end\nlocal t = {\n" .. lines(70, "  1,")
    .. "}\ndo\nend\n" },
}

cases.c_header = {
  { "no header", "csrc/fail.c", "int x;\n",
    ':1: does not open with "/*" and "** fail.c - purpose"' },
  { "another file's header", "csrc/ops.def", c "ops.c" .. "OP (recv)\n",
    ':1: does not open with "/*" and "** ops.def - purpose"' },
  { "its own header", "csrc/fail.c", c "fail.c" },
}

cases.lua_header = {
  { "no header", "lua/uring/loop.lua", "-- A loop.\n",
    ':1: does not open with "--- purpose"' },
  { "a header", "lua/uring/loop.lua", "--- A loop.\n" },
}

cases.example_header = {
  { "no purpose", "examples/hello.lua", EXAMPLE:gsub("^[^\n]*\n", ""),
    ":1: header does not say what it does" },
  { "no command", "examples/hello.lua", EXAMPLE:gsub("run:", "try"),
    ":1: header has no run: line" },
  { "no outcome", "examples/hello.lua", EXAMPLE:gsub("prints:", "says"),
    ":1: header has no prints: or shows: line" },
  { "another word for the outcome", "examples/hello.lua",
    "#!/usr/bin/lua5.4\n" .. EXAMPLE:gsub("prints:", "shows:") },
}

cases.lua_docs = {
  { "a function without a comment", "lua/uring/loop.lua",
    lua("local M = {}", "", "function M.stop()", "end"),
    ":4: stop has no --- comment above it" },
  { "a method with a comment for its writer", "lua/uring/loop.lua",
    lua("local Loop = {}", "-- Stops.", "function Loop:stop()", "end"),
    ":4: stop has no --- comment above it" },
  { "a field that is a function", "lua/uring/loop.lua",
    lua("local M = {}", "", "M.stop = function()", "end"),
    ":4: stop has no --- comment above it" },
  { "a documented function", "lua/uring/loop.lua",
    lua("local M = {}", "--- Stops.", "---@return nil", "function M.stop()",
      "end") },
  { "what users do not call", "lua/uring/loop.lua",
    lua("local M = {}", "", "function M:__close()", "end",
      "function M._step()", "end", "local function f()", "end") },
}

local REGISTRY = 'const luaL_Reg all[] = { { "%s", %s }, { NULL, NULL } };'

cases.c_signatures = {
  { "a comment without the signature", "csrc/fail.c",
    c("fail.c", "/* Fails. */", "int fail_now(lua_State *L) {", "}",
      REGISTRY:format("fail", "fail_now")),
    ":5: no comment with fail( above fail_now" },
  { "no comment, in another file", "csrc/fail.c",
    c("fail.c", REGISTRY:format("enter", "ring_submit")),
    "csrc/ring.c:5: no comment with enter( above ring_submit" },
  { "no definition", "csrc/fail.c",
    c("fail.c", REGISTRY:format("fail", "fail_now")),
    ":1: no definition of fail_now" },
  { "a signature", "csrc/fail.c",
    c("fail.c", "int fail_now(lua_State *L);", "", "/*",
      "** fail(code) -> never", "*/", "int fail_now(lua_State *L) {", "}",
      REGISTRY:format("fail", "fail_now")) },
  { "a signature with a table", "csrc/fail.c",
    c("fail.c", "/* fail{code} */", "int fail_now(lua_State *L) {", "}",
      REGISTRY:format("fail", "fail_now")) },
  { "a signature in another file", "csrc/fail.c",
    c("fail.c", REGISTRY:format("submit", "ring_submit")) },
  { "a metamethod", "csrc/fail.c",
    c("fail.c", "int fail_now(lua_State *L) {", "}",
      REGISTRY:format("__gc", "fail_now")) },
}

local SPEC = "rockspec/uring-scm-1.rockspec"

cases.rockspec = {
  { "no rockspec", SPEC, false, ":1: missing" },
  { "a rockspec without modules", SPEC, "version = '1.2.0-1'\n",
    ":1: no version or no build.modules" },
  { "a source it lacks", "csrc/mem.c", c "mem.c",
    SPEC .. ":1: lacks csrc/mem.c" },
  { "a source that is gone", "csrc/ops.c", false,
    SPEC .. ":8: lists csrc/ops.c, not in the tree" },
  { "a module it lacks", "lua/uring/fs.lua", lua(),
    SPEC .. ":1: lacks uring.fs = lua/uring/fs.lua" },
  { "a module under a wrong name", SPEC, ROCKSPEC:gsub("g%.loop", "g.lop"),
    SPEC .. ":1: lacks uring.loop = lua/uring/loop.lua",
    SPEC .. ":5: lists uring.lop = lua/uring/loop.lua, not in the tree" },
  { "the same in another order", SPEC,
    (ROCKSPEC:gsub("(%b\"\"), (%b\"\")", "%2, %1")) },
}

cases.row_specs = {
  { "a row without a spec", "csrc/ops.def",
    c("ops.def", "OP (recv, RECV)", "OP (send, SEND)"),
    ":5: row send has no spec/ops/send_spec.lua" },
  { "a row with a spec, and one in a comment", "csrc/ops.def",
    c("ops.def", "OP (recv, RECV)", "/*", "OP (name, opcode)", "*/") },
}

cases.changelog = {
  { "no changelog", "CHANGELOG.md", false, ":1: missing" },
  { "no entry", "CHANGELOG.md", "# Changelog\n", ":1: no entry" },
  { "an old entry on top", "CHANGELOG.md", "## 1.1.0\n\n## Unreleased\n",
    ":1: first entry is neither Unreleased nor 1.2.0-1" },
  { "this version on top", "CHANGELOG.md", "## 1.2.0 - May\n\n## 1.1.0\n" },
}

-- Cases of code that is a fault in a file, and of code that is none.
local function ban(language, path, message, used, free)
  local list, name = {}, path:match "[^/]+$"
  local fault = (language == c and ":4: " or ":2: ") .. message
  local function add(code, expected)
    local text = language == c and c(name, code) or lua(code)
    list[#list + 1] = { code:match "[^\n]+", path, text, expected }
  end
  for _, code in ipairs(used) do add(code, fault) end
  for _, code in ipairs(free) do add(code) end
  return list
end

cases.lua_prints = ban(lua, "lua/uring/loop.lua",
  "printing only in lua/uring/report.lua",
  { "print(1)", 'print "x"', "io.stderr:write(x)", "local out = io.stdout",
    "io.write(x)" },
  { "-- print(1)", 'x = "print(1)"', "self:print(1)", "footprint(1)",
    "print(1) -- tidy: allow" })

cases.lua_exits = ban(lua, "lua/uring/loop.lua",
  "os.exit only in lua/uring/exit.lua",
  { "os.exit(1)" }, { "-- os.exit(1)", "self.os.exit(1)" })

cases.lua_yields = ban(lua, "lua/uring/init.lua",
  "coroutine.yield only in lua/uring/loop.lua, lua/uring/coroutines.lua",
  { "coroutine.yield()", "local yield = coroutine.yield",
    "local co = coroutine" },
  { "coroutine.running()", "--- calls coroutine.yield()" })
table.insert(cases.lua_yields,
  { "coroutine.yield() in the loop", "lua/uring/loop.lua",
    lua "coroutine.yield()" })

cases.c_prints = ban(c, "csrc/fail.c", "no printing here",
  { 'printf("x");', "fprintf(stderr, x);", "puts(x);" },
  { "snprintf(x, 1, y);", "/* printf(x) */", 'x = "printf(x)";' })

cases.c_exits = ban(c, "csrc/fail.c", "no exit here",
  { "exit(1);", "_exit(1);" }, { "io_uring_queue_exit(x);", "on_exit(x);" })

cases.c_unbounded = ban(c, "csrc/fail.c", "no unbounded copy here",
  { "strcpy(a, b);", "sprintf (a, b);" },
  { "memcpy(a, b, 1);", "snprintf(a, 1, b);" })

cases.c_allocations = ban(c, "csrc/fail.c",
  "malloc and free only in csrc/mem.c, csrc/slot.c, csrc/pieces.c, "
  .. "csrc/bufring.c, csrc/pins.c, csrc/ring.c, csrc/drain.c, "
  .. "csrc/lookup.c, csrc/jobs.c, csrc/pool.c, csrc/cares/query.c",
  { "malloc(1);", "x = calloc(1, 1);", "realloc(x, 1);", "free(x);" },
  { "slot_free(x);", "table->free(x);", "table.free(x);", "int free;" })
table.insert(cases.c_allocations,
  { "free(x) in a room of memory", "csrc/ring.c", c("ring.c", "free(x);") })

cases.c_strerror = ban(c, "csrc/ring.c", "strerror only in csrc/fail.c",
  { "strerror(x);", "strerror_r(x, y, 1);" }, { "/* strerror(x) */" })
table.insert(cases.c_strerror,
  { "strerror(x) in fail.c", "csrc/fail.c", c("fail.c", "strerror(x);") })

cases.c_opcodes = ban(c, "csrc/ring.c",
  "IORING_OP_ only in csrc/ops.c, csrc/compat.h, csrc/prep.h",
  { "x = IORING_OP_NOP;" }, { "x = IORING_SETUP_SQPOLL;", "RING_OP_X;" })
table.insert(cases.c_opcodes,
  { "an opcode in ops.c", "csrc/ops.c", c("ops.c", "x = IORING_OP_NOP;") })

cases.c_versions = ban(c, "csrc/ring.c",
  "#if with a version only in csrc/compat.h",
  { "#if IO_URING_CHECK_VERSION(2, 5)", "#ifdef IO_URING_VERSION_MAJOR",
    "#  elif defined(LIBURING_INTERNAL)" },
  { "#ifdef NDEBUG", "#ifndef URING_RING_H", "x = IO_URING_VERSION_MAJOR;" })
table.insert(cases.c_versions,
  { "a version in compat.h", "csrc/compat.h",
    c("compat.h", "#if IO_URING_VERSION_MAJOR < 2") })

cases.c_gotos = ban(c, "csrc/fail.c", "no goto here", { "goto done;" },
  { "/* goto done */", "goto_done();" })

cases.c_state = ban(c, "csrc/fail.c", "static variable that can change",
  { "static int x;", "static int x[2] = { 0 };", "static const char *x;",
    "static int (*hook)(lua_State *);", "  static unsigned seen = 0;",
    "static struct {\n  int x;\n} state;" },
  { "static const int x = 1;", "static const char *const x[] = { 0 };",
    "static int (*const hook)(lua_State *) = f;",
    "static inline int f(int *x) {\n}",
    "static void each(int (*f)(int),\n                 int *x) {\n}",
    "static int f(void);" })

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

-- Runs a command; returns its lines and whether it ended well.
local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local said = {}
  for line in pipe:lines() do said[#said + 1] = line end
  return said, pipe:close() == true
end

describe("tidy", function()
  local root

  -- What tidy says with one file of the clean house changed.
  local function tidy(path, text)
    local place = root .. "/" .. path
    if text then write(place, text) else assert(os.remove(place)) end
    local said, ok = run(("%s tools/tidy.lua %s"):format(LUA, root))
    if house[path] then write(place, house[path]) else os.remove(place) end
    return said, ok
  end

  local function check(case)
    local path, text = case[2], case[3]
    local said, ok = tidy(path, text)
    local faults = { table.unpack(case, 4) }
    for i, fault in ipairs(faults) do
      faults[i] = fault:gsub("^:", path .. ":")
    end
    assert.same(faults, ok and {} or said)
    assert.equal(#faults == 0, ok)
  end

  setup(function()
    root = os.tmpname()
    os.remove(root)
    assert(os.execute(("mkdir %s && cd %s && mkdir -p %s"):format(root, root,
      FOLDERS)))
    for path, text in pairs(house) do write(root .. "/" .. path, text) end
  end)

  teardown(function()
    os.execute("rm -r " .. root)
  end)

  local names = {}
  for name in pairs(rules) do names[#names + 1] = name end
  table.sort(names)

  for _, name in ipairs(names) do
    it("has planted a fault and its counter-example for " .. name, function()
      local faulty, clean = false, false
      for _, case in ipairs(cases[name] or {}) do
        if case[4] then faulty = true else clean = true end
      end
      assert.is_true(faulty and clean)
    end)
  end

  for _, name in ipairs(names) do
    describe(name, function()
      for _, case in ipairs(cases[name] or {}) do
        it((case[4] and "finds " or "accepts ") .. case[1], function()
          check(case)
        end)
      end
    end)
  end

  it("counts files and rules when all is well", function()
    local said, ok = run(("%s tools/tidy.lua %s"):format(LUA, root))
    local files = 0
    for _ in pairs(house) do files = files + 1 end
    assert.is_true(ok)
    assert.same({ ("tidy: %d files, %d rules"):format(files, #names) }, said)
  end)

  it("looks at the current folder when it is told none", function()
    local here = 'cd %s && %s "$OLDPWD/tools/tidy.lua"'
    local said, ok = run(here:format(root, LUA))
    assert.is_true(ok)
    assert.matches("^tidy: %d+ files", said[1])
  end)

  it("sorts what it finds by file and line", function()
    local said = tidy("README.md", "\tone \n\nthree \n")
    assert.same({
      "README.md:1: tab", "README.md:1: trailing space",
      "README.md:3: trailing space",
    }, said)
  end)

  it("fails on a folder that is not there", function()
    local said, ok = run(LUA .. " tools/tidy.lua " .. root .. "/nowhere")
    assert.is_false(ok)
    assert.equal(("tidy: cannot read %s/nowhere"):format(root), said[#said])
  end)
end)
