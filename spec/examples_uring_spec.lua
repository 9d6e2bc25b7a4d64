--- The examples of what io_uring has beyond plain reads and writes do and
-- print what their headers say, on all that a user gives them.
local leaks = require "spec.support.leaks"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local uring = require "uring"

local LUA = process.LUA
local MIB = 1 << 20

local function write_file(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
end

local function read_file(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function exists(path)
  local file <close> = io.open(path)
  return file ~= nil
end

local function number_of(version)
  local major, minor = version:match "^(%d+)%.(%d+)"
  return tonumber(major) << 16 | tonumber(minor)
end

-- Describes an example that needs this Linux: body(run), where run gives a
-- process's result.
local function describe_example(name, since, body)
  local path = ("examples/%s.lua"):format(name)
  describe(path, function()
    leaks.watch()
    local release <close> = assert(io.open "/proc/sys/kernel/osrelease")
    if number_of(release:read "l") < number_of(since) then
      return pending("needs Linux " .. since)
    end
    body(path, function(...) return process.run { LUA, path, ... } end)
  end)
end

-- Says how to call it, and does nothing, for each list of words.
local function explains_itself(path, run, usage, wrong)
  it("says how to call it where the command line is wrong", function()
    for _, words in ipairs(wrong) do
      assert.same({
        code = 2, out = "",
        err = ("usage: lua5.4 %s%s\n"):format(path, usage),
      }, run(table.unpack(words)))
    end
  end)
end

-- What both copying programs refuse.
local function describe_refusals(name, path, run)
  explains_itself(path, run, " FROM TO", { {}, { "a" }, { "a", "b", "c" } })

  local function refuses(from, to, file, reason)
    assert.same({
      code = 1, out = "", err = ("%s: %s: %s\n"):format(name, file, reason),
    }, run(from, to))
  end

  it("makes no copy of what is not there", function()
    local folder <close> = process.folder()
    local from, to = folder "from", folder "to"
    refuses(from, to, from, "No such file or directory")
    assert.is_false(exists(to))
  end)

  it("leaves a file alone that is there", function()
    local folder <close> = process.folder()
    local from, to = folder "from", folder "to"
    write_file(from, "new")
    write_file(to, "old")
    refuses(from, to, to, "File exists")
    refuses(from, from, from, "File exists")
    assert.equal("old", read_file(to))
    assert.equal("new", read_file(from))
  end)

  it("says that a folder is one", function()
    local folder <close> = process.folder()
    refuses(folder "", folder "to", folder "", "Is a directory")
  end)
end

-- Copies so many bytes where a file may have 1,536,000; returns the copy, and
-- what was printed.
local function copy_too_much(name, path, size)
  local folder <close> = process.folder()
  write_file(folder "from", peer.bytes(size))
  local result = process.shell(
    [[trap "" XFSZ; ulimit -f 3000; exec "$@"]], -- blocks of 512 bytes
    LUA, path, folder "from", folder "to")
  assert.equal(("%s: %s: File too large\n"):format(name, folder "to"),
    result.err)
  assert.equal(1, result.code)
  return read_file(folder "to"), result.out
end

-- A copying program, which prints this of so many bytes.
local function describe_copies(name, since, prints)
  describe_example(name, since, function(path, run)
    describe_refusals(name, path, run)

    it("copies files of all sizes, and says what it did", function()
      local folder <close> = process.folder()
      for _, size in ipairs {
        0, 1, 131071, 131072, 131073, MIB - 1, MIB, MIB + 1, 3 * MIB + 5,
      } do
        local from, to = folder("from" .. size), folder("to" .. size)
        write_file(from, peer.bytes(size))
        assert.same({ code = 0, out = prints(size), err = "" }, run(from, to))
        assert.is_true(read_file(to) == peer.bytes(size), size .. " bytes")
      end
    end)

    it("copies a file of /proc, which the kernel gives in pieces", function()
      local folder <close> = process.folder()
      local idle <close> = peer.serve(peer.SERVERS[1])
      process.await("a wait", function() return idle:state() == "S" end)
      local maps = ("/proc/%d/maps"):format(idle.pid)
      local whole = read_file(maps)
      assert.is_true(#whole > 4096)
      local result = run(maps, folder "to")
      assert.equal("", result.err)
      assert.equal(#whole, tonumber(result.out:match "copied.* (%d+) bytes"))
      assert.equal(whole, read_file(folder "to"))
    end)

    it("says that it may not write so much", function()
      assert.is_true(#copy_too_much(name, path, 3 * MIB) <= 1536000)
    end)
  end)
end

describe_copies("linked_copy", "5.6", function(size)
  local lines, offset = {}, 0
  while size - offset >= MIB do
    lines[#lines + 1] = ("at %d: read %d, wrote %d"):format(offset, MIB, MIB)
    offset = offset + MIB
  end
  local tail = "at %d: read %d, which cancels the write; then wrote %d"
  if offset < size then
    local rest = size - offset
    lines[#lines + 1] = tail:format(offset, rest, rest)
  end
  lines[#lines + 1] = tail:format(size, 0, 0)
  lines[#lines + 1] = ("copied and synced %d bytes\n"):format(size)
  return table.concat(lines, "\n")
end)

describe_example("linked_copy", "5.6", function(path)
  it("goes on after a short write, which breaks a chain", function()
    for size, line in pairs {
      [3 * MIB] = "read 1048576, wrote 487424",
      [2 * MIB - 1] = "read 1048575, which cancels the write; "
        .. "then wrote 487424",
    } do
      local bytes, out = copy_too_much("linked_copy", path, size)
      assert.is_true(bytes == peer.bytes(size):sub(1, 1536000))
      assert.equal("at 0: read 1048576, wrote 1048576\nat 1048576: "
        .. line .. "\n", out)
    end
  end)
end)

describe_copies("fixed_copy", "5.19", function(size)
  return ("copied %d bytes, 8 blocks at a time\n"):format(size)
end)

describe_example("sqpoll_cat", "5.13", function(path, run)
  explains_itself(path, run, " FILE...", { {} })

  -- All are there and readable.
  local function copies(files)
    local whole = {}
    for i, file in ipairs(files) do whole[i] = read_file(file) end
    local result = run(table.unpack(files))
    assert.equal("", result.err)
    assert.equal(0, result.code)
    assert.is_true(result.out == table.concat(whole), "the bytes differ")
  end

  it("copies files of all sizes, one after the other", function()
    local folder <close> = process.folder()
    local files = {}
    for i, size in ipairs { 0, 1, 65535, 65536, 65537, 3 * MIB + 5, 0, 7 } do
      files[i] = folder("file" .. i)
      write_file(files[i], peer.bytes(size))
      copies { files[i] }
    end
    copies(files)
    copies { "README.md", "/proc/filesystems", path }
  end)

  it("names what cannot be read, and copies the rest", function()
    local folder <close> = process.folder()
    write_file(folder "there", "there\n")
    assert.same({
      code = 1, out = "there\nthere\n",
      err = ("sqpoll_cat: %s: No such file or directory\n"
        .. "sqpoll_cat: %s: Is a directory\n")
        :format(folder "none", folder ""),
    }, run(folder "there", folder "none", folder "", folder "there"))
  end)

  it("wakes the thread that went to sleep while nothing came", function()
    local folder <close> = process.folder()
    assert(os.execute("mkfifo " .. process.quote(folder "fifo")))
    local running <close> = process.start { LUA, path, folder "fifo" }
    local writer <close> = process.start { "sh", "-c", -- idle after 50 ms
      [[for i in 1 2 3; do echo "$i"; sleep 0.2; done >"$1"]], "sh",
      folder "fifo" }
    running:expect "^1\n2\n"
    running:interrupt()
    assert.same({ code = 0, out = "1\n2\n3\n", err = "" }, running:wait())
    assert.equal(0, writer:wait().code)
  end)

  it("says that it cannot write", function()
    local result = process.shell([["$@" >/dev/full]], LUA, path, path)
    assert.same({
      code = 1, out = "",
      err = "sqpoll_cat: standard output: No space left on device\n",
    }, result)
  end)

  it("ends without a word when its reader does", function()
    local folder <close> = process.folder()
    write_file(folder "bytes", peer.bytes(MIB))
    local result = process.shell(
      [[{ "$1" "$2" "$3"; echo $? >"$4"; } | head -c 1 | wc -c]],
      LUA, path, folder "bytes", folder "status")
    assert.same({ code = 0, out = "1\n", err = "" }, result)
    assert.equal("141\n", read_file(folder "status"))
  end)
end)

describe_example("incremental", "6.12", function(path, run)
  explains_itself(path, run, "", { { "a" } })

  it("shows how a buffer fills, and when it comes back", function()
    assert.same({ code = 0, err = "", out = [[
message 1: 5 bytes
  bid 0: 5 bytes at 0, F_BUF_MORE set
message 2: 300 bytes
  bid 0: 300 bytes at 5, F_BUF_MORE set
message 3: 71 bytes
  bid 0: 71 bytes at 305, F_BUF_MORE set
message 4: 900 bytes
  bid 0: 648 bytes at 376, F_BUF_MORE clear
  bid 0: all taken, back in the ring
  bid 1: 252 bytes at 0, F_BUF_MORE set
message 5: 1 bytes
  bid 1: 1 bytes at 252, F_BUF_MORE set
message 6: 1024 bytes
  bid 1: 771 bytes at 253, F_BUF_MORE clear
  bid 1: all taken, back in the ring
  bid 0: 253 bytes at 0, F_BUF_MORE set
message 7: 333 bytes
  bid 0: 333 bytes at 253, F_BUF_MORE set
]] }, run())
  end)
end)

describe_example("zerocopy", "6.2", function(path, run)
  explains_itself(path, run, "", { { "a" } })

  it("shows both CQEs of each send; the loopback interface copies", function()
    assert.same({ code = 0, err = "", out = [[
1 bytes
  result: 1, F_MORE set
  notification: copied
10007 bytes
  result: 10007, F_MORE set
  notification: copied
20011 bytes
  result: 20011, F_MORE set
  notification: copied
]] }, run())
  end)
end)

describe_example("two_rings", "6.3", function(path, run)
  explains_itself(path, run, " FILE", { {}, { "a", "b" } })

  local heard = "numbers: res 7, flags 0x0, data 42\n"
    .. "flags: res 8, flags 0xcafe0000, data 43\n"
  local passed = heard .. "file: res 0, flags 0x0, data 44\n"

  it("passes an open file of any size to the second ring", function()
    local folder <close> = process.folder()
    local file = folder "file"
    for _, size in ipairs { 0, 1, 65536, MIB + 7 } do
      write_file(file, peer.bytes(size))
      assert.same({
        code = 0, err = "",
        out = ("%s%s: %d bytes, read from slot 0\n"):format(passed, file, size),
      }, run(file))
    end
  end)

  it("says why it cannot", function()
    local folder <close> = process.folder()
    assert.same({
      code = 1, out = heard,
      err = ("two_rings: %s: No such file or directory\n")
        :format(folder "none"),
    }, run(folder "none"))
    assert.same({
      code = 1, out = passed,
      err = ("two_rings: %s: Is a directory\n"):format(folder ""),
    }, run(folder ""))
  end)
end)

local SERVER = {
  name = "multishot_echo", file = "examples/multishot_echo.lua",
  where = "127.0.0.1:%s",
}

-- One whose memory is measured: what is freed is soon gone, also under the
-- address sanitizer.
local function serve_thrifty()
  local asan = os.getenv "ASAN_OPTIONS"
  return peer.serve(SERVER, {
    env = { ASAN_OPTIONS = asan and asan .. ":quarantine_size_mb=1" },
  })
end

describe_example("multishot_echo", "6.0", function(path, run)
  explains_itself(path, run, " [address:port]", {
    { "" }, { "nonsense" }, { "7000" }, { "127.0.0.1:" },
    { "127.0.0.1:700000" }, { "127.0.0.1:0", "more" },
  })

  it("says in one line why it cannot listen", function()
    local running <close> = peer.serve(SERVER)
    for where, reason in pairs {
      ["127.0.0.1:" .. running.port] = "bind: Address already in use",
      ["192.0.2.1:0"] = "bind: Cannot assign requested address",
      ["127.0.0.1:70000"] = "127.0.0.1, port 70000: not a numeric address",
      ["nowhere:0"] = "nowhere, port 0: not a numeric address",
    } do
      assert.same({
        code = 1, out = "", err = ("multishot_echo: %s\n"):format(reason),
      }, run(where))
    end
  end)

  it("sends all back that is more than its buffer ring holds", function()
    local running <close> = peer.serve(SERVER)
    local count, message = peer.run(function()
      local conn <close> = peer.connect(running)
      return peer.repeat_block(conn, peer.bytes(262139), 40)
    end)
    assert.is_nil(message)
    assert.equal(40 * 262139, count)
  end)

  it("sends all back to a client that reads late", function()
    local running <close> = serve_thrifty()
    local before = running:resident()
    local count, message = peer.run(function()
      local conn <close> = peer.connect(running)
      return peer.repeat_block(conn, peer.bytes(262139), 257, true)
    end)
    assert.is_nil(message)
    assert.equal(257 * 262139, count)
    assert.is_true(running:resident() - before < 16 * MIB)
  end)

  it("sends all back to many clients at once", function()
    local running <close> = peer.serve(SERVER)
    peer.run(function()
      local conns <close> = peer.crowd(running, 100)
      peer.each(#conns, function(i)
        local count, message = peer.repeat_block(conns[i],
          peer.bytes(70000 + i), 9)
        assert.is_nil(message)
        assert.equal(9 * (70000 + i), count)
      end)
    end)
    assert.equal("", running:errors())
  end)

  -- While it is stopped, more comes than the ring has buffers: on its way on
  -- it finds them all used up (ENOBUFS).
  it("goes on after it has run out of buffers", function()
    local running <close> = peer.serve(SERVER)
    local bytes = peer.bytes(100000)
    peer.run(function()
      local conns <close> = peer.crowd(running, 10)
      peer.each(#conns, function(i)
        assert.equal("hello", peer.exchange(conns[i], "hello"))
      end)
      running:signal "STOP"
      process.await("a stop", function() return running:state() == "T" end)
      peer.each(#conns, function(i) assert(conns[i]:write(bytes)) end)
      running:signal "CONT"
      peer.each(#conns, function(i)
        assert.is_true(conns[i]:read(#bytes) == bytes)
        assert.equal("again", peer.exchange(conns[i], "again"))
      end)
    end)
    assert.equal("", running:errors())
  end)

  it("serves the others while some never read, or have gone", function()
    local running <close> = serve_thrifty()
    local before = running:resident()
    peer.run(function()
      local deaf <close> = peer.crowd(running, 10)
      local progress = { sent = 0 }
      for _, conn in ipairs(deaf) do peer.flood(conn, 16 * MIB, progress) end
      local sent = peer.settled(0.3, function() return progress.sent end)
      assert.is_true(sent < 160 * MIB, "nobody had to wait")
      assert.is_true(peer.is_served(running))
      for i = 1, 5 do deaf[i]:close() end -- with much unread: it is reset
      assert.is_true(peer.is_served(running))
    end)
    assert.is_true(running:resident() - before < 16 * MIB)
    assert.is_true(peer.run(peer.is_served, running))
    assert.equal("", running:errors())
  end)

  it("stops to listen to a client that never reads, bit by bit", function()
    local running <close> = serve_thrifty()
    local before = running:resident()
    peer.run(function()
      local deaf <close> = peer.connect(running)
      local bystander <close> = peer.connect(running)
      local piece, sent = peer.bytes(16384), 0
      uring.spawn(function()
        for _ = 1, 64 * MIB // #piece do
          if not deaf:write(piece) then return end
          sent = sent + #piece -- and the server has had a turn:
          if not peer.exchange(bystander, "ping") then return end
        end
      end)
      local total = peer.settled(0.3, function() return sent end)
      assert.is_true(total < 64 * MIB, "nobody had to wait")
      assert.equal("pong", peer.exchange(bystander, "pong"))
      assert.is_true(running:resident() - before < 16 * MIB)
    end)
    assert.equal("", running:errors())
  end)

  it("lets clients wait while it has no descriptors", function()
    local running <close> = peer.serve(SERVER, { limits = "-n 32" })
    peer.run(function()
      local conns <close> = peer.crowd(running, 60)
      for i, conn in ipairs(conns) do
        assert.equal("ping", peer.exchange(conn, "ping"), "client " .. i)
        conn:close() -- for the next that waits
      end
    end)
    assert.equal("", running:errors())
  end)

  for _, name in ipairs { "INT", "TERM" } do
    it("ends in good order at SIG" .. name .. ", with clients", function()
      local running <close> = peer.serve(SERVER)
      local result = peer.run(function()
        local idle <close> = peer.connect(running)
        local deaf <close> = peer.connect(running)
        local progress = { sent = 0 }
        peer.flood(deaf, 32 * MIB, progress)
        peer.settled(0.1, function() return progress.sent end)
        assert.equal("hello", peer.exchange(idle, "hello"))
        running:signal(name)
        return running:wait(10)
      end)
      assert.same({
        code = 0, err = "",
        out = ("listening on 127.0.0.1:%d\n"):format(running.port),
      }, result)
    end)
  end
end)
