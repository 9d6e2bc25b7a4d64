--- What LuaSocket says where the kernel says an errno.
local core = require "uring.core"
local errno = require "uring.errno"

local reason = {}

local TEXTS = {
  [errno.EADDRINUSE] = "address already in use",
  [errno.EISCONN] = "already connected",
  [errno.EACCES] = "permission denied",
  [errno.ECONNREFUSED] = "connection refused",
  [errno.ECONNABORTED] = "closed",
  [errno.ECONNRESET] = "closed",
  [errno.EPIPE] = "closed",
  [errno.ECLOSED] = "closed",
  [errno.ETIMEDOUT] = "timeout",
}

--- The words for a code.
---@param code integer
---@return string
function reason.of(code)
  return TEXTS[code] or core.strerror(code)
end

return reason
