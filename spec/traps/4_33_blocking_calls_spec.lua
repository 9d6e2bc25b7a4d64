--- Trap 4.33: a system call that blocks and has no opcode holds up nobody but
-- the task that asked for it.
local fs = require "uring.fs"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

leaks.watch()

local MIB = 1 << 20

-- How often a task ran meanwhile that only lets others run.
local function turns_during(body, ...)
  local turns, ended = 0, false
  local other = uring.spawn(function()
    while not ended do
      turns = turns + 1
      uring.yield()
    end
  end)
  local result = table.pack(body(...))
  ended = true
  other:await()
  return turns, table.unpack(result, 1, result.n)
end

describe("other tasks run", function()
  it("while the kernel copies a large file", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", ""))
      assert(fs.truncate(folder "a", 32 * MIB))
      local turns, size = turns_during(fs.copy, folder "a", folder "b")
      assert.equal(32 * MIB, size)
      assert.is_true(turns > 10, turns)
    end)
  end)

  it("while a folder is read", function()
    local folder <close> = process.folder()
    within.run(function()
      for i = 1, 2000 do assert(fs.write_file(folder(i), "")) end
      local turns, names = turns_during(fs.list, folder "")
      assert.equal(2000, #names)
      assert.is_true(turns > 2, turns)
    end)
  end)

  it("while more locks are waited for than there are threads", function()
    local folder <close> = process.folder()
    within.run(function()
      assert(fs.write_file(folder "a", ""))
      local holder = assert(fs.open(folder "a"))
      assert(holder:lock "ex")
      local waiting = {}
      for i = 1, 20 do
        waiting[i] = uring.spawn(function()
          local file <close> = assert(fs.open(folder "a"))
          assert(file:lock "sh")
        end)
      end
      uring.yield()
      assert.equal(fs.realpath(folder "a"), fs.realpath(folder "./a"))
      assert(fs.chmod(folder "a", 384))
      holder:close()
      for _, task in ipairs(waiting) do task:await() end
    end)
  end)
end)
