--- What may go wrong in a simulated run, and how likely that is.
local errno = require "uring.errno"

local faults = {}

--- Each fault with what it does; docs/test.md says more.
faults.known = {
  "short", -- a read or write of fewer bytes than were possible
  "eintr", -- an op that is interrupted before it has done anything
  "eagain", -- a read or write of no socket that says to come back later
  "enobufs", -- a receive that finds no buffer in its buffer ring
  "emfile", -- no descriptor to be had
  "enospc", -- no room on the disk
  "reset", -- a connection that is reset
  "refuse", -- a connection that is refused
  "abort", -- a connection that is gone when it is accepted
  "overflow", -- no room for completions: a multishot op ends
  "line", -- no room for submissions: ops wait in line
  "late", -- a cancelled op that only ends later, perhaps with its result
  "slow", -- an op that takes up to a second
}

local SOME = {
  short = 0.2, eintr = 0.02, eagain = 0.05, enobufs = 0.05, emfile = 0.01,
  enospc = 0.01, reset = 0.01, refuse = 0.01, abort = 0.02, overflow = 0.1,
  line = 0.1, late = 0.3, slow = 0.05,
}

local function is_known(name)
  for _, each in ipairs(faults.known) do
    if each == name then return true end
  end
  return false
end

--- Checks what a user wants.
---@param wanted? table|boolean probabilities by name; true: some of each
---@return table probabilities 0 where nothing was said
function faults.check(wanted)
  local found = {}
  for _, name in ipairs(faults.known) do
    local chance = wanted == true and SOME[name] or 0
    if type(wanted) == "table" then chance = wanted[name] or 0 end
    if type(chance) ~= "number" or chance < 0 or chance > 1 then
      error(("uring.test: fault '%s' must be a probability, 0 to 1")
        :format(name), 0)
    end
    found[name] = chance
    found.any = found.any or chance > 0
  end
  for name in pairs(type(wanted) == "table" and wanted or {}) do
    if not is_known(name) then
      error(("uring.test: no fault '%s'; there are: %s"):format(
        tostring(name), table.concat(faults.known, ", ")), 0)
    end
  end
  return found
end

local function set(words)
  local has = {}
  for word in words:gmatch("%S+") do has[word] = true end
  return has
end

local INTERRUPTED =
  set "read readv write writev recv send send_zc sendmsg accept splice"
local TRANSFERS = set "read readv write writev"
local ON_STREAMS = set "read write recv send send_zc sendmsg recv_multishot"
local MAKES_FD = set "accept multishot_accept openat openat2 socket"
local ACCEPTS = set "accept multishot_accept"
local CONNECTS = set "connect"
local NEEDS_ROOM = set "write writev mkdirat fallocate"

-- Whether the first argument is a descriptor of this kind of thing.
local function is_on(op, kind)
  return op.object ~= false and op.object.kind == kind
end

-- What may befall an op: on what, which fault, and what it is told then.
local function on(names) return function(op) return names[op.name] end end

local function on_stream(op)
  return ON_STREAMS[op.name] and is_on(op, "socket")
    and op.object.state == "connected" and not op.object.messages
end

local RISKS = {
  { fault = "eintr", code = "EINTR", threatens = on(INTERRUPTED) },
  { fault = "emfile", code = "EMFILE", threatens = on(MAKES_FD) },
  { fault = "enospc", code = "ENOSPC", threatens = function(op)
    return NEEDS_ROOM[op.name] and (not op.object or is_on(op, "file")
      or is_on(op, "dir"))
  end },
  { fault = "eagain", code = "EAGAIN", threatens = function(op)
    return TRANSFERS[op.name] and not is_on(op, "socket")
  end },
  { fault = "reset", code = "ECONNRESET", threatens = on_stream },
  { fault = "enobufs", code = "ENOBUFS", threatens = function(op)
    return op.bufring
  end },
  { fault = "refuse", code = "ECONNREFUSED", threatens = on(CONNECTS) },
  { fault = "abort", code = "ECONNABORTED", threatens = on(ACCEPTS) },
}

--- Draws whether an op is to fail, when it is submitted.
---@param sim uring.test.Sim
---@param op table
---@return integer? code
function faults.draw(sim, op)
  local chances, random = sim.faults, sim.random
  if not chances.any then return nil end
  for i = 1, #RISKS do
    local risk = RISKS[i]
    local chance = chances[risk.fault]
    if chance > 0 and risk.threatens(op) and random:chance(chance) then
      if risk.fault == "reset" then
        op.object:reset()
        op.object:take_problem() -- it is told now
      end
      return errno[risk.code]
    end
  end
end

return faults
