--- An Address as the bytes that the kernel writes, see struct sockaddr.
local core = require "uring.core"

local C = core.consts

local function words(text)
  local list = {}
  for word in text:gmatch("%x+") do list[#list + 1] = tonumber(word, 16) end
  return list
end

-- The 16 bytes of a host as getnameinfo(3) writes it.
local function bytes_of(host)
  local dotted = { host:match("(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  if #dotted == 4 then
    host = host:gsub("[%d.]+$", "") .. ("%x:%x"):format(
      dotted[1] << 8 | dotted[2], dotted[3] << 8 | dotted[4])
  end
  local left, right = host:match("^(.-)::(.*)$")
  local front, back = words(left or host), words(right or "")
  for _ = 1, 8 - #front - #back do front[#front + 1] = 0 end
  for _, word in ipairs(back) do front[#front + 1] = word end
  return string.pack(">I2I2I2I2I2I2I2I2", table.unpack(front, 1, 8))
end

--- Writes an address as bytes.
---@param address uring.Address
---@return string
return function(address)
  local family = address.family
  if family == "inet" then
    local a, b, c, d = address.host:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")
    return string.pack("<I2", C.AF_INET) .. string.pack(">I2BBBB",
      address.port, a, b, c, d) .. ("\0"):rep(8)
  elseif family == "inet6" then
    return string.pack("<I2", C.AF_INET6)
      .. string.pack(">I2I4", address.port, 0) .. bytes_of(address.host)
      .. ("\0"):rep(4)
  end
  return string.pack("<I2", C.AF_UNIX)
    .. (address.path or ""):gsub("^@", "\0")
end
