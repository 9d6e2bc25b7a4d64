--- Arguments of rows that fit, so that some ops come to do what they are for.
local low = require "uring.ring"
local ours = require "tools.fuzz.ours"
local values = require "tools.fuzz.values"

local any, small = values.any, values.small

local fitting = {}

-- Which descriptors a row works on, the first pattern that fits its name.
local FITS = {
  { "accept", "listeners" }, { "^epoll", "epolls" },
  { "^connect$", "loose" }, { "^bind$", "loose" }, { "^listen$", "loose" },
  { "^recv", "sockets" }, { "^send", "sockets" }, { "^cmd_", "sockets" },
  { "^read_multishot$", "readers" }, { "", "files" },
}
-- The same by the name of the argument, and here first.
local FITS_BY_NAME = { fd_in = "readers", fd_out = "writers" }

local function fd_for(w, row, argument)
  if argument.name == "slot" or argument.name == "source" then
    return small()
  elseif row.name:find "^msg_ring" then
    return any(w.rings):fileno()
  elseif FITS_BY_NAME[argument.name] then
    return any(w.kinds[FITS_BY_NAME[argument.name]])
  elseif math.random(4) == 1 or row.name == "epoll_ctl" then
    return any(w.kinds[any { "sockets", "readers", "writers", "epolls" }])
  end
  for _, fit in ipairs(FITS) do
    if row.name:find(fit[1]) then return any(w.kinds[fit[2]]) end
  end
end

local NUMBERS = {
  events = { 1, 4, 5 }, op = { 1, 2, 3 }, count = { 1, 2, 8 }, size = { 16 },
  length = { 0, 1, 100, 4096 }, domain = { 1, 2 }, type = { 1, 2 },
  level = { 1 }, optname = { 2, 3, 4, 7, 8, 9, 20 }, opcode = { 26, 27 },
}

local function number_for(argument)
  return NUMBERS[argument.name] and any(NUMBERS[argument.name])
    or argument.default
end

local function made_of(make, parts)
  local ok, made = pcall(make, parts) -- where the buffer is closed it raises
  return ok and made or nil
end

-- Of the buffers that a ring has registered.
local FIXED = {
  out = function(buffer) return buffer end,
  vector = function(buffer) return made_of(low.iovecs, { buffer }) end,
  msg = function(buffer) return made_of(low.message, { iov = buffer }) end,
  index = function() return 0 end,
}
FIXED.buf, FIXED.iovecs = FIXED.out, FIXED.vector

local function bufring_for(w, ring, kind)
  local list = w.bufrings_of[ring]
  return kind == "source" and list[#list] or list[math.random(#list - 1)]
end

local function value_for(w, ring, row, argument)
  local kind = argument.kind
  if w.registered[ring] and row.name:find "_fixed$" and FIXED[kind] then
    return FIXED[kind](w.registered[ring])
  elseif kind == "bufring" or kind == "source"
    or kind == "into" and math.random(2) == 1 then
    return bufring_for(w, ring, kind)
  elseif kind == "fd" then
    return fd_for(w, row, argument)
  elseif kind == "dirfd" then
    return w.dir
  elseif kind == "path" then
    return w.name(true)
  elseif kind == "out" then
    return low.buffer(256)
  elseif ours.KINDS[kind] and kind ~= "offset" then
    return ours.KINDS[kind](w, row)
  end
  return number_for(argument)
end

--- The arguments of a row.
function fitting.arguments(w, ring, row)
  local list = { n = #row.args }
  for i, argument in ipairs(row.args) do
    list[i] = value_for(w, ring, row, argument)
  end
  if row.name == "symlinkat" then list[1] = "f1" end -- leads nowhere else
  return list
end

--- What set_flags gets, mostly nothing.
function fitting.flags()
  return any { 0, 0, 0, 0, "async", "io_link" }
end

return fitting
