--- Where io_uring is refused, programs end with a message that says by what
-- (seccomp, a sysctl, RLIMIT_MEMLOCK) and what to do about it.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local temp = require "spec.support.temp"
local errno = require "uring".errno

local LUA = process.LUA
local DENY = "build/deny"
local SYSCTL = "/proc/sys/kernel/io_uring_disabled"
local PLAIN = "require 'uring'.run(function() print 'it runs' end)"
local IS_ROOT = process.capture "id -u" == "0"

local PROGRAMS = {
  ["uring.run"] = { "-e", PLAIN },
  ["examples/echo.lua"] = { "examples/echo.lua", "127.0.0.1:0" },
  ["examples/raw_echo.lua"] = { "examples/raw_echo.lua", "0" },
  ["examples/cat.lua"] = { "examples/cat.lua", "/proc/version" },
  ["examples/raw_cat.lua"] = { "examples/raw_cat.lua", "/proc/version" },
}

-- Another user for each test: what a ring had locked is given back some time
-- after its process has ended, and counted for the user until then.
local pid = tonumber(process.capture "echo $PPID")
local users = 0
local function fresh_user()
  users = users + 1
  local uid = 30000 + (pid * 8 + users) % 30000
  if not (IS_ROOT and process.can_become(uid)) then
    pending "this needs root, and modules that other users may read"
  end
  return uid
end

-- A user whose rings count as locked memory.
local function any_user()
  return IS_ROOT and fresh_user() or nil
end

-- Has a program that sees io_uring_setup fail; the compiler's work is put in
-- its place at once, since other specs may run at the same time.
local function deny(name)
  local result = process.shell([[[ "$2" -nt "$1" ] && exit 0
    mkdir -p build && "${CC:-cc}" -o "$2.$$" "$1" && mv "$2.$$" "$2"]],
    "spec/support/deny.c", DENY)
  if result.code ~= 0 then pending("no compiler: " .. result.err) end
  if process.run { DENY, "1", "true" }.code ~= 0 then
    pending "seccomp filters cannot be installed here"
  end
  return DENY, tostring(errno[name])
end

local function refused(words, ...)
  local result = process.run(words)
  assert.equal("", result.out)
  assert.equal(1, result.code)
  for _, text in ipairs { ... } do
    assert.is_truthy(result.err:find(text, 1, true), result.err)
  end
  return result.err
end

