--- Modules of others, on uring: LuaSocket's, and io.
--   require "uring.compat".install { "socket", "socket.core", "io" }
local compat = {}

-- What a module of others is replaced by.
local MODULES = {
  socket = "uring.compat.socket", ["socket.core"] = "uring.compat.socket",
}

local function put_back(replaced)
  for name, before in pairs(replaced) do
    package.loaded[name] = before or nil
  end
end

--- Has require give ours in the place of others' modules: call it before
-- they, or what uses them, are required.  "io" replaces the functions of the
-- global table.
---@param names string[] "socket", "socket.core", "io"
---@return function undo puts back what was there
function compat.install(names)
  if type(names) ~= "table" then
    error("install: bad argument 'names' (table expected)", 2)
  end
  local replaced, undo_io = {}, nil
  for _, name in ipairs(names) do
    if not MODULES[name] and name ~= "io" then
      error("install: bad name '" .. tostring(name) .. "'", 2)
    end
  end
  for _, name in ipairs(names) do
    if name == "io" then
      undo_io = require "uring.compat.io".install()
    elseif replaced[name] == nil then
      replaced[name] = package.loaded[name] or false
      package.loaded[name] = require(MODULES[name])
    end
  end
  return function()
    put_back(replaced)
    replaced = {}
    if undo_io then undo_io() end
    undo_io = nil
  end
end

return compat
