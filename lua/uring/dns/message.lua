--- A server's answer, as bytes, becomes records.
local records = require "uring.dns.records"

local unpack = string.unpack

local HEADER = 12 -- bytes
local IN = 1 -- the class of the internet
local FOREVER = 0x80000000 -- seconds, and more: no TTL

local NO_MEMORY = "not enough memory" -- as Lua raises it

local read_name = records.read_name

local message = {}

local function read_record(bytes, at, type, kind, list)
  local name
  name, at = read_name(bytes, at)
  local number, class, ttl, size = unpack(">I2I2I4I2", bytes, at)
  at = at + 10
  local last = at + size - 1
  assert(last <= #bytes)
  if number == kind.number and class == IN then
    local record = kind.read(bytes, at, last)
    record.name, record.type = name, type
    record.ttl = ttl < FOREVER and ttl or 0
    list[#list + 1] = record
  end
  return last + 1
end

local function read(bytes, type)
  local list, at = {}, HEADER + 1
  local questions, answers = unpack(">I2I2", bytes, 5)
  for _ = 1, questions do
    at = select(2, read_name(bytes, at)) + 4
  end
  for _ = 1, answers do
    at = read_record(bytes, at, type, records.types[type], list)
  end
  return list
end

--- Takes an answer apart.
---@param bytes string what the server has sent
---@param type string of the records that are wanted: "MX"
---@return table[]? records nil where the message is malformed
function message.parse(bytes, type)
  local ok, list = pcall(read, bytes, type)
  if ok then return list end
  if list == NO_MEMORY then error(list, 0) end
  return nil
end

return message
