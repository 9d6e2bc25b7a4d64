--- How many connections does a server take in a second, each for a message?
local echoes = require "bench.harness.echoes"

return {
  title = "Connect, one message, close",
  kind = "servers",
  servers = echoes.all(),
  references = echoes.REFERENCES,
  cases = {
    { name = "16 at once", load = "connects", arguments = { 16, 64 } },
    { name = "128 at once", load = "connects", arguments = { 128, 64 } },
  },
}
