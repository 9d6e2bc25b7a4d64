--- The example programs do what their headers say: the servers send every
-- byte back and end as asked, the cats copy what GNU cat copies.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"

local LUA = process.LUA
local MIB = 1 << 20
local NOBODY = 65534

local function write_file(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
end

local function make_fifo(path)
  assert(os.execute("mkfifo " .. process.quote(path)))
end

describe("an example", function()
  for name in process.capture("ls examples/*.lua"):gmatch "%S+" do
    it("says how to run it and what it prints: " .. name, function()
      local file <close> = assert(io.open(name))
      local text = file:read "a"
      local _, lines = text:gsub("\n", "")
      assert.is_true(lines < 80, lines .. " lines")
      assert.is_truthy(text:find "^%-%-%- [^\n]+[.:]\n")
      assert.is_truthy(text:find("\n-- run: lua5.4 " .. name, 1, true))
      assert.is_truthy(text:find "\n%-%- prints: %S")
    end)
  end
end)

for _, server in ipairs(peer.SERVERS) do
  describe(server.file, function()
    leaks.watch()

    local function sends_back(size, client)
      local running <close> = peer.serve(server)
      local folder <close> = process.folder()
      write_file(folder "sent", peer.bytes(size))
      local result = process.shell(client .. [[ <"$1" >"$2" && cmp "$1" "$2"]],
        folder "sent", folder "back", running.port)
      assert.same({ code = 0, out = "", err = "" }, result)
      assert.equal("", running:errors())
    end

    it("sends every byte back through nc", function()
      local closes = process.shell("nc -h 2>&1 | grep -q -e -N").code == 0
      sends_back(MIB + 1, "nc " .. (closes and "-N " or "") .. "127.0.0.1 $3")
    end)

    it("sends every byte back through socat", function()
      sends_back(MIB + 1, "socat -t 20 - TCP:127.0.0.1:$3")
    end)

    it("sends 16 MiB back", function()
      local running <close> = peer.serve(server)
      local count, message = peer.run(function()
        local conn <close> = peer.connect(running)
        return peer.repeat_block(conn, peer.bytes(262139), 65)
      end)
      assert.is_nil(message)
      assert.equal(65 * 262139, count)
      assert.equal("", running:errors())
    end)

    it("sends 16 MiB back to a client that reads late", function()
      local running <close> = peer.serve(server)
      local count, message = peer.run(function()
        local conn <close> = peer.connect(running)
        return peer.repeat_block(conn, peer.bytes(262139), 65, true)
      end)
      assert.is_nil(message)
      assert.equal(65 * 262139, count)
    end)

    for _, name in ipairs { "INT", "TERM" } do
      it("ends in good order at SIG" .. name .. ", with clients", function()
        local running <close> = peer.serve(server)
        local result = peer.run(function()
          local idle <close> = peer.connect(running)
          local busy <close> = peer.connect(running)
          local deaf <close> = peer.connect(running)
          local progress = { sent = 0 }
          peer.flood(deaf, 32 * MIB, progress)
          peer.settled(0.1, function() return progress.sent end)
          assert.equal("hello", peer.exchange(busy, "hello"))
          running:signal(name)
          local result = running:wait(10)
          assert.same({ n = 1 }, table.pack(idle:read_some()))
          return result
        end)
        assert.same({
          code = 0, err = "",
          out = ("listening on 127.0.0.1:%d\n"):format(running.port),
        }, result)
      end)
    end

    -- One line, which says whose it is and why; no traceback.
    local function assert_refused(reason, result)
      assert.equal(1, result.code)
      assert.equal(server.name .. ": ", result.err:match "^[%l_]+: ")
      assert.is_truthy(result.err:find(reason, 1, true), result.err)
      assert.is_truthy(result.err:find "^[^\n]+\n$", result.err)
    end

    local function refuses(argument, reason)
      local result = process.run { LUA, server.file, argument }
      assert.equal("", result.out)
      assert_refused(reason, result)
    end

    it("says in one line that the port is in use", function()
      local running <close> = peer.serve(server)
      refuses(server.where:format(running.port), "Address already in use")
    end)

    it("says in one line that an address is none", function()
      refuses("nonsense", "address")
      refuses(server.where:format(70000), "address")
      refuses("", "address")
    end)

    it("says in one line that it has too few descriptors to start", function()
      for limit = 4, 6 do
        local running <close> = process.lua {
          server.file, server.where:format(0), limits = "-n " .. limit,
        }
        process.await("it listens or ends", function() -- both will do
          return running:output() ~= "" or not running:is_alive()
        end)
        if not running:is_alive() then
          assert_refused("Too many open files", running:wait())
        end
      end
    end)

    if server.name == "echo" then
      it("says in one line that an address is another machine's", function()
        refuses("192.0.2.1:0", "Cannot assign requested address")
      end)
    end
  end)
end

-- Where a file of holes costs neither disk nor page cache, if possible.
local function roomy_folder()
  return process.folder(os.execute "test -w /dev/shm" and "/dev/shm" or nil)
end

-- Makes a file of 4 GiB of holes, with marks where numbers get too small.
local function make_huge(path)
  local file <close> = assert(io.open(path, "wb"))
  for _, place in ipairs { 0, 1 << 31, (1 << 31) + 65535, (1 << 32) - 7 } do
    assert(file:seek("set", place))
    assert(file:write "a mark\n")
  end
end

for _, cat in ipairs { "examples/cat.lua", "examples/raw_cat.lua" } do
  describe(cat, function()
    leaks.watch()

    -- The bytes, complaints and status are those of GNU cat.
    local function copies(files)
      local gnu = process.run { "cat", uid = files.uid, table.unpack(files) }
      local result = process.run {
        LUA, cat, uid = files.uid, table.unpack(files),
      }
      assert.equal(gnu.err, result.err)
      assert.equal(gnu.code, result.code)
      assert.is_true(gnu.out == result.out, "the bytes differ")
      return result
    end

    it("copies files of all sizes, one after the other", function()
      local folder <close> = process.folder()
      local files = {}
      for i, size in ipairs { 0, 1, 65535, 65536, 65537, 3 * MIB + 5 } do
        files[i] = folder("of " .. size)
        write_file(files[i], peer.bytes(size))
        assert.equal(size, #copies { files[i] }.out)
      end
      assert.equal(3 * MIB + 196614, #copies(files).out)
    end)

    if cat == "examples/raw_cat.lua" then -- which counts the bytes itself
      it("copies 4 GiB", function()
        if os.getenv "URING_EMULATED" then pending "this takes minutes here" end
        local folder <close> = roomy_folder()
        make_huge(folder "huge")
        local result = process.shell(
          [[{ "$1" "$2" "$3"; echo $? >&2; } | cmp - "$3"]], LUA, cat,
          folder "huge")
        assert.same({ code = 0, out = "", err = "0\n" }, result)
      end)
    end

    it("copies files of /proc, whose size is not known", function()
      assert.is_true(#copies { "/proc/filesystems" }.out > 0)
      copies { "/proc/kallsyms" } -- megabytes, where it is there
    end)

    it("copies what comes through a FIFO", function()
      local folder <close> = process.folder()
      local bytes = peer.bytes(300001)
      write_file(folder "bytes", bytes)
      make_fifo(folder "fifo")
      local running <close> = process.start { LUA, cat, folder "fifo" }
      local writer <close> = process.start { "sh", "-c",
        [[{ cat "$1"; sleep 0.1; echo end; } >"$2"]], "sh", folder "bytes",
        folder "fifo" }
      local result = running:wait()
      assert.equal("", result.err)
      assert.equal(0, result.code)
      assert.is_true(result.out == bytes .. "end\n")
      assert.equal(0, writer:wait().code)
    end)

    it("names what cannot be read, and copies the rest", function()
      local folder <close> = process.folder()
      local none, there = folder "none", folder "there"
      write_file(there, "there\n")
      local result = copies { none, there, folder "", there }
      assert.same({
        code = 1, out = "there\nthere\n",
        err = ("cat: %s: No such file or directory\ncat: %s: Is a directory\n")
          :format(none, folder ""),
      }, result)
    end)

    it("says that it may not read a file", function()
      local uid = process.capture "id -u" == "0" and NOBODY or nil
      if uid and not process.can_become(uid) then
        pending "root may read every file, others not even the modules"
      end
      local folder <close> = process.folder()
      write_file(folder "secret", "secret")
      assert(os.execute("chmod 0 " .. process.quote(folder "secret")))
      local result = copies { folder "secret", "/proc/filesystems", uid = uid }
      assert.equal(1, result.code)
      assert.equal(("cat: %s: Permission denied\n"):format(folder "secret"),
        result.err)
    end)

    it("ends without a word when its reader does", function()
      local folder <close> = process.folder()
      write_file(folder "bytes", peer.bytes(MIB))
      local result = process.shell(
        [[{ "$1" "$2" "$3"; echo $? >"$4"; } | head -c 1 | wc -c]],
        LUA, cat, folder "bytes", folder "status")
      assert.same({ code = 0, out = "1\n", err = "" }, result)
      assert.equal("141", process.capture("cat " .. folder "status"))
    end)

    it("says that it cannot write", function()
      local result = process.shell(
        [["$1" "$2" /proc/filesystems >/dev/full]], LUA, cat)
      assert.equal(1, result.code)
      assert.is_truthy(result.err:find "No space left on device", result.err)
    end)

    it("goes on after it was stopped and continued", function()
      local folder <close> = process.folder()
      make_fifo(folder "fifo")
      local running <close> = process.start { LUA, cat, folder "fifo" }
      local writer <close> = process.start { "sh", "-c",
        [[exec 3>"$1"; echo one >&3; echo wrote; sleep 60]], "sh",
        folder "fifo" }
      writer:expect "wrote"
      for _ = 1, 3 do running:interrupt() end
      writer:close()
      assert.same({ code = 0, out = "one\n", err = "" }, running:wait())
    end)
  end)
end

describe("examples/cat.lua", function()
  local cat = "examples/cat.lua"
  leaks.watch()

  it("copies standard input where no file is named, or -", function()
    local folder <close> = process.folder()
    local bytes = peer.bytes(200000)
    write_file(folder "bytes", bytes)
    for _, words in ipairs { {}, { "-" } } do
      local result = process.run {
        LUA, cat, words[1], stdin = folder "bytes",
      }
      assert.equal("", result.err)
      assert.equal(0, result.code)
      assert.is_true(result.out == bytes)
    end
  end)

  it("copies standard input from a pipe, between files", function()
    local folder <close> = process.folder()
    write_file(folder "one", "one\n")
    local result = process.shell(
      [[{ echo two; sleep 0.1; echo three; } | "$1" "$2" "$3" - "$3"]],
      LUA, cat, folder "one")
    assert.same({ code = 0, out = "one\ntwo\nthree\none\n", err = "" }, result)
  end)
end)
