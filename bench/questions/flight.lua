--- How many messages does it send back where 16 are on their way at once?
local echoes = require "bench.harness.echoes"

local function case(name, connections, size)
  return { name = name, arguments = { connections, size, 16 } }
end

return {
  title = "Echo, 16 messages in flight on each connection",
  kind = "servers",
  servers = echoes.all(),
  references = echoes.REFERENCES,
  cases = {
    case("1 × 64 B", 1, 64), case("64 × 64 B", 64, 64),
    case("512 × 64 B", 512, 64), case("1 × 4 KiB", 1, 4096),
    case("64 × 4 KiB", 64, 4096), case("512 × 4 KiB", 512, 4096),
  },
}
