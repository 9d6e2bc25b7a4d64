--- The files that the questions about files read.
local fs = require "uring.fs"

local files = {}

local MIB = 1 << 20

--- Makes a file whose every block of 4 KiB begins with its number.
---@param path string
---@param size integer bytes
function files.blocks(path, size)
  local rest = ("uring"):rep(1000):sub(1, 4088)
  local file <close> = assert(fs.open(path, "w"))
  for from = 0, size // 4096 - 1, 256 do
    local parts = {}
    for block = from, from + 255 do
      parts[#parts + 1] = string.pack("<i8", block) .. rest
    end
    assert(file:write(parts))
  end
  assert(file:sync())
end

--- Makes a folder of many small files, a hundred in a folder.
---@param path string
---@param count integer
function files.tree(path, count)
  local text = ("All work and no play makes Jack a dull boy.\n"):rep(200)
  for i = 0, count - 1 do
    local folder = ("%s/%03d"):format(path, i // 100)
    if i % 100 == 0 then assert(fs.makedirs(folder)) end
    assert(fs.write_file(("%s/%05d"):format(folder, i),
      text:sub(1, 1 + i * 7919 % 8192)))
  end
end

--- Makes a file of lines.
---@param path string
---@param size integer bytes
function files.text(path, size)
  local line = "All work and no play makes Jack a dull boy.\n"
  assert(fs.write_file(path, line:rep(size // #line + 1):sub(1, size)))
end

--- How large the file of a context is: smaller where it is to be quick.
---@param context table scale
---@return integer bytes
function files.size(context)
  return math.max(1, math.floor(1024 * context.scale)) * MIB
end

return files
