--- What this process has going on: ops, lent buffers, jobs, children
-- and what signals do.
-- It learns of each ring as core.ring makes it, and of each run when its
-- loop runs, so load it before rings are made.
local children = require "spec.support.children"
local core = require "uring.core"
local errno = require "uring.errno"
local lfs = require "lfs"
local loop = require "uring.loop"

local KEY = "spec.support.audit" -- in the registry
local C = core.consts
local FUTEX = { ["202"] = true, ["98"] = true, ["240"] = true } -- by machine
local BUFFERS = { "buffers", "views", "bulk_views" } -- of a scheduler

local audit = {}

local function first_word(path)
  local file <close> = io.open(path)
  local text = file and file:read "a" -- nil: the thread has gone by now
  return text and text:match "^%S+"
end

local function own_pid()
  return first_word("/proc/self/stat")
end

local rings = setmetatable({}, { __mode = "k" })
local schedulers = setmetatable({}, { __mode = "k" })

local open = core.ring

-- What it raises is of the caller's line, as if it were called itself.
local function remember(ok, ring, ...)
  if not ok then error(ring, 3) end
  if ring then rings[ring] = true end
  return ring, ...
end

-- luacheck: ignore 122
core.ring = function(...)
  local result = table.pack(pcall(open, ...))
  return remember(table.unpack(result, 1, result.n))
end

loop.on_switch(function(scheduler)
  if scheduler then schedulers[scheduler] = true end
end)

-- Every file loads its modules anew; this ring is there before all tests.
local function own_ring()
  local registry = debug.getregistry()
  registry[KEY] = registry[KEY] or assert(open(2))
  return registry[KEY]
end

-- Whether there are any: a question of one system call.  Where the kernel
-- cannot answer it: maybe.
local function may_have_children()
  local ring = own_ring()
  ring:get_sqe():prep_waitid(C.P_ALL, 0, nil,
    C.WEXITED | C.WNOHANG | C.WNOWAIT, 0)
  assert(ring:submit_and_wait(1))
  local result
  for res in ring:cqes() do result = res end
  return result ~= -errno.ECHILD
end

-- Which signals are blocked, ignored and caught: masks of the first 31, since
-- those after them are the C library's own.
local function signals()
  local file <close> = assert(io.open("/proc/self/status"))
  local masks = {}
  for name, mask in file:read("a"):gmatch "\nSig([BIC]%a+):%s*(%x+)" do
    masks[#masks + 1] = ("%s %x"):format(name,
      tonumber(mask, 16) & 0x7fffffff)
  end
  return table.concat(masks, ", ")
end

--- What goes on before a test, for look.
---@return table before
function audit.before()
  return {
    children = may_have_children() and children.of(own_pid()) or {},
    signals = signals(),
  }
end

-- A thread of the pool without a job waits at a futex.  Those of rings are
-- not ours.
local function is_busy(thread)
  local folder = "/proc/self/task/" .. thread
  local name = first_word(folder .. "/comm")
  if not name or name:find("^iou%-") then return false end
  local call = first_word(folder .. "/syscall")
  return call ~= nil and not FUTEX[call]
end

-- So many threads beside the first have something to do.
local function busy_threads()
  local count = 0
  if lfs.attributes("/proc/self/task", "nlink") <= 3 then return 0 end
  local own = own_pid()
  for thread in lfs.dir "/proc/self/task" do
    if thread:find("^%d") and thread ~= own and is_busy(thread) then
      count = count + 1
    end
  end
  return count
end

-- So many buffers of a ring of buffers are out.
local function lent(buffers)
  local count = tostring(buffers):match(", (%d+) × ")
  return count and math.tointeger(count) - buffers:available() or 0
end

local function add_lent(found, scheduler)
  for _, name in ipairs(BUFFERS) do
    local ok, count = pcall(lent, scheduler[name])
    if ok and count > 0 then
      found[#found + 1] = ("%d buffers of %s are lent"):format(count,
        tostring(scheduler[name]))
    end
  end
end

-- So many ops of a ring are the kernel's yet.  Those of which only the CQE
-- is to be taken have ended; it comes when the kernel is entered.
local function unended(ring)
  if ring:in_flight() == 0 then return 0 end
  ring:submit_and_wait(0)
  return ring:in_flight() - ring:cq_ready()
end

--- What is going on that was begun since this file is loaded.
---@param before table of audit.before
---@return string[] found one sentence each
function audit.look(before)
  local found = {}
  for ring in pairs(rings) do
    local ok, count = pcall(unended, ring)
    if not ok then
      rings[ring] = nil -- it is closed
    elseif count > 0 then
      found[#found + 1] = ("%d ops in flight in %s"):format(count,
        tostring(ring))
    end
  end
  for scheduler in pairs(schedulers) do
    add_lent(found, scheduler)
    if not rings[scheduler.ring] then schedulers[scheduler] = nil end
  end
  local now = audit.before()
  for pid, state in pairs(now.children) do
    if not before.children[pid] then
      found[#found + 1] = ("left child %s (%s)"):format(pid, state)
    end
  end
  if now.signals ~= before.signals then
    found[#found + 1] = ("signals were %s, now %s"):format(before.signals,
      now.signals)
  end
  local busy = busy_threads()
  if busy > 0 then
    found[#found + 1] = ("%d threads have a job"):format(busy)
  end
  return found
end

return audit
