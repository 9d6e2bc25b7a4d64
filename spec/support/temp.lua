--- Things in the file system that go away with the variable that has them:
--   local file <close> = temp.file("content")
--   file.path, file:read()
local Temp = {}
Temp.__index = Temp

local temp = {}

local function claim()
  return setmetatable({ path = os.tmpname() }, Temp)
end

--- Makes a file.
---@param content? string
---@return table file
function temp.file(content)
  local self = claim()
  local file <close> = assert(io.open(self.path, "wb"))
  file:write(content or "")
  return self
end

--- Makes a name that nothing has.
---@return table name
function temp.name()
  local self = claim()
  os.remove(self.path)
  return self
end

--- Makes a FIFO.
---@return table fifo
function temp.fifo()
  local self = temp.name()
  assert(os.execute("mkfifo " .. self.path))
  return self
end

--- Reads what is in the file now.
---@return string
function Temp:read()
  local file <close> = assert(io.open(self.path, "rb"))
  return file:read("a")
end

function Temp:__close()
  os.remove(self.path)
end

return temp
