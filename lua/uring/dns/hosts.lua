--- Files such as /etc/hosts: an address and its names on each line.
-- The file is read for each question: it may have changed.
local core = require "uring.core"
local fs = require "uring.fs"

local hosts = {}

-- Calls each(host, family, names) for the lines of a file.
local function walk(path, each)
  local file <close>, message, code = fs.open(path)
  if not file then return nil, message, code end
  for line in file:lines() do
    local words = {}
    for word in line:gsub("#.*", ""):gmatch("%S+") do
      words[#words + 1] = word
    end
    local where = words[2] and core.sockaddr(words[1], 0)
    if where and where.host then
      each(where.host, where.family, table.move(words, 2, #words, 1, {}))
    end
  end
  return true
end

--- Looks for the addresses of a name.
---@param path string
---@param name string
---@param family? "inet"|"inet6"
---@return string[]? hosts numeric; nil where the file cannot be read
---@return string? message
---@return integer? code
function hosts.addresses(path, name, family)
  local found, wanted = {}, name:lower():gsub("%.$", "")
  local ok, message, code = walk(path, function(host, of, names)
    for _, each in ipairs(names) do
      if each:lower() == wanted and (not family or family == of) then
        found[#found + 1] = host
        break
      end
    end
  end)
  if not ok then return nil, message, code end
  return found
end

--- Looks for the names of an address.
---@param path string
---@param host string numeric
---@return string[]? names nil where the file cannot be read
---@return string? message
---@return integer? code
function hosts.names(path, host)
  local found = {}
  local ok, message, code = walk(path, function(each, _, names)
    if each == host then table.move(names, 1, #names, #found + 1, found) end
  end)
  if not ok then return nil, message, code end
  return found
end

return hosts
