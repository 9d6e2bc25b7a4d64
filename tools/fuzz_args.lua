--- Throws random values at all that uring.ring has, and does what comes of it.
-- usage: lua5.4 tools/fuzz_args.lua [CALLS [SEED [trace]]]
--
-- Prints its seed.  A crash, an error without a message, a call that hangs, an
-- op that does not end, a ring that is of no use afterwards, or a descriptor
-- that is left behind is a failure: it exits 1 with the seed and the number of
-- the call.  With "trace" each call is written to stderr before it is made,
-- and each completion; time is not part of a seed, so that the same seed may
-- need a few runs.  Half of the ops get arguments that fit.  Descriptors are
-- sockets, pipes and files of a folder of its own, paths lead into it, waits
-- are short.  Needs Linux 6.0.
local root = arg[0]:gsub("tools/fuzz_args%.lua$", "")
package.path = ("%s;%s?.lua;%slua/?.lua"):format(package.path, root, root)
package.cpath = package.cpath .. ";" .. root .. "build/?.so"
local core = require "uring.core"
local low = require "uring.ring"
local fitting = require "tools.fuzz.fitting"
local stock = require "tools.fuzz.stock"
local values = require "tools.fuzz.values"
local world = require "tools.fuzz.world"

local CALLS = math.tointeger(tonumber(arg[1])) or 20000
local SEED = math.tointeger(tonumber(arg[2])) or os.time()
local TRACE = arg[3] == "trace"
local PER_WORLD = 400 -- calls, then everything is made anew
-- Seconds; waits are but milliseconds long.
local PATIENCE = os.getenv "URING_EMULATED" and 10 or 2
local C = low.consts

local calls, w = 0, nil
local failed -- the message, once that is so

local function now()
  return core.now() / 1e9
end

-- A pcall, that of a chain's body, does not stop it.
local function fail(...)
  failed = string.format(...)
  error(failed, 0)
end

local function show(...)
  local words = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    local is_text = type(value) == "string"
    words[i] = is_text and ("%q"):format(value:sub(1, 40)) or tostring(value)
  end
  return table.concat(words, ", ")
end

local function trace(form, ...)
  if TRACE then io.stderr:write(form:format(...), "\n") end
end

