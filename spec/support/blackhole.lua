--- A listener that answers nobody: what connects to it waits.
local raw = require "uring.ring"
local uring = require "uring"

local C = raw.consts

local blackhole = {}

--- Makes one, whose queue is full; in a run.
---@param host? string default "127.0.0.1"
---@return table hole a <close> variable, please; hole.address
function blackhole.open(host)
  local fd = assert(raw.socket(C.AF_INET, C.SOCK_STREAM))
  local hole = setmetatable({ conns = {} }, { __close = function(self)
    for _, conn in ipairs(self.conns) do conn:close() end
    raw.close(fd)
  end })
  assert(raw.bind(fd, raw.sockaddr(host or "127.0.0.1", 0)))
  assert(raw.listen(fd, 0))
  hole.address = assert(raw.getsockname(fd))
  repeat
    local conn = uring.timeout(0.05, uring.connect, hole.address)
    hole.conns[#hole.conns + 1] = conn
  until not conn
  return hole
end

return blackhole
