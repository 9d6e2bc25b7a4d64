--- ngx.log, ngx.print and ngx.say: to the standard streams.
local words = require "uring.compat.ngx.words"

local log = {
  STDERR = 0, EMERG = 1, ALERT = 2, CRIT = 3, ERR = 4, WARN = 5, NOTICE = 6,
  INFO = 7, DEBUG = 8,
}

local NAMES = { [0] = "stderr", "emerg", "alert", "crit", "error", "warn",
  "notice", "info", "debug" }

local most = log.ERR -- what is less important is not written

--- Chooses from which level on messages are written.
---@param level integer
function log.set_level(level)
  most = level
end

--- The level that set_level has chosen.
---@return integer
function log.level()
  return most
end

local function text_of(value)
  if type(value) == "table" and value ~= words.null then
    local metatable = getmetatable(value)
    if not (metatable and metatable.__tostring) then
      error("bad argument to 'log' (expected table to have __tostring "
        .. "metamethod)", 5)
    end
  end
  return type(value) == "number" and words.number(value) or tostring(value)
end

--- Writes a message with its time and level; to the standard error output.
---@param level integer
---@param depth integer 1: names the line that calls this; 0: names none
---@param ... any
function log.say(level, depth, ...)
  if level > most then return end
  local pieces = table.pack(...)
  for i = 1, pieces.n do pieces[i] = text_of(pieces[i]) end
  local place = ""
  local at = depth > 0 and debug.getinfo(depth + 1, "Sl")
  if at and at.currentline > 0 then
    place = ("%s:%d: "):format(at.short_src:match "[^/]*$", at.currentline)
  end
  local line = ("%s [%s] %s%s\n"):format(os.date "%Y/%m/%d %H:%M:%S",
    NAMES[level], place, table.concat(pieces))
  io.stderr:write(line) -- tidy: allow
end

--- ngx.log: writes a message where its level is important enough.
---@param level integer ngx.ERR and the like
---@param ... any
function log.log(level, ...)
  if not NAMES[level] then
    error("bad argument #1 to 'log' (bad log level: " .. tostring(level)
      .. ")", 2)
  end
  log.say(level, 2, ...)
end

local function put(what, ending, ...)
  local pieces = {}
  for i = 1, select("#", ...) do
    pieces[i] = words.text(what, (select(i, ...)))
  end
  pieces[#pieces + 1] = ending
  local ok, message = io.stdout:write(table.concat(pieces)) -- tidy: allow
  if not ok then return nil, message end
  return 1
end

--- ngx.print: writes values to the standard output.
---@param ... any as for a cosocket's send
---@return integer? 1
---@return string? message
function log.print(...)
  return put("print", "", ...)
end

--- ngx.say: the same, and ends the line.
---@param ... any
---@return integer? 1
---@return string? message
function log.put_line(...)
  return put("say", "\n", ...)
end

return log
