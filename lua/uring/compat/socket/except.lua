--- socket.newtry and protect: errors that functions raise inside, and return
-- as nil and a message outside.
local except = {}

-- What try raises, and protect knows by this.
local Exception = {}

local function finish(finalizer, ok, ...)
  if ok then return ok, ... end
  if finalizer ~= nil then pcall(finalizer) end
  error(setmetatable({ (...) }, Exception), 0)
end

--- Makes a function that returns its arguments where the first is true, and
-- otherwise calls the finalizer and raises the second.
---@param finalizer? function
---@return function try
function except.newtry(finalizer)
  return function(...) return finish(finalizer, ...) end
end

local function unwrap(ok, ...)
  if ok then return ... end
  local problem = ...
  if getmetatable(problem) == Exception then return nil, problem[1] end
  error(problem, 0)
end

--- Makes a function of another, which returns nil and the message where a
-- try in it has raised one.
---@param body function
---@return function
function except.protect(body)
  return function(...) return unwrap(pcall(body, ...)) end
end

return except
