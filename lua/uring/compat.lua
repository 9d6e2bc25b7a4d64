--- Modules of others, on uring: LuaSocket's, and io.
--   require "uring.compat".install { "socket", "socket.core", "io" }
local compat = {}

local function socket()
  return require "uring.compat.socket"
end

-- What gives that by which a module of others is replaced.
local MODULES = {
  socket = socket, ["socket.core"] = socket,
  ["socket.unix"] = function() return socket().unix end,
}

local function put_back(replaced)
  for name, before in pairs(replaced) do
    package.loaded[name] = before or nil
  end
end

--- Has require give ours in the place of others' modules: call it before
-- they, or what uses them, are required.  "io" replaces the functions of the
-- global table.
---@param names string[] "socket", "socket.core", "socket.unix", "io"
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
      package.loaded[name] = MODULES[name]()
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
