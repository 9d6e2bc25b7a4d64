--- What the records of each type hold.
-- records[type] is its number, and read(bytes, at, last), which takes the
-- record's data apart.  It raises where that is malformed.
local core = require "uring.core"

local unpack = string.unpack

local POINTER, MOST_LABELS = 0xC0, 128

local function escape(label)
  return (label:gsub("[^%w%-_]", function(char)
    if char:find("[.\\]") then return "\\" .. char end
    if char:find("%g") then return char end
    return ("\\%03d"):format(char:byte())
  end))
end

--- Reads a domain name, which may go on elsewhere in the message.
---@param bytes string the message
---@param at integer where it begins
---@return string name without the last dot; "." is the root
---@return integer at where it has ended
local function read_name(bytes, at)
  local labels, after, steps = {}, nil, 0
  local length = unpack("B", bytes, at)
  while length > 0 do
    steps = steps + 1
    if steps > MOST_LABELS then error("the name has no end") end
    if length >= POINTER then
      after = after or at + 2
      at = (unpack(">I2", bytes, at) & 0x3FFF) + 1
    elseif length > 63 then
      error("not a label")
    else
      labels[#labels + 1], at = escape((unpack("s1", bytes, at))),
        at + 1 + length
    end
    length = unpack("B", bytes, at)
  end
  return #labels > 0 and table.concat(labels, ".") or ".", after or at + 1
end

local function read_host(bytes, at)
  return { host = (read_name(bytes, at)) }
end

local function read_a(bytes, at, last)
  assert(last - at == 3)
  return { address = ("%d.%d.%d.%d"):format(bytes:byte(at, last)) }
end

local function read_aaaa(bytes, at, last)
  assert(last - at == 15)
  local text = ("%x:%x:%x:%x:%x:%x:%x:%x"):format(
    unpack(">I2I2I2I2I2I2I2I2", bytes, at))
  return { address = core.sockaddr(text, 0).host }
end

local function read_mx(bytes, at)
  return { preference = unpack(">I2", bytes, at),
    host = (read_name(bytes, at + 2)) }
end

local function read_txt(bytes, at, last)
  local strings = {}
  while at <= last do
    strings[#strings + 1], at = unpack("s1", bytes, at)
  end
  assert(at == last + 1)
  return { text = table.concat(strings), strings = strings }
end

local function read_srv(bytes, at)
  local priority, weight, port = unpack(">I2I2I2", bytes, at)
  return { priority = priority, weight = weight, port = port,
    host = (read_name(bytes, at + 6)) }
end

local function read_soa(bytes, at)
  local record = {}
  record.mname, at = read_name(bytes, at)
  record.rname, at = read_name(bytes, at)
  record.serial, record.refresh, record.retry, record.expire, record.minimum =
    unpack(">I4I4I4I4I4", bytes, at)
  return record
end

local function read_caa(bytes, at, last)
  local flags, tag, value = unpack("Bs1", bytes, at)
  assert(value <= last + 1)
  return { critical = flags & 0x80 ~= 0, tag = tag,
    value = bytes:sub(value, last) }
end

local records = {
  A = { number = 1, read = read_a },
  NS = { number = 2, read = read_host },
  CNAME = { number = 5, read = read_host },
  SOA = { number = 6, read = read_soa },
  PTR = { number = 12, read = read_host },
  MX = { number = 15, read = read_mx },
  TXT = { number = 16, read = read_txt },
  AAAA = { number = 28, read = read_aaaa },
  SRV = { number = 33, read = read_srv },
  CAA = { number = 257, read = read_caa },
}

return { types = records, read_name = read_name }
