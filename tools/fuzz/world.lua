--- What the fuzzer plays with: rings, objects of each type that are alive,
-- closed, foreign or collected, descriptors and a folder.
local core = require "uring.core"
local low = require "uring.ring"
local fitting = require "tools.fuzz.fitting"
local methods = require "tools.fuzz.methods"
local ours = require "tools.fuzz.ours"
local stock = require "tools.fuzz.stock"
local values = require "tools.fuzz.values"

local any = values.any
local KEPT = 24 -- objects of a type; more take the place of others

local world = {}
world.__index = world

--- How many descriptors are open.
function world.descriptors()
  local count = 0
  for fd = 0, 255 do
    local info <close> = io.open("/proc/self/fdinfo/" .. fd)
    if info then count = count + 1 end
  end
  return count
end

-- Names that paths lead to.
local NAMES = { "f1", "f2", "d1", "d1/f3", "l1", "missing", "d1/missing", "." }

--- Puts another ring in the place of one that was closed.
function world:replace(ring)
  for i, each in ipairs(self.rings) do
    if each == ring then
      table.remove(self.rings, i)
      self:keep("dead", ring)
      stock.add_ring(self)
      return
    end
  end
end

--- Makes a world.
---@return table world a <close> variable, please
function world.new()
  local self = setmetatable({
    path = stock.path, setters = ours.SETTERS,
    fds = {}, kinds = {}, dir = false, eventfd = false, ids = { 0 },
    rings = {}, wide = {}, drains = {}, bufrings_of = {}, registered = {},
    lists = { rings = false },
    pending = setmetatable({}, { __mode = "k" }),
  }, world)
  for _, name in ipairs(ours.LISTS) do self.lists[name] = {} end
  self.lists.rings = self.rings
  stock.add_files(self)
  stock.add_sockets(self)
  for _ = 1, 3 do stock.add_ring(self) end
  stock.add_objects(self)
  values.set_objects(function() return self:object() end)
  return self
end

function world:__close()
  values.set_objects(function() end)
  for _, list in ipairs { "rings", "odd", "dead" } do
    for _, ring in ipairs(self.lists[list]) do ring:close() end
  end
  for _, fd in ipairs(self.fds) do core.close(fd) end
  self.lists = nil
end

-- Puts a value in a list, in the place of another where there are many.
local function put(list, value)
  list[#list < KEPT and #list + 1 or math.random(KEPT)] = value
end

--- Remembers an object.
function world:keep(name, object)
  if type(object) == "userdata" then put(self.lists[name], object) end
end

--- Whether a value is an object of a list.
function world:is_a(name, value)
  local first = self.lists[name][1]
  return type(value) == "userdata"
    and getmetatable(value) == getmetatable(first)
end

--- One object of ours.
function world:object()
  return any(self.lists[any(ours.LISTS)])
end

--- A descriptor: ours, or one that is not open.
function world:fd()
  if math.random(12) == 1 then
    return any { 1 << 20, -1, -2, 1 << 31, math.maxinteger, "x", 0.5 }
  end
  return any(self.fds)
end

--- A path into the folder; from the folder, or absolute.
function world.name(relative)
  if math.random(20) == 1 then return stock.path .. "/" .. ("n"):rep(300) end
  if math.random(20) == 1 then return stock.path .. "/a\0b" end
  local name = any(NAMES)
  return relative and name or stock.path .. "/" .. name
end

--- The arguments of a row for an SQE of a ring.
---@param fit boolean whether they are right
function world:arguments(ring, row, fit)
  if fit then return fitting.arguments(self, ring, row) end
  return ours.arguments(self, row)
end

--- A row for an SQE of a ring.  Of a descriptor that is in use nothing may be
-- closed.  A ring has zero-copy sends or drained ops: of the former's
-- notifications Linux (6.1 to 6.18) loses count, and the latter never start.
function world:row(ring)
  local row = any(low.ops)
  local never = row.name == "close" or row.notif and self.drains[ring]
  return never and low.ops[1] or row
end

--- What a setter of an SQE of a ring gets.
function world:setting(name, ring)
  return ours.setting(name, self.drains[ring])
end

--- An op takes off; its data tell what it is.
function world:takes_off(data, id)
  self.pending[data] = true
  put(self.ids, id)
end

--- It has landed.
function world:lands(data)
  self.pending[data] = nil
end

--- Which ops of a ring have not landed yet, in words.
function world:waiting(ring)
  collectgarbage() -- for those that end without a CQE
  local words = {}
  for data in pairs(self.pending) do
    if data.ring == ring then
      words[#words + 1] = ("%s of call %d"):format(data.name, data.call)
    end
  end
  table.sort(words)
  return table.concat(words, ", ")
end

--- An object, a method of it, and arguments; or nothing.
function world:method()
  local list = any(ours.LISTS)
  local object = any(self.lists[list])
  if not object then return end
  local name = any(methods.names(list, object))
  if not name then return end
  local f = getmetatable(object)[name] or object[name]
  return object, name, f, methods.method_arguments(self, name)
end

--- A function of uring.ring, and arguments.
function world:ring_function()
  local name = any(methods.FUNCTIONS)
  return name, low[name], methods.function_arguments(self, name)
end

--- What a call has made is kept, or given back.
function world:made(name, object, ok, first, second)
  if name == "close" or name == "__gc" then self:replace(object) end
  if not ok then return end
  if methods.OPENERS[name] then
    for _, fd in ipairs { first, second } do core.close(fd) end
  elseif type(first) == "userdata" and name ~= "peek_cqe"
    and name ~= "wait_cqe" then
    local list = ours.list_of(first)
    if list == "rings" then list = "odd" end
    if list ~= "addresses" or ours.is_safe(self, first) then
      self:keep(list, first)
    end
  end
end

return world
