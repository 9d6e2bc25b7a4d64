--- Proves sqe:set_raw: an SQE field by field.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local uring = require "uring.ring"

describe("a raw SQE", function()
  leaks.watch()

  local function call(ring, fields)
    ring:get_sqe():set_raw(fields):set_data("raw")
    assert.equal(1, ring:submit_and_wait(1, 10))
    local res, flags, data = ring:cqes()(ring)
    assert.same({ 0, "raw", 0 }, { flags, data, ring:in_flight() })
    return res
  end

  it("does what its fields say", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local r, w = own(uring.pipe())
    local write, read = uring.opcodes.write, uring.opcodes.read
    assert.equal(4, call(ring, { opcode = write, fd = w, addr = "text",
      len = 4, off = -1 }))
    local buffer = uring.buffer(8)
    assert.equal(4, call(ring, { opcode = read, fd = r, addr = buffer,
      len = 8, off = -1 }))
    assert.equal("text", buffer:sub(1, 4))
  end)

  it("is a nop without fields, and takes the id of another op", function()
    local ring <close> = rows.ring()
    assert.equal(0, call(ring, {}))
    local _, id = raw.prepare(ring, "timeout", 60)
    ring:submit()
    ring:get_sqe():set_raw { opcode = uring.opcodes.timeout_remove, fd = -1,
      addr = id }
    ring:submit_and_wait(2, 10)
    local count = 0
    for _ in ring:cqes() do count = count + 1 end
    assert.equal(2, count)
  end)

  it("keeps the memory that it names until its CQE", function()
    local own <close> = rows.owner()
    local ring <close> = rows.ring()
    local a, b = own(uring.socketpair())
    ring:get_sqe():set_raw { opcode = uring.opcodes.recv, fd = a,
      addr = uring.buffer(8), len = 8 }
    ring:submit()
    raw.collect()
    rows.raw("send", b, "x")
    assert.equal(1, rows.reap(ring, 1)[1].res)
  end)

  it("refuses fields that are none, or out of range", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    local buffer = uring.buffer(1)
    buffer:close()
    for field, value in pairs { opcode = 256, ioprio = -1, fd = 1 << 31,
      len = 1 << 32, addr = true, buf_index = 1 << 16, off = 1.5 } do
      assert.error_matches(function() sqe:set_raw { [field] = value } end,
        "set_raw: '" .. field .. "' is out of range")
    end
    assert.error_matches(function() sqe:set_raw { opcod = 1 } end,
      "set_raw: unknown field 'opcod'")
    assert.error_matches(function() sqe:set_raw { addr = buffer } end,
      "set_raw: the buffer is closed")
    assert.equal("uring.SQE (nop)", tostring(sqe))
  end)
end)