-- Calls something that may raise, but only with a message, and in time.
local function call(name, f, ...)
  calls = calls + 1
  if TRACE then trace("%d %s(%s)", calls, name, show(...)) end
  local start = now()
  local found = table.pack(pcall(f, ...))
  if failed then error(failed, 0) end
  local seconds, why = now() - start, found[2]
  if not found[1] and (type(why) ~= "string" or #why < 5) then
    fail("%s raised %s", name, tostring(why))
  end
  if seconds > PATIENCE then fail("%s took %.1f s", name, seconds) end
  return table.unpack(found, 1, found.n)
end

-- What a completion brings is ours: descriptors, and buffers.
local function receive(res, flags, data)
  if type(data) ~= "table" then return end
  trace("  %s of call %d: %d, flags %d", data.name, data.call, res, flags)
  if flags & C.IORING_CQE_F_MORE == 0 then w:lands(data) end
  if data.result == "fd" and res >= 0 then core.close(res) end
  if data.result == "pipe" and res >= 0 then
    local reader, writer = low.unpack_pipe(data.pair)
    core.close(reader)
    core.close(writer)
  end
  if flags & C.IORING_CQE_F_BUFFER == 0 or not data.bufring then return end
  local method = values.any { "string", "view", "recycle", "none" }
  if method == "none" then return end
  if math.random(8) == 1 then res = res + math.random(-2, 2) end
  local first = method == "recycle" and flags >> 16 or flags
  local view = select(2, call("bufring:" .. method, data.bufring[method],
    data.bufring, first, res))
  if method == "view" then w:keep("buffers", view) end
end

local function take(ring)
  for _ = 1, math.random(40) do
    local cqe
    if math.random(2) == 1 then cqe = ring:peek_cqe()
    else cqe = ring:wait_cqe(0) end
    if not cqe then return end
    w:keep("cqes", cqe)
    ring:cqe_seen(cqe)
    receive(cqe.res, cqe.flags, cqe.data)
  end
  for res, flags, data in ring:cqes() do receive(res, flags, data) end
end

local function reap()
  local ring = values.any(w.rings)
  calls = calls + 1
  trace("%d reap %s", calls, ring)
  ring:submit_and_wait(math.random(0, 2), math.random() / 1000)
  take(ring)
end

-- Sets what can be set on an SQE besides its row.
local function set(ring, sqe)
  for _ = 1, math.random(0, 2) do
    local name = values.any(w.setters)
    call(name, sqe[name], sqe, w:setting(name, ring))
  end
end

-- Prepares a row, with arguments that fit, or of which some are wrong.
local function prepare(ring, sqe, row)
  local fit = math.random(2) == 1
  local arguments = w:arguments(ring, row, fit)
  local ok = call("prep_" .. row.name, sqe["prep_" .. row.name], sqe,
    table.unpack(arguments, 1, arguments.n))
  trace("  for %s", ring)
  local data = { ring = ring, call = calls, pair = arguments[1],
    name = ok and row.name or "nop", result = ok and row.result }
  if fit then sqe:set_flags(fitting.flags()) else set(ring, sqe) end
  for i = 1, arguments.n do
    if w:is_a("bufrings", arguments[i]) then data.bufring = arguments[i] end
  end
  sqe:set_data(data)
  w:takes_off(data, sqe:id())
end

local function prep()
  local ring = values.any(w.rings)
  local row = w:row(ring)
  local wide = row.wide and w.wide[ring]
  local sqe = wide and ring:get_sqe128() or ring:get_sqe()
  if not sqe then
    ring:submit()
    return
  end
  w:keep("sqes", sqe)
  prepare(ring, sqe, row)
  if math.random(4) == 1 then ring:submit() end
end

-- Closing for real, of a descriptor that nobody else has.
local function close()
  local ring = assert(low.ring(2))
  local fd = assert(core.eventfd())
  ring:get_sqe():prep_close(fd)
  ring:submit_and_wait(1)
  local res = ring:cqes()(ring)
  if res ~= 0 then fail("close: %d", res) end
  ring:close()
  call("close", low.close, values.any { 1 << 20, -1, 1 << 31, "x", 1.5 })
end

local function chain()
  local ring = values.any(w.rings)
  call("chain", ring.chain, ring, function(self)
    w:keep("chains", self)
    for _ = 1, math.random(0, 4) do
      local row = w:row(ring)
      local wide = row.wide and w.wide[ring]
      local sqe = wide and self:get_sqe128() or self:get_sqe()
      prepare(ring, sqe, row)
      w:keep("sqes", sqe)
    end
    if math.random(10) == 1 then error("in a chain") end
  end)
end

-- A method of any object, with arguments that fit or do not.
local function method()
  local object, name, f, arguments = w:method()
  if not f then return end
  w:made(name, object,
    call(name, f, object, table.unpack(arguments, 1, arguments.n)))
end

local function ring_function()
  local name, f, arguments = w:ring_function()
  w:made(name, nil, call(name, f, table.unpack(arguments, 1, arguments.n)))
end

local function look()
  local object = w:object()
  call("tostring", tostring, object)
  call("#", function() return #object end)
  call("[]", function() return object[values.random()] end)
  call("==", function() return object == w:object() end)
end

-- Cancels what waits, in both ways: one does not overtake what is to wait
-- for a drained op, the other does not reach the workers of an sqpoll ring.
local function cancel(ring)
  local everything = C.IORING_ASYNC_CANCEL_ANY | C.IORING_ASYNC_CANCEL_ALL
  ring:submit() -- what is in the SQ may be linked to what follows
  ring:register_sync_cancel { flags = everything, seconds = 0.01 }
  local sqe = ring:sq_space_left() > 0 and ring:get_sqe()
  if sqe then sqe:prep_cancel_any(everything) end
end

-- Cancels until all has ended.
local function settle(ring)
  local deadline = now() + PATIENCE
  while ring:in_flight() > 0 do
    cancel(ring)
    for _ = 1, 10 do
      if ring:in_flight() == 0 then return end
      ring:submit_and_wait(1, 0.01)
      for res, flags, data in ring:cqes() do receive(res, flags, data) end
    end
    if now() > deadline then
      fail("%d in flight do not end: %s", ring:in_flight(), w:waiting(ring))
    end
  end
end

-- Whether a ring, after all this, still does what it is told.  A wait may end
-- early: for a message of another ring, or a notification that nobody hears.
local function check_usable(ring)
  settle(ring)
  ring:get_sqe():set_data("still here")
  local deadline = now() + PATIENCE
  repeat
    ring:submit_and_wait(1, PATIENCE)
    for res, _, data in ring:cqes() do
      if data == "still here" and res == 0 then return end
    end
  until now() > deadline
  fail "a nop does not come back"
end

local STEPS = { prep, prep, prep, prep, prep, prep, prep, prep, reap, reap,
  reap, method, method, method, ring_function, ring_function, chain, look }

local function run_world(last)
  w = world.new()
  local _guard <close> = w
  local stop = math.min(calls + PER_WORLD, last)
  while calls < stop do
    values.any(STEPS)()
    if math.random(200) == 1 then close() end
    if math.random(100) == 1 then collectgarbage() end
  end
  for _, ring in ipairs(w.rings) do
    if math.random(3) > 1 then check_usable(ring) end
  end
end

local function main()
  io.stdout:setvbuf "no"
  print(("seed %d, %d calls"):format(SEED, CALLS))
  math.randomseed(SEED)
  core.sigpipe "ignore"
  local _folder <close> = stock.folder()
  local before = world.descriptors()
  while calls < CALLS do
    run_world(CALLS)
    w = nil
    collectgarbage()
    collectgarbage()
    local left = world.descriptors() - before
    if left ~= 0 then fail("%d descriptors are left", left) end
  end
  print(("%d calls are fine"):format(calls))
end

-- Tells what is wrong at once, since the closing that follows may hang.
local function report(why)
  if TRACE then why = debug.traceback(why) end
  io.stderr:write(("fuzz_args: seed %d, call %d: "):format(SEED, calls),
    tostring(why), "\n")
end

os.exit(xpcall(main, report), true)
