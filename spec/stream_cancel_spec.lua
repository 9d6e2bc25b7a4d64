--- Cancelling whoever waits in a stream: what was read stays for the next
-- call, what was written is known to the byte.
local leaks = require "spec.support.leaks"
local raw = require "uring.ring"
local stream = require "uring.stream"
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

uring.sleep(0) -- outside of a run there is a ring for good
leaks.watch()

-- Two connections to each other.
local function connected(body)
  local listener <close> = assert(uring.listen "127.0.0.1:0")
  local one <close> = assert(uring.connect(listener:sockname()))
  local other <close> = listener:iter()()
  return body(one, other)
end

local KINDS = {
  connections = connected,
  memory = function(body) return body(stream.pair(50)) end,
}

-- Sends a text in pieces, with pauses, to its end.
local function dribble(conn, text)
  local at = 1
  while at <= #text do
    local size = math.random(40)
    assert(conn:write(text:sub(at, at + size - 1)))
    uring.sleep(math.random() * 0.0005)
    at = at + size
  end
  assert(conn:shutdown "w")
end

-- Calls a reading function, which is cancelled now and then, to the end.
local function collect(read)
  local pieces = {}
  while true do
    local results = table.pack(uring.timeout(math.random() * 0.001, read))
    if results[1] then
      pieces[#pieces + 1] = results[1]
    elseif results[2] ~= "timeout" then
      pieces[#pieces + 1] = results[4]
      return table.concat(pieces)
    end
  end
end

local READS = {
  read_until = function(conn)
    return conn:read_until("3-|", { include = true })
  end,
  read_exact = function(conn) return conn:read_exact(777) end,
  read_into = function(conn)
    local buffer = raw.buffer(33)
    local count, message, code = conn:read_into(buffer)
    if not count then return nil, message, code end
    return buffer:sub(1, count)
  end,
  chunks = function(conn)
    local view, message, code = conn:read_some { view = true, max = 25 }
    if not view then return nil, message, code end
    local _view <close> = type(view) ~= "string" and view or nil
    return view:tostring()
  end,
}

local function loses_nothing(read, kind)
  kind(function(one, other)
    local words = {}
    for i = 1, 300 do words[i] = i .. "-|" end
    local text = table.concat(words)
    uring.spawn(dribble, one, text)
    assert.equal(text, collect(function() return read(other) end))
  end)
end

describe("a reader that is cancelled", function()
  for name, read in pairs(READS) do
    for what, kind in pairs(KINDS) do
      it(("in %s of %s loses nothing"):format(name, what), function()
        within.run(loses_nothing, read, kind)
        local faults = { short = 0.3, eintr = 0.1 }
        test.seeds(1, 10, { faults = faults }, function()
          loses_nothing(read, kind)
        end)
      end)
    end
  end
end)

describe("a writer that is cancelled in a gathered write", function()
  -- The peer sees a beginning of what was written; then nothing more goes.
  local function breaks_off(kind)
    kind(function(one, other)
      local values, text = {}, {}
      for i = 1, 400 do
        local word = ("%06d "):format(i):rep(1500)
        values[i] = i % 2 == 0 and word or raw.buffer(#word):set(1, word)
        text[i] = word
      end
      local task = uring.spawn(one.write, one, values)
      local first = other:read(70000)
      task:cancel "enough"
      assert.is_false((pcall(task.await, task)))
      assert.equal("broken", (select(2, one:write "more")))
      assert(one:shutdown "w")
      local seen = first .. other:read "a"
      local whole = table.concat(text)
      assert.is_true(#seen < #whole)
      assert.is_true(whole:sub(1, #seen) == seen, "other bytes")
    end)
  end

  for what, kind in pairs(KINDS) do
    it(("of %s breaks them off, and doubles nothing"):format(what), function()
      within.run(breaks_off, kind)
      if what == "memory" then test.run(breaks_off, kind) end
    end)
  end

  it("holds nobody up who waits to write after it", function()
    within.run(connected, function(one, other)
      local big = ("x"):rep(8 << 20)
      local task = uring.spawn(one.write, one, { big, raw.buffer(10) })
      local after = uring.spawn(one.write, one, "after")
      uring.yield()
      task:cancel()
      assert.equal("broken", (select(2, after:await())))
      one:close()
      assert.equal(0, #(other:read("a"):gsub("x", "")))
    end)
  end)
end)
