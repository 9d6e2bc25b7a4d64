--- uring.compat.io in tasks, and in the place of the global io.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local compat = require "uring.compat"
local lib = require "uring.compat.io"
local temp = require "spec.support.temp"
local uring = require "uring"
local within = require "spec.support.within"

-- Opens a named pipe at both ends: a file that reads, a file that writes.
local function fifo(folder)
  local path = folder "fifo"
  assert(os.execute("mkfifo " .. process.quote(path)))
  local reads
  local task = uring.spawn(function() reads = assert(lib.open(path)) end)
  local writes = assert(lib.open(path, "w"))
  task:await()
  return reads, writes
end

-- The ring that calls outside of a run keep is there before tests look.
uring.blocking(function() end)

describe("uring.compat.io in a run", function()
  leaks.watch()

  it("suspends only the task that waits", function()
    within.run(function()
      local folder <close> = process.folder()
      local reads, writes = fifo(folder)
      local order = {}
      uring.all {
        function()
          local line = reads:read()
          order[#order + 1] = line
        end,
        function()
          order[#order + 1] = "writes"
          writes:write("was read\n"):flush()
        end,
      }
      assert.same({ "writes", "was read" }, order)
      reads:close()
      writes:close()
    end)
  end)

  it("keeps what came where a read is cancelled", function()
    within.run(function()
      local folder <close> = process.folder()
      local reads, writes = fifo(folder)
      local task = uring.spawn(function() return reads:read(100) end)
      writes:write("a "):flush()
      for _ = 1, 5 do uring.yield() end
      task:cancel()
      assert.is_false((task:result()))
      writes:write("line\n"):flush()
      assert.equal("a line", reads:read())
      reads:close()
      writes:close()
    end)
  end)

  it("writes for several tasks, each line whole", function()
    within.run(function()
      local file <close> = temp.file("")
      local out = assert(lib.open(file.path, "w"))
      out:setvbuf("line")
      local line = ("x"):rep(100) .. "\n"
      local tasks = {}
      for i = 1, 8 do
        tasks[i] = function()
          for _ = 1, 20 do assert(out:write(line)) end
        end
      end
      uring.all(tasks)
      out:close()
      local count = 0
      for each in lib.lines(file.path, "L") do
        assert.equal(line, each)
        count = count + 1
      end
      assert.equal(160, count)
    end)
  end)

  it("writes what a file has pending that is forgotten", function()
    within.run(function()
      local file <close> = temp.file("")
      for _, mode in ipairs { "w", "a" } do
        lib.open(file.path, mode):write(mode)
        collectgarbage()
        collectgarbage()
      end
      local back <close> = io.open(file.path)
      assert.equal("wa", back:read("a"))
    end)
  end)

  it("writes the rest where the disk was full", function()
    local full = assert(lib.open("/dev/full", "w"))
    full:setvbuf("no")
    assert.same({ n = 3, nil, "No space left on device", 28 },
      table.pack(full:write("x")))
    assert.same({ n = 3, nil, "No space left on device", 28 },
      table.pack(full:close()))
  end)
end)

describe("uring.compat.install{\"io\"}", function()
  leaks.watch()

  it("swaps the functions of io, until it is undone", function()
    local open, stdout, exit = io.open, io.stdout, os.exit
    local names = {}
    for name in pairs(io) do names[name] = true end
    local undo = compat.install { "io" }
    assert.equal(lib.open, io.open)
    assert.equal(lib.stdout, io.stdout)
    for name in pairs(names) do assert.is_not_nil(io[name], name) end
    undo()
    assert.equal(open, io.open)
    assert.equal(stdout, io.stdout)
    assert.equal(exit, os.exit)
  end)

  local function output_of(code)
    local result = process.run { process.LUA, "-e",
      'require "uring.compat".install { "io" } ' .. code }
    assert.equal("", result.err)
    return result.out
  end

  it("keeps the order of print and io.write", function()
    assert.equal("1\n2\n3\n4\n", output_of [[
      print(1) io.write("2\n") print(3) io.write("4\n")]])
    assert.equal("1\n2\n3\n", output_of [[require "uring".run(function()
      print(1) io.write("2\n") print(3) end)]])
  end)

  it("writes what is pending where the program ends", function()
    local file <close> = temp.file("")
    local body = ("local f = io.open(%q, 'a') f:write('x') ")
      :format(file.path)
    for _, way in ipairs { "", "os.exit(0)", "os.exit(0, true)" } do
      output_of(body .. way)
      output_of(('require "uring".run(function() %s end)')
        :format(body .. way))
    end
    local back <close> = io.open(file.path)
    assert.equal("xxxxxx", back:read("a"))
  end)

  it("reads standard input, in tasks too", function()
    local file <close> = temp.file("one\ntwo\n3 rest")
    local result = process.run { process.LUA, "-e", [[
      require "uring.compat".install { "io" }
      io.write(io.read(), "|")
      require "uring".run(function()
        io.write(io.read("l"), "|", io.read("n"), "|")
        io.write(io.stdin:seek("cur"), "|", io.stdin:seek("set", 1), "|")
        for line in io.lines() do io.write(line, ";") end
      end)]], stdin = file.path }
    assert.equal("one|two|3|9|1|ne;two;3 rest;", result.out .. result.err)
  end)
end)
