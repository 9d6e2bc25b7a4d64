--- What the C library asks for hosts beside files and the DNS: services of
-- /etc/nsswitch.conf, such as mdns4 or myhostname.  They are asked last, by
-- getaddrinfo in a thread, and only where there are any.
local core = require "uring.core"
local errno = require "uring.errno"
local fs = require "uring.fs"
local offload = require "uring.offload"

local C = core.consts

local OURS = { dns = true, files = true }

-- Where another service may know better.
local ENDS = {
  [errno.ECONNREFUSED] = true, [errno.EDNS_NODATA] = true,
  [errno.EDNS_NXDOMAIN] = true,
}

local FAMILIES = { inet = C.AF_INET, inet6 = C.AF_INET6 }

local nsswitch = {}

-- Whether a file like /etc/nsswitch.conf names other services.
local function has_others(path)
  local text = fs.read_file(path)
  for line in (text or ""):gmatch "[^\n]+" do
    local services = line:gsub("#.*", ""):match "^%s*hosts:(.*)"
    for service in (services or ""):gsub("%b[]", " "):gmatch "%S+" do
      if not OURS[service] then return true end
    end
  end
  return false
end

--- Whether it may help to ask them for what has failed.
---@param path string|false of the file
---@param code integer of the failure
---@return boolean
function nsswitch.may_help(path, code)
  return path and ENDS[code] and has_others(path) or false
end

--- Asks them.
---@param host string
---@param family? "inet"|"inet6"
---@return string[] hosts numeric; none where they do not know it either
function nsswitch.addresses(host, family)
  local found = {}
  local list = offload.getaddrinfo(host, nil, {
    family = FAMILIES[family] or C.AF_UNSPEC, socktype = C.SOCK_STREAM,
  })
  for i, each in ipairs(list or {}) do found[i] = each.address.host end
  return found
end

return nsswitch
