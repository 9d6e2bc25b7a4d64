--- Reads blocks of 4 KiB here and there, and looks at each: a block begins
-- with its number.
-- usage: lua5.4 bench/micro/random.lua strings|buffers|ops FILE DEPTH
--        MILLISECONDS [direct]
-- Prints "value IOPS".
local fs = require "uring.fs"
local rings = require "uring.ring"
local uring = require "uring"

local SIZE = 4096
local how, path, depth, milliseconds, direct = table.unpack(arg)

-- How to read: a function, what of, and how much, or where to.
local ways = {}

function ways.strings(file)
  return file.pread, file, SIZE
end

function ways.buffers(file)
  return file.pread_into, file, rings.buffer(SIZE, SIZE)
end

-- Each an op, whatever is in the page cache.
function ways.ops(file)
  return uring.op.read, file:fileno(), rings.buffer(SIZE, SIZE)
end

local is_over = false

local function read_on(blocks, read, from, into)
  local random, unpack, count = math.random, string.unpack, 0
  local buffer = into ~= SIZE and into
  repeat
    local block = random(0, blocks - 1)
    local bytes = read(from, into, block * SIZE)
    if unpack("<i8", buffer and buffer:sub(1, 8) or bytes) ~= block then
      error("block " .. block .. " is another")
    end
    count = count + 1
  until is_over
  return count
end

local function main()
  local file <close> = assert(fs.open(path, direct and "rd" or "r"))
  local blocks, count = file:size() // SIZE, 0
  local start = uring.now()
  uring.scope(function(scope)
    for _ = 1, depth do
      scope:spawn(function()
        local own = read_on(blocks, ways[how](file))
        count = count + own
      end)
    end
    uring.sleep(milliseconds / 1000)
    is_over = true
  end)
  print(("value %.0f"):format(count / (uring.now() - start)))
end

uring.run(main)
