--- What a scope has in it: in order, whoever leaves, and found to the end.
local leaks = require "spec.support.leaks"
local Members = require "uring.members"

leaks.watch()

local function listing(members)
  local found = {}
  for seat, member in Members.each(members) do
    assert.equal(seat, member.seat)
    found[#found + 1] = member.name
  end
  return found
end

local function enter(members, name)
  local member = { name = name }
  members:reserve()
  members:enter(member)
  return member
end

describe("members", function()
  it("stay in their order, and keep their seats where gaps are closed",
    function()
      local members, all = Members.new(), {}
      for i = 1, 40 do all[i] = enter(members, i) end
      for i = 4, 39 do members:leave(all[i]) end
      enter(members, "new") -- closes the gaps
      assert.same({ 1, 2, 3, 40, "new" }, listing(members))
      assert.equal(5, members.count)
      assert.is_true(members.last < 40)
    end)

  it("are as a plain list says, after any history", function()
    math.randomseed(7)
    local members, model = Members.new(), {}
    for i = 1, 5000 do
      if #model > 0 and math.random() < 0.52 then
        members:leave(table.remove(model, math.random(#model)))
      else
        model[#model + 1] = enter(members, i)
      end
      if i % 50 == 0 then
        local names = {}
        for place, member in ipairs(model) do names[place] = member.name end
        assert.same(names, listing(members))
        assert.equal(#model, members.count)
      end
    end
  end)

  it("that have left sit nowhere", function()
    local members = Members.new()
    local member = enter(members, "one")
    members:leave(member)
    assert.same({ 0, 0, {} }, { member.seat, members.count,
      listing(members) })
    assert.same({}, listing(false))
  end)
end)
