--- The queue behind every wait: first come, first served, and out from
-- anywhere.
local leaks = require "spec.support.leaks"
local Queue = require "uring.sync.queue"

leaks.watch()

local SEEDS, STEPS = 50, 400

local function drain(queue)
  local found = {}
  local waiter = queue:pop()
  while waiter do
    table.insert(found, waiter)
    waiter = queue:pop()
  end
  return found
end

describe("a queue", function()
  local queue

  before_each(function() queue = Queue.new() end)

  it("is empty at first", function()
    assert.equal(0, #queue)
    assert.same({ n = 1, nil }, table.pack(queue:pop()))
    assert.same({ n = 1, nil }, table.pack(queue:peek()))
    assert.is_false(queue:remove("a"))
    assert.is_false(queue:has("a"))
  end)

  it("gives first what came first", function()
    for _, name in ipairs { "a", "b", "c" } do queue:push(name) end
    assert.equal(3, #queue)
    assert.equal("a", queue:pop())
    queue:push("d")
    assert.same({ "b", "c", "d" }, drain(queue))
    assert.equal(0, #queue)
  end)

  it("gives a note with it", function()
    queue:push("a", 1)
    queue:push("b")
    queue:push("c", false)
    assert.same({ "a", 1 }, { queue:peek() })
    assert.same({ "a", 1 }, { queue:pop() })
    assert.same({ n = 2, "b", nil }, table.pack(queue:pop()))
    assert.same({ "c", false }, { queue:pop() })
  end)

  it("forgets the note of what has left", function()
    queue:push("a", 1)
    queue:remove("a")
    queue:push("a")
    assert.same({ n = 2, "a", nil }, table.pack(queue:pop()))
  end)

  it("lets the first, the last, one between and the only one out", function()
    for _, name in ipairs { "a", "b", "c", "d", "e" } do queue:push(name) end
    assert.is_true(queue:remove("c"))
    assert.is_true(queue:remove("a"))
    assert.is_true(queue:remove("e"))
    assert.is_false(queue:remove("c"))
    assert.equal(2, #queue)
    assert.is_true(queue:has("b"))
    assert.is_false(queue:has("c"))
    queue:push("f")
    assert.same({ "b", "d", "f" }, drain(queue))
    queue:push("only")
    assert.is_true(queue:remove("only"))
    assert.same({}, drain(queue))
  end)

  it("lets nobody in twice", function()
    queue:push("a")
    local _, message = pcall(function() queue:push("a") end)
    assert.matches("^spec/sync/queue_spec.lua:%d+: queue:push: this one waits "
      .. "here already$", message)
    queue:pop()
    queue:push("a")
    assert.same({ "a" }, drain(queue))
  end)

  it("holds on to nobody who has gone", function()
    local gone = setmetatable({}, { __mode = "k" })
    for i = 1, 10 do
      local waiter = {}
      gone[waiter] = true
      queue:push(waiter, i)
      if i % 2 == 0 then queue:pop() else queue:remove(waiter) end
    end
    while queue:pop() do end -- luacheck: ignore
    collectgarbage()
    assert.is_nil(next(gone))
  end)

  it("says how many wait", function()
    queue:push("a")
    assert.equal("uring.Queue (1 waiting)", tostring(queue))
  end)
end)

-- The model: a list.
local function compare(seed)
  local state = seed
  local function random(most) -- of our own: a seed must mean the same anywhere
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % most + 1
  end
  local queue, list = Queue.new(), {}
  for age = 1, STEPS do
    local what = random(4)
    if what <= 2 then
      queue:push(age, -age)
      table.insert(list, age)
    elseif what == 3 then
      local waiter, note = queue:pop()
      assert.equal(table.remove(list, 1), waiter)
      assert.equal(waiter and -waiter, note)
    elseif #list > 0 then
      assert.is_true(queue:remove(table.remove(list, random(#list))))
    end
    assert.equal(#list, #queue)
    assert.equal(list[1], (queue:peek()))
  end
  assert.same(list, drain(queue))
end

describe("a queue's history", function()
  for seed = 1, SEEDS do
    it("is that of a list, seed " .. seed, function() compare(seed) end)
  end
end)
