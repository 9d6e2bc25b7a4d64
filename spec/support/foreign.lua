--- Libraries of others that specs run, where they are installed.
-- Distributions keep them for an older Lua, whose folders are searched last.
local FOLDERS = { "5.3", "5.1" } -- below what share/lua is for them

local foreign = {}

--- The search path, with those folders at its end.
---@return string
function foreign.path()
  local path = package.path
  for _, folder in ipairs(FOLDERS) do
    local at = "/usr/share/lua/" .. folder
    path = ("%s;%s/?.lua;%s/?/init.lua"):format(path, at, at)
  end
  return path
end

--- Loads a module; where there is none, the file has a pending test that says
-- which package would have it.
---@param name string
---@param package_name string
---@return any module nil where it is not here
function foreign.load(name, package_name)
  local path = package.path
  package.path = foreign.path()
  local ok, module = pcall(require, name)
  package.path = path
  if ok then return module end
  if not module:find("module '[^\n]+' not found") then error(module, 0) end
  pending("needs " .. package_name .. ": no module " .. name)
  return nil
end

return foreign
