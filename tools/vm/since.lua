--- Compares the version in each row of the opcode table with this kernel:
-- lua5.4 tools/vm/since.lua
-- The kernel must know an opcode exactly if it is not older than the first
-- row of it, and must refuse the rows that came to the opcode later.  That
-- it takes the others is what spec/ops proves.
package.path = "./?.lua;" .. package.path

local samples = require "spec.support.samples"
local uring = require "uring.ring"

local PATIENCE = 5 -- seconds

-- Rows that older kernels do not refuse as a whole, and why.
local NOT_REFUSED = {
  cancel_opcode = "6.1.y knows its flag, but finds no op by it",
}

-- From 5.10.162 on it has 5.15's io_uring, but not the opcodes of 5.15.
local AS_IF = { ["5.10"] = "5.14" }

local function number_of(version)
  local major, minor = version:match "^(%d+)%.(%d+)"
  return tonumber(major) << 16 | tonumber(minor)
end

local function running()
  local file <close> = assert(io.open "/proc/sys/kernel/osrelease")
  return file:read "l"
end

local RELEASE = running()
local HERE = number_of(AS_IF[RELEASE:match "^%d+%.%d+"] or RELEASE)

-- opcode -> the first row of it.
local function first_rows()
  local first = {}
  for _, row in ipairs(uring.ops) do
    local known = first[row.opcode]
    if not known or number_of(row.since) < number_of(known.since) then
      first[row.opcode] = row
    end
  end
  return first
end

local wrong, skipped, tried = {}, {}, 0

local function fault(row, ...)
  wrong[#wrong + 1] = ("%s (%s): "):format(row.name, row.since)
    .. string.format(...)
end

local function compare_opcode(row, known)
  local due = number_of(row.since) <= HERE
  if known and not due then
    fault(row, "Linux %s knows opcode %d", RELEASE, row.opcode)
  elseif due and not known then
    fault(row, "Linux %s does not know opcode %d", RELEASE, row.opcode)
  end
end

-- Every fd is a socket: /dev/null takes any command, for one.
local SOCKET = assert(uring.socketpair())

local function prepare(ring, row)
  local things, values = samples.things(ring), {}
  for i, arg in ipairs(row.args) do
    values[i] = arg.kind == "fd" and SOCKET or samples.right(arg, things)
  end
  local sqe = ring:get_sqe()
  sqe["prep_" .. row.name](sqe, table.unpack(values, 1, #row.args))
end

-- What the kernel says of a row that it is too old for.
local function refusal(row)
  local ring <close> = assert(uring.ring(8))
  local ok, raised = pcall(prepare, ring, row)
  if not ok then return nil, (tostring(raised):gsub("^%S+:%d+: ", "")) end
  assert(ring:submit())
  if not ring:submit_and_wait(1, PATIENCE) then return 0 end
  return (ring:cqes()(ring))
end

-- The second is said where a flag of all SQEs came to an opcode later.
local function is_refusal(res)
  return res == -uring.errno.EINVAL or res == -uring.errno.EOPNOTSUPP
end

local function try(row)
  local why = NOT_REFUSED[row.name]
  if why then
    skipped[#skipped + 1] = row.name .. ": " .. why
    return
  end
  local res, message = refusal(row)
  if not res then
    skipped[#skipped + 1] = row.name .. ": " .. message
    return
  end
  tried = tried + 1
  if not is_refusal(res) then
    fault(row, "Linux %s does not refuse it: %d", RELEASE, res)
  end
end

local function main()
  local ring <close> = assert(uring.ring(1))
  local known = assert(ring:probe())
  local first = first_rows()
  for _, row in pairs(first) do compare_opcode(row, known[row.name]) end
  for _, row in ipairs(uring.ops) do
    local is_mode = row ~= first[row.opcode] and known[row.name]
    if is_mode and number_of(row.since) > HERE then try(row) end
  end
  table.sort(wrong)
  for _, line in ipairs(skipped) do print("not tried: " .. line) end
  for _, line in ipairs(wrong) do print("wrong: " .. line) end
  local result = #wrong == 0 and "ok" or #wrong .. " wrong"
  print(("since: %s, %d rows, %d of them refused, %d not tried")
    :format(result, #uring.ops, tried, #skipped))
end

main()
os.exit(#wrong == 0, true)
