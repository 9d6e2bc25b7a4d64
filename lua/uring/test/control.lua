--- Rows of a simulated ring that touch no descriptor's content: nothing,
-- time, cancelling and closing.
local core = require "uring.core"
local errno = require "uring.errno"

local C = core.consts
local MORE = C.IORING_CQE_F_MORE

local rows = {}

rows.nop = { attempt = function() return true end }

-- Time

local function due(sim, time, flags)
  return time + (flags & C.IORING_TIMEOUT_ABS == 0 and sim.now or 0)
end

rows.timeout = {
  lacks = function(op) return op[2] ~= 0 and "a timeout with a count" end,
  submit = function(sim, op) op.at = due(sim, op[1], op[3]) end,
  attempt = function() return true end,
}

local function expire(sim, op)
  op.fired = (op.fired or 0) + 1
  if op.fired == op[2] then return true end
  op.at = sim.now + math.max(1, op[1])
  return true, MORE
end

rows.timeout_multishot = {
  goes_on = true, attempt = expire,
  submit = function(sim, op) op.at = sim.now + op[1] end,
}

local TIMEOUTS = { timeout = true, timeout_multishot = true }

local function timeout_of(ring, id)
  local op = ring.by_id[id]
  if op and op.place and not op.done and TIMEOUTS[op.name] then return op end
end

rows.timeout_remove = { shows = 1, submit = function(sim, op)
  local target = timeout_of(op.ring, op[1])
  if not target then return false, errno.ENOENT end
  target:settle(sim, false, errno.ECANCELED)
  return true
end }

rows.timeout_update = { shows = 2, submit = function(sim, op)
  local target = timeout_of(op.ring, op[2])
  if not target then return false, errno.ENOENT end
  target.at = due(sim, op[1], op[3])
  return true
end }

-- Cancelling

local function cancel_id(sim, ring, id, wanted)
  local target = ring.by_id[id]
  if not target or not target.place or wanted and not wanted[target.name] then
    return false, errno.ENOENT
  end
  local code = target:cancel(sim)
  if code ~= 0 then return false, code end
  return true
end

rows.cancel = { shows = 1, submit = function(sim, op)
  if op[2] & C.IORING_ASYNC_CANCEL_ANY ~= 0 then
    return rows.cancel_any.submit(sim, op)
  end
  return cancel_id(sim, op.ring, op[1])
end }

local POLLS = { poll_add = true, poll_multishot = true }

rows.poll_remove = { shows = 1, submit = function(sim, op)
  return cancel_id(sim, op.ring, op[1], POLLS)
end }

-- Cancels the ops that match, or the first of them.
local function cancel_matching(sim, ring, matches, all)
  local found = 0
  for i = 1, ring.count do
    local target = ring.flights[i]
    if matches(target) then
      local code = target:cancel(sim)
      if not all then
        if code ~= 0 then return false, code end
        return true
      end
      if code ~= errno.ENOENT then found = found + 1 end
    end
  end
  if all then return found end
  return false, errno.ENOENT
end

local function is_all(flags)
  return flags & C.IORING_ASYNC_CANCEL_ALL ~= 0
end

local function matched(count, code)
  if count == 0 then return true end
  return count, code
end

rows.cancel_fd = { fd = 1, shows = 1, submit = function(sim, op)
  return matched(cancel_matching(sim, op.ring, function(target)
    return target ~= op and target.object == op.object
  end, is_all(op[2])))
end }

rows.cancel_any = { submit = function(sim, op)
  return cancel_matching(sim, op.ring, function(target)
    return target ~= op
  end, true)
end }

local OPCODES = {}
for _, row in ipairs(core.ops) do OPCODES[row.name] = row.opcode end

rows.cancel_opcode = { shows = 1, submit = function(sim, op)
  return matched(cancel_matching(sim, op.ring, function(target)
    return target ~= op and OPCODES[target.name] == op[1]
  end, is_all(op[2])))
end }

-- Closing

rows.close = { shows = 1, submit = function(sim, op)
  if sim.descriptors:close(op[1], tostring(op)) then return true end
  return false, errno.EBADF
end }

return rows
