--- Proves the row nop128: a nop as wide as two SQEs of 64 bytes.
local rows = require "spec.support.rows"
local uring = require "uring.ring"

rows.describe("nop128", function()
  local function mixed(entries)
    return assert(uring.ring(entries or 8, { flags = { "sqe_mixed" } }))
  end

  local function prepare(sqe, row, data)
    sqe["prep_" .. row](sqe)
    return sqe:set_data(data)
  end

  local function assert_idle(ring)
    assert.equal(0, ring:in_flight())
    assert.equal(0, ring:submit_and_wait(0))
    assert.equal(0, ring:cq_ready())
  end

  it("completes with 0, once", function()
    local ring <close> = mixed()
    prepare(ring:get_sqe128(), "nop128", "wide")
    ring:submit()
    assert.same({ { res = 0, flags = 0, data = "wide" } },
      rows.reap(ring, 1))
    assert_idle(ring)
  end)

  it("does so where all SQEs are wide", function()
    local ring <close> = assert(uring.ring(4, { flags = { "sqe128" } }))
    for _ = 1, 5 do
      assert.same({ 0, 0 }, { rows.call(ring, "nop128") })
      prepare(ring:get_sqe128(), "nop128", "wide")
      ring:submit()
      assert.same({ { res = 0, flags = 0, data = "wide" } },
        rows.reap(ring, 1))
    end
    assert_idle(ring)
  end)

  it("takes two places of the SQ", function()
    local ring <close> = mixed(4)
    assert.equal(4, ring:sq_space_left())
    prepare(ring:get_sqe128(), "nop128", 1)
    assert.equal(2, ring:sq_space_left())
    prepare(ring:get_sqe(), "nop", 2)
    assert.is_nil(ring:get_sqe128())
    prepare(ring:get_sqe(), "nop", 3)
    assert.is_nil(ring:get_sqe())
    ring:submit()
    for i, cqe in ipairs(rows.reap(ring, 3)) do
      assert.same({ res = 0, flags = 0, data = i }, cqe)
    end
    assert_idle(ring)
  end)

  it("keeps its turn among nops of 64 bytes, anywhere in the SQ", function()
    local ring <close> = mixed()
    for narrow = 0, 3 do
      for _ = 1, 20 do
        for i = 1, narrow do prepare(ring:get_sqe(), "nop", i) end
        prepare(ring:get_sqe128(), "nop128", narrow + 1)
        ring:submit()
        for i, cqe in ipairs(rows.reap(ring, narrow + 1)) do
          assert.same({ res = 0, flags = 0, data = i }, cqe)
        end
      end
    end
    assert_idle(ring)
  end)

  it("is a link of a chain", function()
    local ring <close> = mixed()
    for _ = 1, 10 do
      ring:chain(function(chain)
        prepare(chain:get_sqe(), "nop", 1)
        prepare(chain:get_sqe128(), "nop128", 2)
        prepare(chain:get_sqe(), "nop", 3)
      end)
      ring:submit()
      for i, cqe in ipairs(rows.reap(ring, 3)) do
        assert.same({ res = 0, flags = 0, data = i }, cqe)
      end
    end
    assert_idle(ring)
  end)

  it("is forgotten where the ring closes before it is submitted", function()
    local ring <close> = mixed()
    prepare(ring:get_sqe(), "nop", 1)
    prepare(ring:get_sqe128(), "nop128", 2)
    ring:close()
  end)

  it("is refused in an SQE of 64 bytes, as those of a run are", function()
    local ring <close> = mixed()
    assert.error_matches(function() ring:get_sqe():prep_nop128() end,
      "nop128: needs an SQE of 128 bytes (ring:get_sqe128)", 1, true)
    assert.same({ nil, "nop128: needs an SQE of 128 bytes: see "
      .. "ring:get_sqe128", uring.errno.EINVAL }, { rows.await("nop128") })
  end)

  -- The kernel would take the next SQE for the second half of this one.
  it("spares the next SQE where it was to be put into a small one", function()
    local ring <close> = mixed()
    assert.is_false(pcall(prepare, ring:get_sqe(), "nop128", "wide"))
    prepare(ring:get_sqe(), "nop", "next")
    ring:submit()
    local found = {}
    for _, cqe in ipairs(rows.reap(ring, 2)) do
      found[#found + 1] = cqe.data
    end
    assert.equal("next", found[#found])
    assert_idle(ring)
  end)

  it("is what a wide SQE is until another is prepared", function()
    local ring <close> = mixed()
    ring:get_sqe128():set_data("unprepared")
    ring:submit()
    assert.equal("unprepared", rows.reap(ring, 1)[1].data)
    assert_idle(ring)
    local sqe = ring:get_sqe128()
    assert.error_matches(function() sqe:prep_nop() end,
      "nop: needs an SQE of 64 bytes (ring:get_sqe)", 1, true)
    sqe:set_data("still")
    ring:submit()
    assert.equal("still", rows.reap(ring, 1)[1].data)
    assert_idle(ring)
  end)
end)
