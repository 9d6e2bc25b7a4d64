--- Names and addresses: the DNS, and /etc/hosts.
--   local dns = require "uring.dns"
--   local addresses = assert(dns.resolve("example.com", { port = 443 }))
-- The functions here ask as /etc/resolv.conf says; dns.resolver makes an
-- object with the same functions that asks otherwise.
local Resolver = require "uring.dns.resolver"

local standard = Resolver.new { nsswitch = "/etc/nsswitch.conf" }

---@class uring.dns
local dns = { resolver = Resolver.new }

for _, name in ipairs { "resolve", "query", "reverse" } do
  local method = Resolver[name]
  dns[name] = function(...) return method(standard, ...) end
end

return dns
