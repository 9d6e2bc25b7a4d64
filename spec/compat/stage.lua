--- What scenarios need: a list to be added to, and sockets to play with.
local stage = {}

--- Makes a list of scenarios, and what adds one to it.
---@return table[] scenarios
---@return fun(name: string, body: fun(socket: table, say: function)) add
function stage.list()
  local scenarios = {}
  return scenarios, function(name, body)
    scenarios[#scenarios + 1] = { name = name, body = body }
  end
end

--- A server, and both ends of a connection to it.
function stage.connected(socket)
  local server = assert(socket.bind("127.0.0.1", 0))
  local host, port = server:getsockname()
  local client = assert(socket.connect(host, port))
  local accepted = assert(server:accept())
  return client, accepted, server
end

--- Closes all.
function stage.close(...)
  for _, each in ipairs { ... } do each:close() end
end

--- Waits until it can be received from; fails where it cannot.
function stage.await(socket, object)
  local ready = socket.select({ object }, nil, 10)
  assert(ready[1] == object)
end

--- Says what a call raises, but for who is blamed.
function stage.say_raised(say, f, ...)
  local ok, problem = pcall(f, ...)
  say(ok, type(problem) == "string" and problem:match("%((.*)%)$") or "?")
end

return stage
