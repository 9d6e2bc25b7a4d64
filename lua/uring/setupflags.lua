--- Why a kernel refuses to set a ring up with these options.
-- io_uring_setup(2) has one errno for all that does not fit, EINVAL.
local core = require "uring.core"

local setupflags = {}

local ENTRIES_MAX, CQ_ENTRIES_MAX = 32768, 65536

-- In the order of their bits.  needs: one of these must be set too;
-- excludes: none of these may be.
local FLAGS = {
  { name = "iopoll", since = "5.1" },
  { name = "sqpoll", since = "5.1" },
  { name = "sq_aff", since = "5.1", needs = { "sqpoll" } },
  { name = "cqsize", since = "5.5" },
  { name = "clamp", since = "5.6" },
  { name = "attach_wq", since = "5.6" },
  { name = "r_disabled", since = "5.10" },
  { name = "submit_all", since = "5.18" },
  { name = "coop_taskrun", since = "5.19", excludes = { "sqpoll" } },
  { name = "taskrun_flag", since = "5.19", excludes = { "sqpoll" },
    needs = { "coop_taskrun", "defer_taskrun" } },
  { name = "sqe128", since = "5.19" },
  { name = "cqe32", since = "5.19" },
  { name = "single_issuer", since = "6.0" },
  { name = "defer_taskrun", since = "6.1", excludes = { "sqpoll" },
    needs = { "single_issuer" } },
  { name = "no_mmap", since = "6.5" },
  { name = "registered_fd_only", since = "6.5", needs = { "no_mmap" } },
  { name = "no_sqarray", since = "6.6" },
  { name = "hybrid_iopoll", since = "6.13", needs = { "iopoll" } },
  { name = "cqe_mixed", since = "6.18", excludes = { "cqe32" } },
  { name = "sqe_mixed", since = "6.19", excludes = { "sqe128" } },
  { name = "sq_rewind", since = "7.0", excludes = { "sqpoll" },
    needs = { "no_sqarray" } },
}

-- Options that set a flag, see core.ring.
local SETS = {
  cq_entries = "cqsize", sq_thread_cpu = "sq_aff", wq_fd = "attach_wq",
}

-- The names of the flags that the options set.
local function names_of(options)
  local flags, names = options.flags, {}
  if type(flags) == "string" then flags = { flags } end
  if type(flags) == "table" then
    for _, name in ipairs(flags) do names[name] = true end
  elseif flags then
    for _, flag in ipairs(FLAGS) do
      local bit = core.consts["IORING_SETUP_" .. flag.name:upper()]
      names[flag.name] = flags & bit ~= 0 or nil
    end
  end
  for option, name in pairs(SETS) do
    if options[option] then names[name] = true end
  end
  return names
end

local function number_of(version)
  local major, minor = version:match("^(%d+)%.(%d+)")
  return tonumber(major) << 16 | tonumber(minor)
end

--- Tells whether this kernel is at least of a version.
---@param since string "6.1"
---@return boolean
function setupflags.is_kernel(since)
  return number_of(since) <= number_of(core.release())
end

--- Tells what this kernel knows: asked (Linux 6.18), or by its version.
---@return table<string, true> flags
function setupflags.known()
  local found = core.register_query()
  if found then return found.setup_flags end
  local names = {}
  for _, flag in ipairs(FLAGS) do
    names[flag.name] = setupflags.is_kernel(flag.since) or nil
  end
  return names
end

local function has_one_of(names, list)
  for _, name in ipairs(list) do
    if names[name] then return true end
  end
  return false
end

-- What is wrong with the flags themselves, on every kernel.
local function check_together(names, reasons)
  for _, flag in ipairs(FLAGS) do
    if names[flag.name] then
      if flag.needs and not has_one_of(names, flag.needs) then
        reasons[#reasons + 1] = ("%s needs %s"):format(flag.name,
          table.concat(flag.needs, " or "))
      end
      for _, other in ipairs(flag.excludes or {}) do
        if names[other] then
          reasons[#reasons + 1] = ("%s and %s exclude each other"):format(
            flag.name, other)
        end
      end
    end
  end
end

local function check_known(names, reasons)
  local ours, before = setupflags.known(), #reasons
  for _, flag in ipairs(FLAGS) do
    if names[flag.name] and not ours[flag.name] then
      reasons[#reasons + 1] = ("%s needs Linux %s"):format(flag.name,
        flag.since)
    end
  end
  if #reasons > before then
    reasons[#reasons + 1] = "this is " .. core.release()
  end
end

local function check_size(what, count, most, names, reasons)
  if count == 0 then
    reasons[#reasons + 1] = what .. " must not be 0"
  elseif count > most and not names.clamp then
    reasons[#reasons + 1] = ("%s: at most %d, or more with clamp"):format(what,
      most)
  end
end

local function check_sizes(entries, options, names, reasons)
  local cq_entries = options.cq_entries
  check_size("entries", entries, ENTRIES_MAX, names, reasons)
  if not names.cqsize then return end
  check_size("cq_entries", cq_entries or 0, CQ_ENTRIES_MAX, names, reasons)
  if (cq_entries or 0) > 0 and cq_entries < entries then
    reasons[#reasons + 1] = "cq_entries must not be fewer than entries"
  end
end

--- Says what is wrong with what a ring was asked to be.
---@param entries integer
---@param options table see core.ring
---@return string? reason names the flags; nil: they are not to blame
function setupflags.explain(entries, options)
  local names, reasons = names_of(options), {}
  check_together(names, reasons)
  check_known(names, reasons)
  check_sizes(entries, options, names, reasons)
  if #reasons > 0 then return table.concat(reasons, "; ") end
  if names.sq_aff then return "sq_thread_cpu must be a processor" end
  if names.attach_wq then
    return "wq_fd must be a ring" .. (names.sqpoll and " with sqpoll" or "")
  end
end

return setupflags
