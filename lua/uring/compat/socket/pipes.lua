--- socket.source and socket.sink: a connection as LTN12 has it.
local argument = require "uring.compat.argument"

local BLOCK = 2048 -- bytes

local pipes = {
  BLOCKSIZE = BLOCK,
  sourcet = {}, -- name -> maker
  sinkt = {},
}

--- Makes a function that calls the one of a table that its first argument
-- names, or "default".
---@param makers table<string, function>
---@return function
function pipes.choose(makers)
  return function(name, first, second)
    if type(name) ~= "string" then
      name, first, second = "default", name, first
    end
    local make = makers[name]
    if not make then error("unknown key (" .. name .. ")", 3) end
    return make(first, second)
  end
end

-- An object that is called, and that select knows the socket of.
local function around(sock, call)
  return setmetatable({
    getfd = function() return sock:getfd() end,
    dirty = function() return sock:dirty() end,
  }, { __call = call })
end

pipes.sinkt["close-when-done"] = function(sock)
  return around(sock, function(_, chunk)
    if chunk then return sock:send(chunk) end
    sock:close()
    return 1
  end)
end

pipes.sinkt["keep-open"] = function(sock)
  return around(sock, function(_, chunk)
    if chunk then return sock:send(chunk) end
    return 1
  end)
end

pipes.sinkt["default"] = pipes.sinkt["keep-open"]

pipes.sourcet["by-length"] = function(sock, length)
  return around(sock, function()
    if length <= 0 then return nil end
    local chunk, problem = sock:receive(math.min(pipes.BLOCKSIZE, length))
    if problem then return nil, problem end
    length = length - #chunk
    return chunk
  end)
end

pipes.sourcet["until-closed"] = function(sock)
  local is_done = false
  return around(sock, function()
    if is_done then return nil end
    local chunk, problem, partial = sock:receive(pipes.BLOCKSIZE)
    if not problem then return chunk end
    if problem ~= "closed" then return nil, problem end
    sock:close()
    is_done = true
    return partial
  end)
end

pipes.sourcet["default"] = pipes.sourcet["until-closed"]

pipes.sink = pipes.choose(pipes.sinkt)
pipes.source = pipes.choose(pipes.sourcet)

--- Gives all but so many of its arguments.
---@param count integer
---@param ... any
---@return any ...
function pipes.skip(count, ...)
  count = argument.number("skip", 1, count)
  return select(math.tointeger(count // 1) + 1, ...)
end

return pipes
