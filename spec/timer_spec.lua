--- Timers come out in order, whatever the order they went in.
local leaks = require "spec.support.leaks"
local Timers = require "uring.timer"

leaks.watch()

local MS = 1000000
local SEEDS, ADDED = 20, 2000

-- Everything that is due at a time, in the order in which it comes out.
local function due(timers, now)
  local found = {}
  local bucket = timers:due(now)
  while bucket do
    for _, what in ipairs(bucket) do
      if what then found[#found + 1] = what end
    end
    bucket = timers:due(now)
  end
  return found
end

describe("a set of timers", function()
  local timers

  before_each(function() timers = Timers.new() end)

  it("has nothing due when it is empty", function()
    assert.is_nil(timers:next())
    assert.is_nil(timers:due(math.maxinteger))
  end)

  it("says when the earliest is due", function()
    timers:add(30 * MS, "late")
    assert.equal(30 * MS, timers:next())
    timers:add(10 * MS, "early")
    assert.equal(10 * MS, timers:next())
    timers:add(20 * MS, "between")
    assert.equal(10 * MS, timers:next())
  end)

  it("gives nothing before its time, and everything at its time", function()
    timers:add(10 * MS, "a")
    assert.same({}, due(timers, 10 * MS - 1))
    assert.same({ "a" }, due(timers, 10 * MS))
    assert.same({}, due(timers, 10 * MS))
    assert.is_nil(timers:next())
  end)

  it("orders by time, not by when it was added", function()
    for _, ms in ipairs { 5, 3, 9, 1, 7, 2, 8, 4, 6 } do
      timers:add(ms * MS, ms)
    end
    assert.same({ 1, 2, 3, 4, 5 }, due(timers, 5 * MS))
    assert.same({ 6, 7, 8, 9 }, due(timers, 100 * MS))
  end)

  it("keeps the order of those with the same time", function()
    for i = 1, 10 do timers:add(MS, i) end
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, due(timers, MS))
  end)

  it("rounds up to a millisecond, so that none is early", function()
    timers:add(1, "a nanosecond")
    timers:add(MS, "a millisecond")
    timers:add(MS + 1, "one more")
    assert.equal(MS, timers:next())
    assert.same({}, due(timers, MS - 1))
    assert.same({ "a nanosecond", "a millisecond" }, due(timers, MS))
    assert.equal(2 * MS, timers:next())
  end)

  it("gives what falls into one tick in one bucket", function()
    local bucket, place = timers:add(MS, "a")
    local same, other = timers:add(MS, "b")
    assert.equal(bucket, same)
    assert.same({ 1, 2 }, { place, other })
    assert.equal(bucket, timers:due(MS))
  end)

  it("forgets a place that was set to false", function()
    timers:add(MS, "a")
    local bucket, place = timers:add(MS, "b")
    timers:add(MS, "c")
    bucket:remove(place)
    timers:add(MS, "d")
    assert.same({ "a", "c", "d" }, due(timers, MS))
  end)

  it("takes out what is there, once", function()
    local bucket = timers:add(MS, "a")
    timers:add(MS, "b")
    bucket:leave("a")
    bucket:leave("a")
    bucket:leave("never there")
    timers:add(MS, "c")
    bucket:leave("c")
    assert.same({ "b" }, due(timers, MS))
  end)

  it("takes a new timer for a tick that has been", function()
    timers:add(MS, "first")
    due(timers, MS)
    timers:add(MS, "second")
    assert.equal(MS, timers:next())
    assert.same({ "second" }, due(timers, MS))
  end)

  it("takes times before zero", function()
    timers:add(5 * MS, "after")
    timers:add(-5 * MS, "before")
    assert.equal(-5 * MS, timers:next())
    assert.same({ "before", "after" }, due(timers, 5 * MS))
  end)
end)

-- The model: a list, of which all that is due is sorted by tick and age.
local function model_due(list, now)
  local found, left = {}, {}
  for _, entry in ipairs(list) do
    local is_due = entry.tick * MS <= now
    table.insert(is_due and found or left, entry)
  end
  table.sort(found, function(a, b)
    if a.tick ~= b.tick then return a.tick < b.tick end
    return a.age < b.age
  end)
  local ages = {}
  for i, entry in ipairs(found) do ages[i] = entry.age end
  return ages, left
end

local function remove_some(list, random)
  for i = #list, 1, -1 do
    if random(8) == 1 then
      local entry = table.remove(list, i)
      entry.bucket:remove(entry.place)
    end
  end
end

local function compare(seed)
  local state = seed
  local function random(most) -- of our own: a seed must mean the same anywhere
    state = (state * 6364136223846793005 + 1442695040888963407)
    return (state >> 33) % most + 1
  end
  local timers, list, now = Timers.new(), {}, 0
  for age = 1, ADDED do
    local at = now + random(300 * MS)
    local bucket, place = timers:add(at, age)
    list[#list + 1] = { tick = (at + MS - 1) // MS, age = age,
      bucket = bucket, place = place }
    if random(100) == 1 then
      remove_some(list, random)
      now = now + random(100 * MS)
      local expected
      expected, list = model_due(list, now)
      assert.same(expected, due(timers, now))
    end
  end
  assert.same((model_due(list, math.maxinteger)),
    due(timers, math.maxinteger - MS))
end

describe("many timers", function()
  for seed = 1, SEEDS do
    it("come out as a sorted list would, seed " .. seed, function()
      compare(seed)
    end)
  end
end)
