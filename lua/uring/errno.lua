--- Error codes: errno.ECONNRESET == 104, errno[104] == "ECONNRESET".
-- The negative ones are the library's own: what has no errno.
local core = require "uring.core"

local own = {
  ECLOSED = -1, EEOF = -2, ELIMIT = -3,
  -- What a DNS server says, by its number; then what is wrong on our side.
  EDNS_NODATA = -100, EDNS_FORMERR = -101, EDNS_SERVFAIL = -102,
  EDNS_NXDOMAIN = -103, EDNS_NOTIMP = -104, EDNS_REFUSED = -105,
  EDNS_BADNAME = -150, EDNS_BADRESP = -151, EDNS_FAILED = -152,
}

local errno = {}

for _, codes in ipairs { core.errnos, own } do
  for name, code in pairs(codes) do
    errno[name] = code
    errno[code] = name
  end
end

return errno
