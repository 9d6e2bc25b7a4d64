--- spec/support/audit.lua sees what a test leaves behind: each is planted.
local audit = require "spec.support.audit"
local core = require "uring.core"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local rows = require "spec.support.rows"

leaks.watch()

local function assert_sees(pattern, found)
  assert.equal(1, #found, table.concat(found, "; "))
  assert.matches(pattern, found[1])
end

describe("the audit sees", function()
  it("an op in flight, in any ring", function()
    local before = audit.before()
    local ring <close> = rows.ring()
    rows.start(ring, "timeout", 60)
    assert_sees("^1 ops in flight in uring.Ring", audit.look(before))
    ring:close()
    assert.same({}, audit.look(before))
  end)

  it("a child", function()
    local before = audit.before()
    local child <close> = process.start { "sleep", "60" }
    assert_sees("^left child " .. child.pid, audit.look(before))
    child:close()
    assert.same({}, audit.look(before))
  end)

  it("a signal that is ignored from now on", function()
    local before = audit.before()
    core.sigpipe "ignore"
    assert_sees("^signals were .* now ", audit.look(before))
    core.sigpipe "default"
    assert.same({}, audit.look(before))
  end)

  it("no thread that only waits for a job", function()
    local before = audit.before()
    local tray <close> = assert(core.tray())
    assert(tray:start("realpath", "/"))
    process.await("its end", function() return tray:take() end)
    process.await("no job", function() return #audit.look(before) == 0 end)
  end)
end)
