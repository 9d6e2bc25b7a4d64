--- OpenResty's ngx, as far as lua-resty-* libraries need it.
--   local undo = require "uring.compat.ngx".install()
--   local redis = require "resty.redis"
-- Cosockets, connection pools, light threads, timers, semaphores, shared
-- dictionaries, and what there is of text and time.  There is no nginx around
-- it: no requests, and none of what belongs to them.
local clock = require "uring.compat.ngx.clock"
local context = require "uring.compat.ngx.context"
local digest = require "uring.compat.ngx.digest"
local log = require "uring.compat.ngx.log"
local loop = require "uring.loop"
local regex = require "uring.compat.ngx.regex"
local semaphore = require "uring.compat.ngx.semaphore"
local shdict = require "uring.compat.ngx.dictlist"
local shims = require "uring.compat.ngx.shims"
local TCP = require "uring.compat.ngx.tcp"
local text = require "uring.compat.ngx.text"
local thread = require "uring.compat.ngx.thread"
local timer = require "uring.compat.ngx.timer"
local UDP = require "uring.compat.ngx.udp"
local words = require "uring.compat.ngx.words"

local VERSION = 10026 -- of ngx_lua, whose cosockets these are like

local function connect(...)
  local socket = TCP.new()
  local ok, message = socket:connect(...)
  if not ok then return nil, message end
  return socket
end

local function tcp() return TCP.new() end
local function udp() return UDP.new() end

local ngx = {
  null = words.null,
  OK = 0, ERROR = -1, AGAIN = -2, DONE = -4, DECLINED = -5,
  socket = { tcp = tcp, stream = tcp, udp = udp, connect = connect },
  thread = thread, timer = timer, re = regex,
  log = log.log, say = log.put_line, print = log.print,
  config = {
    debug = false, subsystem = "stream", ngx_lua_version = VERSION,
    nginx_version = 1025003, prefix = function() return "./" end,
  },
}

for name, value in pairs(log) do
  if math.type(value) == "integer" then ngx[name] = value end
end
for name, f in pairs(clock) do ngx[name] = f end
for name, f in pairs(digest) do ngx[name] = f end
for name, f in pairs(text) do ngx[name] = f end

--- Lets others run for some time; outside of a run it blocks.
---@param seconds number
function ngx.sleep(seconds)
  local number = tonumber(seconds)
  if not (number and number >= 0) then
    error("invalid sleep duration \"" .. tostring(seconds) .. "\"", 2)
  end
  return loop.sleep(number)
end

--- The phase: what runs here may do as much as a timer's function.
---@return string "timer"
function ngx.get_phase()
  return "timer"
end

--- Sets nothing off: output is not kept back.
---@return integer 1
function ngx.flush()
  io.stdout:flush() -- tidy: allow
  return 1
end

ngx.worker = {
  id = function() return 0 end,
  count = function() return 1 end,
  pid = function()
    local stat <close> = assert(io.open "/proc/self/stat")
    return math.tointeger(stat:read "n")
  end,
  exiting = function()
    return loop.is_running()
      and loop.current("ngx.worker").root.own_cause ~= false
  end,
}

-- What belongs to a request

local function refuse(name)
  error(name .. " needs a request of nginx: uring.compat.ngx has none", 3)
end

-- A table of functions, or of values.
local function missing(name, has_values)
  local function refuse_key(_, key) refuse(("%s.%s"):format(name, key)) end
  local function function_of(_, key)
    return function() refuse(("%s.%s"):format(name, key)) end
  end
  return setmetatable({}, {
    __index = has_values and refuse_key or function_of,
    __newindex = refuse_key,
  })
end

for _, name in ipairs { "req", "resp", "location" } do
  ngx[name] = missing("ngx." .. name)
end
for _, name in ipairs { "header", "var", "arg" } do
  ngx[name] = missing("ngx." .. name, true)
end
for _, name in ipairs { "exec", "redirect", "exit", "eof", "send_headers",
  "on_abort" } do
  ngx[name] = function() refuse("ngx." .. name) end
end

-- ngx.shared: a dictionary for each name that install was given

ngx.shared = {}

local UNITS = { [""] = 1, k = 1024, m = 1024 * 1024 }

local function bytes_of(name, size)
  if math.type(size) == "integer" and size > 0 then return size end
  local count, unit = tostring(size):lower():match "^(%d+)([km]?)$"
  if not count then
    error(("install: bad size of shared dictionary '%s'"):format(name), 3)
  end
  return math.tointeger(count) * UNITS[unit]
end

setmetatable(ngx, {
  __index = function(_, key)
    if key == "ctx" then return context.get() end
  end,
  __newindex = function(self, key, value)
    if key == "ctx" then return context.set(value) end
    rawset(self, key, value)
  end,
})

-- Installing

local compat = { ngx = ngx }

--- A cosocket of a connection of ours, which is the cosocket's from then on:
-- so what listener:accept gives can be served as libraries for nginx do.
---@param conn uring.Conn
---@return uring.ngx.TCP
function compat.socket(conn)
  if type(conn) ~= "table" or type(conn.read_some) ~= "function" then
    error("socket: bad argument 'conn' (uring.Conn expected)", 2)
  end
  return TCP.new(conn)
end

local OPTIONS = { shared = "table", log_level = "number" }

local function check_options(options)
  for name, value in pairs(options) do
    if type(value) ~= OPTIONS[name] then
      error("install: bad option '" .. tostring(name) .. "'", 3)
    end
  end
end

-- Sets fields of a table; returns what sets them back.
local function replace(target, fields)
  local before = {}
  for name, value in pairs(fields) do
    before[name] = { rawget(target, name) }
    rawset(target, name, value)
  end
  return function()
    for name, was in pairs(before) do rawset(target, name, was[1]) end
  end
end

local function missing_modules()
  local found = { ngx = ngx, ["ngx.semaphore"] = semaphore }
  for name, module in pairs(shims.modules) do
    if not package.searchpath(name, package.path)
      and not package.searchpath(name, package.cpath) then
      found[name] = module
    end
  end
  return found
end

--- Makes ngx a global, and what goes with it modules: ngx, ngx.semaphore, and
-- where there are none bit, table.new and the like, and of ffi what
-- lua-resty-websocket needs; the global unpack too.
---@param options? table shared = { name = size }: bytes, "100k", "10m";
--- log_level = ngx.ERR: what is less important is not logged
---@return function undo
function compat.install(options)
  options = options or {}
  check_options(options)
  local shared = {}
  for name, size in pairs(options.shared or {}) do
    shared[name] = shdict.new(bytes_of(name, size))
  end
  local level = log.level()
  log.set_level(options.log_level or level)
  local undo = { replace(_G, { ngx = ngx, unpack = shims.globals.unpack }),
    replace(package.loaded, missing_modules()),
    replace(ngx, { shared = setmetatable(shared, { __index = ngx.shared }) }) }
  return function()
    log.set_level(level)
    for i = #undo, 1, -1 do undo[i]() end
    undo = {}
  end
end


return compat
