--- Every row that a simulated ring has, by name.
-- A handler says which arguments are descriptors (fd, other_fd) or folders
-- with a path (dirfd, path, other_dirfd, other_path), which one a trace
-- shows, whether the op makes a descriptor (makes_fd) or is multishot
-- (goes_on), and what it does (submit, attempt: see flight.lua).
local connection = require "uring.test.connection"
local control = require "uring.test.control"
local filing = require "uring.test.filing"
local transfer = require "uring.test.transfer"

local rows = { handlers = {} }

for _, some in ipairs { connection, control, filing, transfer } do
  for name, handler in pairs(some) do rows.handlers[name] = handler end
end

return rows
