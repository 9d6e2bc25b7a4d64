--- What worker.run and worker.listen refuse, and where.
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local test = require "uring.test"
local uring = require "uring"

local errno, worker = uring.errno, uring.worker

leaks.watch()

local function run(script)
  return process.run { process.LUA, "-e", [[
    local uring = require "uring"
    local worker = uring.worker
  ]] .. script }
end

describe("worker.run", function()
  it("raises for what makes no sense", function()
    for _, count in ipairs { 0, -1, 1.5, "many", 1025, true } do
      assert.error_matches(function() worker.run(count, print) end,
        'worker.run: bad argument \'count\' %("auto", or 1 to 1024 expected%)')
    end
    assert.error_matches(function() worker.run(1) end,
      "worker.run: bad argument 'body' %(function expected%)")
    assert.error_matches(function() worker.run(1, print, 5) end,
      "worker.run: bad argument 'options' %(table expected%)")
    for _, options in ipairs {
      { grce = 1 }, { grace = -1 }, { grace = "x" }, { backoff = 0 / 0 },
      { max_failures = math.huge },
    } do
      assert.error_matches(function() worker.run(1, print, options) end,
        ("worker.run: bad option '%s'"):format(next(options)))
    end
  end)

  it("inside a run raises", function()
    assert.error_matches(function()
      uring.run(function() worker.run(1, print) end)
    end, "worker.run inside uring.run: call it at the top level")
  end)

  it("in a worker raises", function()
    assert.same({ code = 0, err = "",
      out = "false\tworker.run: this is a worker\n" },
      run [[
        worker.run(1, function()
          print(pcall(worker.run, 1, print))
        end)
      ]])
  end)

  it("where a ring is open raises, and forks nothing", function()
    local ring <close> = assert(require "uring.ring".ring(2))
    assert.error_matches(function() worker.run(1, print) end,
      "worker.run: this process has a ring open, which a worker cannot share")
    ring:close()
  end)

  it("is refused in a simulation", function()
    assert.error_matches(function()
      test.run({}, function() worker.run(1, print) end)
    end, "worker.run inside uring.run")
  end)

  it("that cannot start a worker says why, and ends", function()
    local result = process.run { process.LUA, "-e", [[
      print(pcall(require "uring".worker.run, 300, function()
        require "uring".sleep(60)
      end))
    ]], limits = "-n 60" }
    assert.equal(0, result.code)
    assert.matches("^false\tworker.run: pipe: Too many open files\n",
      result.out)
  end)
end)

describe("worker.listen", function()
  it("fails as uring.listen does", function()
    assert.same({ nil, "listen nowhere: not an address (host:port, "
      .. "[host]:port or unix:path)", errno.EINVAL },
      { worker.listen "nowhere" })
    assert.error_matches(function()
      worker.listen("127.0.0.1:0", { nonsense = 1 })
    end, "^worker.listen: bad option 'nonsense'")
    assert.error_matches(function() worker.listen() end,
      "^worker.listen: bad argument 'where' %(an address expected%)$")
  end)

  it("gives a worker what was made before", function()
    local result = run [[
      local listener = assert(worker.listen "127.0.0.1:0")
      worker.run(1, function()
        local same = worker.listen "127.0.0.1:0"
        print(same == listener, tostring(same:sockname().port)
          == tostring(listener:sockname().port))
        local ok, message = pcall(worker.listen, "127.0.0.1:1")
        print(message)
      end)
    ]]
    assert.same({ code = 0, err = "", out = "true\ttrue\nworker.listen: "
      .. "127.0.0.1:1 has to be called before worker.run\n" }, result)
  end)
end)
