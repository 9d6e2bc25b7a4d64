--- An echo server on luv, which tries to write before it queues.
local uv = require "luv"

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(4096, function(failure)
  assert(not failure, failure)
  local client = uv.new_tcp()
  server:accept(client)
  client:nodelay(true)
  client:read_start(function(problem, bytes)
    if problem or not bytes then return client:close() end
    local count = client:try_write(bytes) or 0
    if count < #bytes then client:write(bytes:sub(count + 1)) end
  end)
end))
print("listening on 127.0.0.1:" .. server:getsockname().port)
io.stdout:flush()
uv.run()
