--- Trap 4.12: Lua cannot wait everywhere. Where it can, waiting works; where
-- a C function stands between, the error names that cause, nothing is left
-- half done, and uring.blocking is the way out.
local leaks = require "spec.support.leaks"
local uring = require "uring"
local within = require "spec.support.within"

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

local function meta(event, f)
  return setmetatable({}, { [event] = f })
end

-- Places where Lua code may wait: each calls a function and gives its result.
local OPEN = {
  pcall = function(f) return select(2, pcall(f)) end,
  xpcall = function(f) return select(2, xpcall(f, print)) end,
  ["a metamethod for an index"] = function(f)
    return meta("__index", f).key
  end,
  ["a metamethod for a call"] = function(f) return meta("__call", f)() end,
  ["a metamethod for arithmetic"] = function(f) return meta("__add", f) + 1 end,
  ["a metamethod for concatenation"] = function(f)
    return meta("__concat", f) .. ""
  end,
  ["a metamethod for a length"] = function(f) return #meta("__len", f) end,
  ["an iterator"] = function(f)
    local value
    for got in function() return not value and f() or nil end do
      value = got
    end
    return value
  end,
  pairs = function(f)
    return (pairs(meta("__pairs", f)))
  end,
  ["a variable that is closed"] = function(f)
    local value
    do local _ <close> = meta("__close", function() value = f() end) end
    return value
  end,
  ["one that an error closes"] = function(f)
    local value
    pcall(function()
      local _ <close> = meta("__close", function() value = f() end)
      error "on purpose"
    end)
    return value
  end,
  ["a chunk that was loaded"] = function(f) return load("return ...")(f()) end,
}

-- Places between which and the task a C function stands.
local SHUT = {
  ["table.sort"] = function(f) table.sort({ 1, 2 }, f) end,
  ["string.gsub"] = function(f) string.gsub("x", "x", f) end,
  tostring = function(f) return tostring(meta("__tostring", f)) end,
  ["table.concat"] = function(f)
    table.concat(meta("__index", f), "", 1, 1)
  end,
  load = function(f) return assert(load(f)) end,
  require = function(f)
    package.preload["spec.traps.waits"] = f
    require "spec.traps.waits"
  end,
  ["coroutine.close"] = function(f)
    local thread = coroutine.create(function()
      local _ <close> = meta("__close", f)
      coroutine.yield()
    end)
    coroutine.resume(thread)
    local ok, problem = coroutine.close(thread)
    if not ok then error(problem, 0) end
  end,
  ["a finalizer"] = function(f)
    local ok, problem
    setmetatable({}, { __gc = function() ok, problem = pcall(f) end })
    while ok == nil do collectgarbage() end
    if not ok then error(problem, 0) end
  end,
}

describe("a task may wait", function()
  for place, call in pairs(OPEN) do
    it("in " .. place, function()
      within.run(function()
        assert.equal(7, call(function()
          uring.sleep(0.0005)
          uring.op.nop()
          return 7
        end))
      end)
    end)
  end
end)

-- Everything that waits, of a pair of connections.
local function waits_of(one, listener)
  return {
    function() uring.sleep(0.001) end,
    function() uring.yield() end,
    function() uring.op.nop() end,
    function() uring.scope(function() end) end,
    function() uring.timeout(1, function() end) end,
    function() uring.spawn(function() end):await() end,
    function() uring.wait_readable(one) end,
    function() uring.wait_readable(one, 1) end,
    function() uring.signal.wait "USR1" end,
    function() one:read() end,
    function() one:read_some() end,
    function() one:write "x" end,
    function() listener:accept() end,
    function() uring.connect(listener:sockname(), { timeout = 1 }) end,
    function() uring.open "/dev/null" end,
  }
end

local function connected(body)
  return within.run(function()
    local listener <close> = assert(uring.listen "127.0.0.1:0")
    local one <close> = assert(uring.connect(listener:sockname()))
    local other <close> = assert(listener:accept())
    return body(one, other, listener)
  end)
end

describe("a wait is refused", function()
  for place, call in pairs(SHUT) do
    it("in " .. place .. ", by a message that says why", function()
      connected(function(one, other, listener)
        for i, wait in ipairs(waits_of(one, listener)) do
          local ok, message = pcall(call, wait)
          assert.is_false(ok, "wait " .. i)
          assert.matches("cannot wait", message, nil, nil, "wait " .. i)
          assert.matches("table.sort, string.gsub, require", message)
        end
        package.loaded["spec.traps.waits"] = nil
        -- nothing of all that is under way
        assert(other:write "hello\n")
        assert.equal("hello", one:read())
        assert.equal(one, one:write "x")
        assert.equal("x", other:read(1))
        local client <close> = assert(uring.connect(listener:sockname()))
        assert(listener:accept()):close()
        assert.is_false(client:closed())
      end)
    end)

    it("in " .. place .. ", but not inside uring.blocking", function()
      connected(function(one, other)
        local got
        assert(other:write "hello\n")
        local ok = pcall(call, function()
          uring.blocking(function()
            uring.sleep(0.0005)
            got = got or one:read()
          end)
        end)
        package.loaded["spec.traps.waits"] = nil
        assert.is_true(ok or place == "tostring" or place == "table.concat"
          or place == "load")
        assert.equal("hello", got)
      end)
    end)
  end
end)

describe("a task that is to end", function()
  for place, call in pairs(SHUT) do
    it("is told so in " .. place, function()
      connected(function(one, _, listener)
        local results = {}
        local task = uring.spawn(function()
          pcall(uring.sleep, 60)
          for i, wait in ipairs(waits_of(one, listener)) do
            results[i] = table.pack(pcall(call, wait))
          end
          uring.shield(function()
            results.slept = uring.op.timeout(0.005)
          end)
        end)
        uring.yield()
        task:cancel "enough"
        task:result()
        package.loaded["spec.traps.waits"] = nil
        assert.equal(#waits_of(one, listener), #results)
        for i, result in ipairs(results) do
          assert.is_false(result[1], "wait " .. i)
          local problem = tostring(result[2])
          assert.is_truthy(problem:find("cannot wait", 1, true)
            or problem:find("uring: cancelled (", 1, true), problem)
        end
        assert.is_truthy(results.slept) -- nothing has woken it too soon
      end)
    end)
  end
end)
