--- MD5, SHA-1 and CRC-32, in Lua: for short strings.
local digest = {}

local M = 0xFFFFFFFF

local function rotate(x, count)
  x = x & M
  return (x << count | x >> (32 - count)) & M
end

-- The bytes, filled up to blocks of 64; the length is last.
local function padded(bytes, format)
  return bytes .. "\x80" .. ("\0"):rep((55 - #bytes) % 64)
    .. format:pack(#bytes * 8)
end

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- MD5, RFC 1321

local SHIFT = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 },
  { 6, 10, 15, 21 } }
local SINE = {}
for i = 0, 63 do SINE[i] = math.floor(math.abs(math.sin(i + 1)) * 2 ^ 32) end

local function md5_mix(i, b, c, d)
  if i < 16 then return b & c | ~b & d, i end
  if i < 32 then return d & b | ~d & c, (5 * i + 1) % 16 end
  if i < 48 then return b ~ c ~ d, (3 * i + 5) % 16 end
  return c ~ (b | ~d & M), 7 * i % 16
end

local function md5_block(block, A, B, C, D)
  local a, b, c, d = A, B, C, D
  for i = 0, 63 do
    local mixed, place = md5_mix(i, b, c, d)
    local sum = a + mixed + SINE[i] + block[place + 1]
    a, b, c, d = d, (b + rotate(sum, SHIFT[i // 16 + 1][i % 4 + 1])) & M, b, c
  end
  return (A + a) & M, (B + b) & M, (C + c) & M, (D + d) & M
end

local MD5_BLOCK = "<" .. ("I4"):rep(16)

--- MD5.
---@param bytes string
---@return string 16 bytes
function digest.md5_bin(bytes)
  local a, b, c, d = 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476
  local all = padded(tostring(bytes), "<I8")
  for at = 1, #all, 64 do
    a, b, c, d = md5_block({ MD5_BLOCK:unpack(all, at) }, a, b, c, d)
  end
  return ("<I4I4I4I4"):pack(a, b, c, d)
end

--- MD5.
---@param bytes string
---@return string 32 digits
function digest.md5(bytes)
  return hex(digest.md5_bin(bytes))
end

-- SHA-1, RFC 3174

local function sha1_mix(i, b, c, d)
  if i <= 20 then return (b & c | ~b & d) + 0x5A827999 end
  if i <= 40 then return (b ~ c ~ d) + 0x6ED9EBA1 end
  if i <= 60 then return (b & c | b & d | c & d) + 0x8F1BBCDC end
  return (b ~ c ~ d) + 0xCA62C1D6
end

local function sha1_block(w, A, B, C, D, E)
  for i = 17, 80 do
    w[i] = rotate(w[i - 3] ~ w[i - 8] ~ w[i - 14] ~ w[i - 16], 1)
  end
  local a, b, c, d, e = A, B, C, D, E
  for i = 1, 80 do
    local sum = rotate(a, 5) + sha1_mix(i, b, c, d) + e + w[i]
    a, b, c, d, e = sum & M, a, rotate(b, 30), c, d
  end
  return (A + a) & M, (B + b) & M, (C + c) & M, (D + d) & M, (E + e) & M
end

local SHA1_BLOCK = ">" .. ("I4"):rep(16)

--- SHA-1.
---@param bytes string
---@return string 20 bytes
function digest.sha1_bin(bytes)
  local a, b, c, d, e = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476,
    0xC3D2E1F0
  local all = padded(tostring(bytes), ">I8")
  for at = 1, #all, 64 do
    local block = { SHA1_BLOCK:unpack(all, at) }
    block[17] = nil -- where unpack has stopped
    a, b, c, d, e = sha1_block(block, a, b, c, d, e)
  end
  return (">I4I4I4I4I4"):pack(a, b, c, d, e)
end

local function xored(key, byte)
  return (key:gsub(".", function(c) return string.char(c:byte() ~ byte) end))
end

--- HMAC with SHA-1, RFC 2104.
---@param key string
---@param bytes string
---@return string 20 bytes
function digest.hmac_sha1(key, bytes)
  if #key > 64 then key = digest.sha1_bin(key) end
  key = key .. ("\0"):rep(64 - #key)
  local inner = digest.sha1_bin(xored(key, 0x36) .. bytes)
  return digest.sha1_bin(xored(key, 0x5C) .. inner)
end

-- CRC-32, as of gzip

local TABLE = {}
for i = 0, 255 do
  local crc = i
  for _ = 1, 8 do crc = crc & 1 == 1 and 0xEDB88320 ~ crc >> 1 or crc >> 1 end
  TABLE[i] = crc
end

--- CRC-32.
---@param bytes string
---@return integer
function digest.crc32_long(bytes)
  local crc = M
  for at = 1, #bytes do
    crc = TABLE[(crc ~ bytes:byte(at)) & 255] ~ crc >> 8
  end
  return crc ~ M
end

digest.crc32_short = digest.crc32_long

return digest
