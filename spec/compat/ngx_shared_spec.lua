--- ngx.shared: dictionaries that forget.
local leaks = require "spec.support.leaks"
local simulated = require "uring.test"
local uring = require "uring"

local compat = require "uring.compat.ngx"
local ngx = compat.ngx

leaks.watch()

local undo, cats

before_each(function()
  undo = compat.install { shared = { cats = "4k", dogs = 1000 } }
  cats = ngx.shared.cats
end)

after_each(function() undo() end)

local function packed(...)
  return table.pack(...)
end

describe("a shared dictionary", function()
  it("is there where install was told so", function()
    assert.equal(4096, cats:capacity())
    assert.equal(1000, ngx.shared.dogs:capacity())
    assert.is_nil(ngx.shared.birds)
    undo()
    assert.is_nil(ngx.shared.cats)
  end)

  it("sets and gets", function()
    assert.same({ n = 3, true, nil, false }, packed(cats:set("Tom", 1)))
    assert.same({ n = 2, 1, nil }, packed(cats:get "Tom"))
    cats:set("Tom", "grey", 0, 7)
    assert.same({ "grey", 7 }, { cats:get "Tom" })
    cats:set("Tom", false)
    assert.is_false((cats:get "Tom"))
    cats:set(1, "one")
    assert.equal("one", (cats:get "1"))
    cats:set("Tom", nil)
    assert.is_nil((cats:get "Tom"))
    cats:delete "1"
    assert.is_nil((cats:get "1"))
  end)

  it("adds and replaces", function()
    assert.is_true((cats:add("a", 1)))
    assert.same({ n = 3, false, "exists", false }, packed(cats:add("a", 2)))
    assert.is_true((cats:replace("a", 3)))
    assert.same({ n = 3, false, "not found", false },
      packed(cats:replace("b", 3)))
    assert.equal(3, (cats:get "a"))
  end)

  it("counts", function()
    assert.same({ n = 2, nil, "not found" }, packed(cats:incr("n", 1)))
    assert.equal(6, (cats:incr("n", 1, 5)))
    assert.equal(5.5, (cats:incr("n", -0.5)))
    cats:set("text", "x")
    assert.same({ nil, "not a number" }, { cats:incr("text", 1) })
  end)

  it("has values expire", function()
    simulated.run(function()
      cats:set("short", "x", 0.1)
      cats:set("long", "y", 10)
      assert.is_true(math.abs(cats:ttl "short" - 0.1) < 0.01)
      uring.sleep(0.2)
      assert.is_nil((cats:get "short"))
      assert.same({ n = 3, "x", nil, true }, packed(cats:get_stale "short"))
      assert.same({ "y", nil, false }, { cats:get_stale "long" })
      assert.same({ nil, "not found" }, { cats:ttl "short" })
      assert.is_true((cats:add("short", "new")))
      assert.equal(0, cats:ttl "short")
      assert.is_true(cats:expire("short", 1))
      assert.same({ nil, "not found" }, { cats:expire("none", 1) })
      uring.sleep(2)
      assert.same({ "long" }, cats:get_keys())
      assert.equal(1, cats:flush_expired())
      assert.equal(0, cats:flush_expired())
      cats:flush_all()
      assert.is_nil((cats:get "long"))
    end)
  end)

  it("forgets what was not used for longest", function()
    for i = 1, 10 do cats:set("k" .. i, ("x"):rep(300)) end
    cats:get "k1"
    local _, _, forcible = cats:set("more", ("x"):rep(1000))
    assert.is_true(forcible)
    assert.is_truthy((cats:get "k1"))
    assert.is_nil((cats:get "k2"))
    assert.is_true(cats:free_space() < 1000)
  end)

  it("refuses where it must not forget", function()
    assert.is_true((cats:safe_set("a", ("x"):rep(3000))))
    assert.same({ n = 3, false, "no memory", false },
      packed(cats:safe_set("b", ("x"):rep(3000))))
    assert.same({ n = 3, false, "no memory", false },
      packed(cats:safe_add("b", ("x"):rep(3000))))
    assert.is_truthy((cats:get "a"))
    assert.is_false((cats:set("c", ("x"):rep(5000))))
  end)

  it("has lists", function()
    assert.equal(0, cats:llen "l")
    assert.equal(1, cats:rpush("l", "b"))
    assert.equal(2, cats:rpush("l", 3))
    assert.equal(3, cats:lpush("l", "a"))
    assert.equal(3, cats:llen "l")
    assert.same({ nil, "value is a list" }, { cats:get "l" })
    assert.equal("a", (cats:lpop "l"))
    assert.equal(3, (cats:rpop "l"))
    assert.equal("b", (cats:rpop "l"))
    assert.is_nil((cats:rpop "l"))
    assert.equal(cats:capacity(), cats:free_space())
    cats:set("s", "x")
    assert.same({ nil, "value not a list" }, { cats:lpush("s", 1) })
    assert.same({ nil, "value not a list" }, { cats:llen "s" })
    assert.same({ nil, "bad value type" }, { cats:lpush("l", {}) })
  end)

  it("lists its keys", function()
    for i = 1, 5 do cats:set("k" .. i, i) end
    assert.equal(5, #cats:get_keys())
    assert.same({ "k5", "k4" }, cats:get_keys(2))
  end)

  it("refuses keys and values", function()
    assert.same({ nil, "nil key" }, { cats:get(nil) })
    assert.same({ nil, "empty key" }, { cats:set("", 1) })
    assert.same({ nil, "key too long" }, { cats:get(("x"):rep(65536)) })
    assert.same({ nil, "bad value type" }, { cats:set("a", {}) })
    assert.has_error(function() cats:set({}, 1) end)
    assert.has_error(function() cats:set("a", 1, -1) end,
      'bad "exptime" argument')
  end)
end)
