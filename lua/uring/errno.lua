--- Error codes: errno.ECONNRESET == 104, errno[104] == "ECONNRESET".
-- The negative ones are the library's own: what has no errno.
local core = require "uring.core"

local own = { ECLOSED = -1, EEOF = -2, ELIMIT = -3 }

local errno = {}

for _, codes in ipairs { core.errnos, own } do
  for name, code in pairs(codes) do
    errno[name] = code
    errno[code] = name
  end
end

return errno
