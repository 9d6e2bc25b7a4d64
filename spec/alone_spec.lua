--- Each module that programs require, alone in a process of its own, and
-- used outside of a run: none needs another to be loaded before.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"

leaks.watch()

-- What a program that has only this module writes.
local PROGRAMS = {
  ["uring"] = { [[
    print(module.timeout, module.sleep(0), module.running())
    print(pcall(module.spawn, print))
  ]], "^function: [^\n]*\tfalse\nfalse\turing.spawn needs uring.run\n$" },
  ["uring.compat"] = { "module.install {} print 'done'", "^done\n$" },
  ["uring.compat.cqueues"] = { [[
    print(module.drive(require "cqueues".new()))
  ]], "^true\n$", needs = "cqueues" },
  ["uring.compat.io"] = { [[
    local file = assert(module.open "/proc/self/comm")
    print(file:read())
    file:close()
  ]], "^lua[%w.]*\n$" },
  ["uring.compat.ngx"] = { [[
    module.install()
    print(ngx.now() > 0, package.loaded.ngx == ngx)
  ]], "^true\ttrue\n$" },
  ["uring.compat.socket"] = { [[
    local server = assert(module.bind("127.0.0.1", 0))
    local host, port = server:getsockname()
    assert(module.connect(host, port)):send "hello\n"
    print((server:accept():receive()))
  ]], "^hello\n$" },
  ["uring.dns"] = { [[
    for _, each in ipairs(module.resolve("::1", { port = 53 })) do
      print(each)
    end
    print(module.resolver { hosts = false, servers = { "127.0.0.1:1" } }
      :resolve "example.com")
  ]], "^%[::1%]:53\nnil\tresolve example.com: no server gives an answer\t"
    .. "111\n$" },
  ["uring.errno"] = { "print(module[2], module.ENOENT)", "^ENOENT\t2\n$" },
  ["uring.fs"] = { [[
    print(module.read_file "/proc/self/comm")
    print(module.read_file "/nowhere")
    print(module.stat "/".type, module.exists "/nowhere", #module.list "/" > 0)
  ]], "^lua[%w.]*\n\nnil\t/nowhere: No such file or directory\t2\n"
    .. "directory\tfalse\ttrue\n$" },
  ["uring.info"] = { "print(module().backend)", "^io_uring\n$" },
  ["uring.net"] = { [[
    local listener = assert(module.listen "127.0.0.1:0")
    local client = assert(module.connect(listener:sockname()))
    local conn = assert(listener:accept())
    print(conn:write "hello\n" == conn, client:read())
    print(client:settimeout(0.01):read())
    print(module.connect("127.0.0.1:1"))
  ]], "^true\thello\nnil\ttimeout\t110\n"
    .. "nil\tconnect 127.0.0.1:1: Connection refused\t111\n$" },
  ["uring.op"] = { [[
    print(pcall(function() module.recv "fd" end))
    print(module.nop())
    print(module.close(1000))
  ]], "^false\t%(command line%):%d+: recv: bad argument 'fd' [^\n]*\n"
    .. "true\t0\nnil\tclose: Bad file descriptor\t9\n$" },
  ["uring.process"] = { "print(module.run('echo hello').stdout)",
    "^hello\n\n$" },
  ["uring.ring"] = { "print(module.ring(4):params().sq_entries)", "^4\n$" },
  ["uring.signal"] = { "print(pcall(module.wait, 'INT'))",
    "^false\t[^\n]*needs uring.run\n$" },
  ["uring.stream"] = { [[
    local one, other = module.pair()
    one:write("hello\n", 1, "\n")
    print(other:read("l", "n"))
    print(module.copy(module.from_string "four", module.null))
    print(pcall(other.read, other, "x"))
  ]], "^hello\t1\n4\tbuffer\nfalse%sread: bad format 'x' [^\n]*\n$" },
  ["uring.sync"] = { [[
    print(module.channel(1):try_send "x")
    print(pcall(module.event().wait, module.event()))
  ]], "^true\nfalse\t[^\n]*wait needs uring.run\n$" },
  ["uring.test"] = { "print(module.run(function() return 'done' end))",
    "^done\n$" },
  ["uring.time"] = { "print(module.sleep(0.001), module.now() > 0)",
    "^nil\ttrue\n$" },
  ["uring.worker"] = { "print(pcall(module.run, 0, print))",
    "^false\t[^\n]*bad argument[^\n]*\n$" },
}

-- Every module on whose page, or in whose header, a program requires it.
local function public()
  local names = {}
  for name in pairs(PROGRAMS) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function run(name, script)
  return process.run { process.LUA, "-e",
    ("local module = require '%s'\n%s"):format(name, script) }
end

describe("a module required alone works outside of a run:", function()
  for _, name in ipairs(public()) do
    it(name, function()
      local script, expected = table.unpack(PROGRAMS[name])
      local needs = PROGRAMS[name].needs
      if needs and not pcall(require, needs) then
        return pending("no " .. needs)
      end
      local result = run(name, script)
      assert.equal("", result.err)
      assert.equal(0, result.code)
      assert.matches(expected, result.out)
    end)
  end
end)

describe("the list above", function()
  it("has every module that a page of docs/ requires", function()
    local found = {}
    for line in io.popen([[
      grep -hoE 'require *\(?"uring[a-z_.]*"' docs/*.md README.md | sort -u
    ]]):lines() do
      found[#found + 1] = line:match '"(.*)"'
    end
    assert.is_true(#found > 10)
    for _, name in ipairs(found) do
      assert.is_table(PROGRAMS[name], name)
    end
  end)
end)
