--- What c-ares says as nil, message, code.
local core = require "uring.core"
local errno = require "uring.errno"

local WORDS = {
  BADNAME = "not a domain name",
  BADRESP = "the server's answer is malformed",
  FORMERR = "the server did not understand the query",
  NODATA = "no such record",
  NOTIMP = "the server does not know such queries",
  NXDOMAIN = "no such name",
  REFUSED = "the server refused to answer",
  SERVFAIL = "the server failed",
}

local problem = {}

--- Makes what a function returns that has failed.
---@param what string names the call and its object: "resolve example.com"
---@param status string|integer as uring.cares calls it, or an errno
---@return nil
---@return string message
---@return integer code
function problem.fail(what, status)
  if status == "TIMEOUT" then return nil, "timeout", errno.ETIMEDOUT end
  if status == "CLOSED" then return nil, "closed", errno.ECLOSED end
  if math.type(status) == "integer" then return core.fail(what, status) end
  if status == "NOMEM" then return core.fail(what, errno.ENOMEM) end
  if status == "CONNREFUSED" then
    return nil, what .. ": no server gives an answer", errno.ECONNREFUSED
  end
  local words = WORDS[status]
  return nil, ("%s: %s"):format(what, words or status),
    words and errno["EDNS_" .. status] or errno.EDNS_FAILED
end

return problem
