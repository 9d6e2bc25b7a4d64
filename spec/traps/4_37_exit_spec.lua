--- Trap 4.37: os.exit in the middle of a run loses nothing that was under
-- way: what was written is there, descriptors and state are put in order, and
-- an error while all that happens hides neither.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local temp = require "spec.support.temp"

leaks.watch()

local function run(script, ...)
  return process.run { process.LUA, "-e", [[local uring = require "uring"
    uring.run(function()
    ]] .. script .. "\nend)", ... }
end

describe("os.exit in a run", function()
  it("flushes what the io library holds, for each way to say so", function()
    for _, call in ipairs {
      "os.exit(5)", "os.exit(5, true)", "os.exit(5, false)", "uring.exit(5)",
      "uring.spawn(os.exit, 5) uring.sleep(60)",
      "uring.scope(function(s) s:daemon(os.exit, 5) uring.sleep(60) end)",
    } do
      assert.same({ code = 5, out = "held", err = "" },
        run("io.stdout:setvbuf 'full' io.write 'held' " .. call))
    end
  end)

  it("lets a write end that was begun in a shield", function()
    local file <close> = temp.file()
    local result = run(([[
      local file = uring.open(%q, "w")
      uring.spawn(function()
        uring.shield(function()
          for i = 1, 100 do assert(file:write(i, "\n")) end
          file:close()
        end)
      end)
      uring.yield()
      os.exit(6)
    ]]):format(file.path))
    assert.same({ code = 6, out = "", err = "" }, result)
    local _, lines = file:read():gsub("\n", "")
    assert.equal(100, lines)
  end)

  it("lets clean-up answer a peer", function()
    local result = run [[
      local listener = uring.listen "127.0.0.1:0"
      local client = uring.connect(listener:sockname())
      uring.spawn(function()
        local conn <close> = listener:accept()
        local _goodbye <close> = setmetatable({}, { __close = function()
          uring.shield(1, conn.write, conn, "goodbye\n")
        end })
        conn:read()
      end)
      uring.spawn(function()
        uring.shield(function() print(client:read()) end)
      end)
      uring.sleep(0.01)
      os.exit(7, true)
    ]]
    assert.same({ code = 7, out = "goodbye\n", err = "" }, result)
  end)

  it("keeps its code where clean-up fails", function()
    for _, clean_up in ipairs {
      "error 'in clean-up'", "uring.spawn(error, 'in a task')",
      "uring.sleep(60)", "pcall(uring.sleep, 60) error {}",
    } do
      local result = run([[
        uring.spawn(function()
          local _guard <close> = setmetatable({}, { __close = function()
            ]] .. clean_up .. [[

          end })
          uring.sleep(60)
        end)
        uring.yield()
        os.exit(8, true)
      ]])
      assert.same({ 8, "" }, { result.code, result.out })
    end
  end)

  it("runs what is to be closed, and finalizers where asked to", function()
    local result = run [[
      END = setmetatable({}, { __gc = function() print "collected" end })
      uring.spawn(function()
        local _guard <close> = setmetatable({}, { __close = function()
          print "closed"
        end })
        uring.sleep(60)
      end)
      uring.yield()
      os.exit(9, true)
    ]]
    assert.same({ code = 9, out = "closed\ncollected\n", err = "" }, result)
  end)
end)