local function command(words, more)
  for _, word in ipairs(more) do words[#words + 1] = word end
  return words
end

describe("under a seccomp filter that forbids io_uring", function()
  leaks.watch()

  for name, words in pairs(PROGRAMS) do
    it(name .. " says so, and what to do", function()
      local program, code = deny "EPERM"
      refused(command({ program, code, LUA }, words),
        "ring: Operation not permitted: io_uring: a seccomp filter forbids it",
        "io_uring_setup, io_uring_enter and io_uring_register",
        "--security-opt seccomp=")
    end)
  end
end)

describe("under a seccomp filter that hides io_uring", function()
  leaks.watch()

  for name, words in pairs(PROGRAMS) do
    it(name .. " names the filter, and the kernel that it needs", function()
      local program, code = deny "ENOSYS"
      refused(command({ program, code, LUA }, words),
        "ring: Function not implemented: io_uring: ", "Linux 5.11",
        "seccomp filter")
    end)
  end

  it("what to do is said as well", function()
    local program, code = deny "ENOSYS"
    refused({ program, code, LUA, "-e", PLAIN }, "--security-opt seccomp=")
  end)
end)

describe("where memory for a ring is short", function()
  leaks.watch()

  local function needs_counting()
    local result = process.run {
      LUA, "-e", "os.exit((require 'uring.ring'.ring(1)) == nil)",
      limits = "-l 0", uid = any_user(),
    }
    if result.code ~= 0 then
      pending "this kernel does not count rings as locked memory"
    end
  end

  for name, words in pairs(PROGRAMS) do
    it(name .. " names RLIMIT_MEMLOCK, and what to do", function()
      local program, code = deny "ENOMEM"
      refused(command({ program, code, LUA, limits = "-S -l 64" }, words),
        "ring: Cannot allocate memory: io_uring: ",
        "RLIMIT_MEMLOCK is 65536 bytes: raise it (ulimit -l, or LimitMEMLOCK=")
    end)
  end

  it("a ring of 4096 entries is refused, with the limit", function()
    needs_counting()
    local result = process.run {
      LUA, "-e", "print(select(2, require 'uring.ring'.ring(4096)))",
      limits = "-l 64", uid = any_user(),
    }
    assert.same({
      code = 0, err = "",
      out = "ring: Cannot allocate memory: io_uring: no memory for 4096 "
        .. "entries; RLIMIT_MEMLOCK is 65536 bytes: raise it (ulimit -l, or "
        .. "LimitMEMLOCK= of the service), or ask for fewer\t12\n",
    }, result)
  end)

  it("uring.run makes do with fewer entries, and serves", function()
    needs_counting()
    local result = process.run {
      LUA, "-e", [[
        local loop, uring = require "uring.loop", require "uring"
        uring.run(function()
          local entries = loop.current("").ring:params().sq_entries
          print(entries < 256 and entries >= 32 or entries)
          local listener <close> = assert(uring.listen "127.0.0.1:0")
          local client <close> = assert(uring.connect(listener:sockname()))
          local conn <close> = assert(listener:accept())
          client:write "hello\n"
          print(conn:read())
        end)]],
      limits = "-l 32", uid = fresh_user(),
    }
    assert.same({ code = 0, out = "true\nhello\n", err = "" }, result)
  end)

  it("uring.run gives up where there is none", function()
    needs_counting()
    refused({ LUA, "-e", PLAIN, limits = "-l 0", uid = any_user() },
      "ring: Cannot allocate memory: io_uring: ",
      "RLIMIT_MEMLOCK is 0 bytes: raise it")
  end)
end)

-- What follows must not forbid io_uring to all of this machine: the sysctl
-- is covered, for one process, by a file that says what it would say, and
-- the kernel's part is played by seccomp.
describe("where kernel.io_uring_disabled", function()
  leaks.watch()

  local function covered(level, words)
    local program, code = deny "EPERM"
    local file <close> = temp.file(level .. "\n")
    assert(os.execute("chmod 644 " .. file.path))
    local unshare = IS_ROOT and "unshare -m" or "unshare -r -m"
    local cover = unshare .. [[ sh -c 'mount --bind "$0" "$1" && shift &&
      exec "$@"' "$@"]]
    if process.shell(cover, file.path, SYSCTL, "true").code ~= 0 then
      pending("nothing can be mounted here, or there is no " .. SYSCTL)
    end
    local all = command({ "sh", "-c", cover, "sh", file.path, SYSCTL }, words)
    return refused(command(all, { program, code, LUA, "-e", PLAIN }))
  end

  local function as(uid)
    return { "setpriv", "--reuid", uid, "--regid", uid, "--clear-groups" }
  end

  it("is 2, the message says so, and what to do", function()
    assert.is_truthy(covered(2, {}):find("io_uring: kernel.io_uring_disabled "
      .. "is 2; allow it with: sysctl kernel.io_uring_disabled=0", 1, true))
  end)

  it("is 1, an unprivileged user is told whom it leaves it to", function()
    local message = covered(1, as(fresh_user()))
    assert.is_truthy(message:find("io_uring: kernel.io_uring_disabled is 1, "
      .. "which leaves it to privileged processes and to the group in "
      .. "kernel.io_uring_group; allow it with: sysctl "
      .. "kernel.io_uring_disabled=0", 1, true), message)
  end)

  it("is 1, root without CAP_SYS_ADMIN is told the same", function()
    if not IS_ROOT then pending "this needs root" end
    local message = covered(1, { "setpriv", "--bounding-set", "-sys_admin" })
    assert.is_truthy(message:find("kernel.io_uring_disabled is 1", 1, true),
      message)
  end)

  it("is 1, it is not blamed for what root is refused", function()
    if not IS_ROOT then pending "this needs root" end
    local message = covered(1, {})
    assert.is_truthy(message:find("a seccomp filter forbids it", 1, true),
      message)
  end)
end)
