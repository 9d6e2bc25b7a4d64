--- Reads blocks of 4 KiB here and there, and looks at each: a block begins
-- with its number.
-- usage: lua5.4 bench/micro/random.lua strings|buffers FILE DEPTH MILLISECONDS
--        [direct]
-- Prints "value IOPS".
local fs = require "uring.fs"
local rings = require "uring.ring"
local uring = require "uring"

local SIZE = 4096
local how, path, depth, milliseconds, direct = table.unpack(arg)

local function strings(file)
  return function(offset)
    return assert(file:pread(SIZE, offset))
  end
end

local function buffers(file)
  local buffer = rings.buffer(SIZE, SIZE)
  local read, fd = uring.op.read, file:fileno()
  return function(offset)
    assert(read(fd, buffer, offset) == SIZE)
    return buffer:sub(1, 8)
  end
end

local function read_on(read, blocks, stop)
  local random, unpack, count = math.random, string.unpack, 0
  repeat
    local block = random(0, blocks - 1)
    assert(unpack("<i8", read(block * SIZE)) == block)
    count = count + 1
  until uring.now() >= stop
  return count
end

local function main()
  local file <close> = assert(fs.open(path, direct and "rd" or "r"))
  local blocks, count = file:size() // SIZE, 0
  local start = uring.now()
  local stop = start + milliseconds / 1000
  uring.scope(function(scope)
    for _ = 1, depth do
      scope:spawn(function()
        local read = (how == "strings" and strings or buffers)(file)
        local own = read_on(read, blocks, stop)
        count = count + own
      end)
    end
  end)
  print(("value %.0f"):format(count / (uring.now() - start)))
end

uring.run(main)
