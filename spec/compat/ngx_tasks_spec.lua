--- ngx.thread, ngx.timer, ngx.semaphore, ngx.ctx, ngx.log: what is done
-- at once, later, and by whom.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local uring = require "uring"
local within = require "spec.support.within"

local compat = require "uring.compat.ngx"
local undo = compat.install()
local ngx = compat.ngx
local semaphore = require "ngx.semaphore"
undo()

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- What a program writes: to its output, and to its error output.
local function program(text)
  local result = process.run { process.LUA, "-e", ([[
    local compat, uring = require "uring.compat.ngx", require "uring"
    compat.install()
    %s]]):format(text) }
  return result.out, result.err, result.code
end

describe("ngx.thread", function()
  it("spawns threads, which run at once until they wait", function()
    within.run(function()
      local order = {}
      local thread = ngx.thread.spawn(function(a, b)
        order[#order + 1] = a
        ngx.sleep(0.001)
        order[#order + 1] = b
        return "x", nil
      end, 1, 2)
      assert.same({ 1 }, order)
      assert.same({ n = 3, true, "x", nil },
        table.pack(ngx.thread.wait(thread)))
      assert.same({ 1, 2 }, order)
    end)
  end)

  it("waits for the first of several", function()
    within.run(function()
      local gate = semaphore.new()
      local slow = ngx.thread.spawn(function()
        gate:wait(10)
        return "slow"
      end)
      local fast = ngx.thread.spawn(function()
        ngx.sleep(0.001)
        return "fast"
      end)
      assert.same({ true, "fast" }, { ngx.thread.wait(slow, fast) })
      gate:post()
      assert.same({ true, "slow" }, { ngx.thread.wait(slow) })
      assert.same({ nil, "already waited or killed" },
        { ngx.thread.wait(slow) })
    end)
  end)

  it("tells errors to who waits, and to nobody else", function()
    within.run(function()
      local problem = {}
      local thread = ngx.thread.spawn(function()
        ngx.sleep(0.001)
        error(problem)
      end)
      local ok, value = ngx.thread.wait(thread)
      assert.is_false(ok)
      assert.equal(problem, value)
    end)
  end)

  it("kills", function()
    within.run(function()
      local cleaned = false
      local thread = ngx.thread.spawn(function()
        local _guard <close> = setmetatable({}, {
          __close = function() cleaned = true end,
        })
        ngx.sleep(10)
      end)
      assert.is_true(ngx.thread.kill(thread))
      assert.same({ nil, "already waited or killed" },
        { ngx.thread.kill(thread) })
      assert.same({ nil, "already waited or killed" },
        { ngx.thread.wait(thread) })
      uring.sleep(0.001)
      assert.is_true(cleaned)
      local over = ngx.thread.spawn(function() end)
      assert.same({ nil, "already terminated" }, { ngx.thread.kill(over) })
    end)
  end)

  it("is cancelled with its task", function()
    within.run(function()
      local ended = false
      uring.timeout(0.002, function()
        ngx.thread.wait(ngx.thread.spawn(function()
          local _guard <close> = setmetatable({}, {
            __close = function() ended = true end,
          })
          ngx.sleep(10)
        end))
      end)
      assert.is_true(ended)
    end)
  end)

  it("logs what nobody waits for, and the others go on", function()
    local out, err = program [[
      uring.run(function()
        ngx.thread.spawn(function() ngx.sleep(0.001) error("boom", 0) end)
        ngx.sleep(0.01)
        ngx.say("still here")
      end)]]
    assert.equal("still here\n", out)
    assert.matches("%[error%] lua user thread aborted: runtime error: boom\n",
      err)
  end)

  it("refuses what is no function and no thread", function()
    within.run(function()
      assert.has_error(function() ngx.thread.spawn(1) end,
        "bad argument #1 to 'spawn' (function expected, got number)")
      assert.has_error(function() ngx.thread.wait(1) end,
        "bad argument #1 to 'wait' (thread expected)")
      assert.has_error(function() ngx.thread.kill() end,
        "bad argument #1 to 'kill' (thread expected)")
    end)
    assert.has_error(function() ngx.thread.spawn(print) end,
      "ngx.thread.spawn needs uring.run")
  end)
end)

describe("ngx.timer", function()
  it("calls a function later, in a task of its own", function()
    within.run(function()
      local seen
      assert.equal(1, ngx.timer.at(0.001, function(premature, ...)
        seen = table.pack(premature, ...)
        assert.equal(1, ngx.timer.running_count())
      end, "a", nil))
      assert.is_nil(seen)
      process.await("the timer", function()
        assert.is_true(seen ~= nil or ngx.timer.pending_count() <= 1)
        return seen
      end)
      assert.same({ n = 3, false, "a", nil }, seen)
      assert.equal(0, ngx.timer.pending_count())
      assert.equal(0, ngx.timer.running_count())
    end)
  end)

  it("calls it again and again", function()
    local calls = {}
    within.run(function()
      ngx.timer.every(0.001, function(premature)
        calls[#calls + 1] = premature
      end)
      process.await("calls", function() return #calls >= 3 end)
    end)
    assert.is_true(calls[#calls]) -- the end of the run
    for i = 1, #calls - 1 do assert.is_false(calls[i]) end
  end)

  it("calls what waits at the end of the run, prematurely", function()
    local seen = {}
    within.run(function()
      ngx.timer.at(10, function(premature)
        ngx.sleep(0.001) -- it may wait
        seen[#seen + 1] = premature
      end)
    end)
    assert.same({ true }, seen)
    assert.equal(0, ngx.timer.pending_count())
  end)

  it("lets what was called end", function()
    local ended = false
    within.run(function()
      ngx.timer.at(0, function()
        ngx.sleep(0.01)
        ended = true
      end)
      ngx.sleep(0.002)
    end)
    assert.is_true(ended)
  end)

  it("logs what fails", function()
    local _, err, code = program [[
      uring.run(function()
        ngx.timer.at(0, function() error("boom", 0) end)
        ngx.sleep(0.005)
      end)]]
    assert.matches("lua entry thread aborted: runtime error: boom\n", err)
    assert.equal(0, code)
  end)

  it("checks its arguments, and needs a run", function()
    within.run(function()
      assert.has_error(function() ngx.timer.at(-1, print) end,
        "bad argument #1 to 'at' (delay expected)")
      assert.has_error(function() ngx.timer.every(0, print) end,
        "bad argument #1 to 'every' (delay expected)")
      assert.has_error(function() ngx.timer.at(1, 1) end,
        "bad argument #2 to 'at' (function expected, got number)")
    end)
    assert.has_error(function() ngx.timer.at(1, print) end,
      "ngx.timer.at needs uring.run")
  end)
end)

describe("ngx.semaphore", function()
  it("counts, and hands over in order", function()
    within.run(function()
      local sema = assert(semaphore.new(1))
      assert.equal(1, sema:count())
      assert.is_true(sema:wait(0))
      assert.same({ nil, "timeout" }, { sema:wait(0) })
      assert.same({ nil, "timeout" }, { sema:wait(0.002) })
      local order = {}
      local function take(name)
        assert.is_true(sema:wait(1))
        order[#order + 1] = name
      end
      local a, b = ngx.thread.spawn(take, "a"), ngx.thread.spawn(take, "b")
      assert.equal(-2, sema:count())
      assert.is_true(sema:post(2))
      ngx.thread.wait(a)
      ngx.thread.wait(b)
      assert.same({ "a", "b" }, order)
      assert.equal(0, sema:count())
    end)
  end)

  it("loses nothing to one that was cancelled", function()
    within.run(function()
      local sema = semaphore.new()
      uring.timeout(0.002, sema.wait, sema, 10)
      assert.equal(0, sema:count())
      sema:post()
      assert.is_true(sema:wait(0))
    end)
  end)

  it("does not wait outside of a run", function()
    local sema = semaphore.new(1)
    assert.is_true(sema:wait(10))
    assert.same({ nil, "timeout" }, { sema:wait(10) })
  end)

  it("checks its arguments", function()
    assert.has_error(function() semaphore.new(-1) end,
      "bad argument to 'new' (a number >= 0 expected)")
    assert.has_error(function() semaphore.new():post(0) end,
      "bad argument to 'post' (a number >= 1 expected)")
    assert.has_error(function() semaphore.new():wait() end,
      "bad argument to 'wait' (a number >= 0 expected)")
  end)
end)

describe("ngx.ctx", function()
  it("is a table of each task, shared with its threads", function()
    within.run(function()
      ngx.ctx.who = "main"
      ngx.thread.wait(ngx.thread.spawn(function() ngx.ctx.seen = true end))
      assert.same({ who = "main", seen = true }, ngx.ctx)
      local task = uring.spawn(function() return ngx.ctx.who end)
      assert.is_nil(task:await())
      ngx.ctx = { other = 1 }
      assert.same({ other = 1 }, ngx.ctx)
    end)
    ngx.ctx.outside = true
    assert.is_true(ngx.ctx.outside)
    ngx.ctx = {}
    assert.has_error(function() ngx.ctx = 1 end,
      "ngx.ctx: table expected, got number")
  end)
end)

describe("ngx.log, ngx.say and ngx.print", function()
  it("write", function()
    local out, err = program [[
      ngx.say("a", 1, true, nil, { "b", { 2.0 } }, ngx.null)
      ngx.print("no", " end")
      ngx.log(ngx.ERR, "bad ", nil, " ", 3)
      ngx.log(ngx.NOTICE, "not shown")
      compat.install { log_level = ngx.NOTICE }
      ngx.log(ngx.NOTICE, "shown")
      print(pcall(ngx.log, 17, "x"))
      print(pcall(ngx.log, ngx.ERR, {}))]]
    assert.equal("a1truenilb2null\nno endfalse\t", out:match "^.-\t")
    assert.matches("bad log level: 17", out)
    assert.matches("expected table to have __tostring metamethod", out)
    assert.matches("^%d+/%d%d/%d%d %d%d:%d%d:%d%d %[error%] .-:%d+: "
      .. "bad nil 3\n[^\n]*%[notice%] [^\n]*: shown\n$", err)
  end)
end)

describe("ngx.sleep", function()
  it("sleeps, and refuses what is no time", function()
    within.run(function()
      local before = uring.now()
      ngx.sleep(0.002)
      ngx.sleep "0.001"
      assert.is_true(uring.now() - before >= 0.003)
      assert.has_error(function() ngx.sleep(-1) end,
        'invalid sleep duration "-1"')
    end)
    ngx.sleep(0)
  end)
end)

describe("install", function()
  it("can be undone", function()
    assert.is_nil(rawget(_G, "ngx"))
    local before = package.loaded.bit
    local back = compat.install()
    assert.equal(ngx, _G.ngx)
    assert.equal(ngx, require "ngx")
    assert.equal("function", type(_G.unpack))
    assert.equal(-1, require "bit".bnot(0))
    back()
    back()
    assert.is_nil(rawget(_G, "ngx"))
    assert.is_nil(rawget(_G, "unpack"))
    assert.equal(before, package.loaded.bit)
    assert.is_nil(package.loaded.ngx)
  end)

  it("refuses options that it does not know", function()
    assert.has_error(function() compat.install { share = {} } end,
      "install: bad option 'share'")
    assert.has_error(function() compat.install { shared = { x = "many" } } end,
      "install: bad size of shared dictionary 'x'")
    assert.is_nil(rawget(_G, "ngx"))
  end)

  it("leaves what needs a request to say so", function()
    for _, call in ipairs {
      { "ngx.req.get_headers", function() ngx.req.get_headers() end },
      { "ngx.header.x", function() ngx.header.x = 1 end },
      { "ngx.header.y", function() return ngx.header.y end },
      { "ngx.var.uri", function() return ngx.var.uri end },
      { "ngx.arg.1", function() return ngx.arg[1] end },
      { "ngx.exit", function() ngx.exit(200) end },
      { "ngx.location.capture", function() ngx.location.capture "/" end },
    } do
      assert.has_error(call[2],
        call[1] .. " needs a request of nginx: uring.compat.ngx has none")
    end
  end)

  it("tells of the worker and the phase", function()
    assert.equal("timer", ngx.get_phase())
    assert.same({ 0, 1 }, { ngx.worker.id(), ngx.worker.count() })
    assert.equal(process.capture "echo $PPID", tostring(ngx.worker.pid()))
    assert.is_false(ngx.worker.exiting())
    assert.is_false(ngx.config.debug)
  end)
end)
