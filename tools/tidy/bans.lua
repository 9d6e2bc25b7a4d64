--- Rules about words that stand in few files or none.

local LUA = "^lua/.*%.lua$"
local C = "^csrc/"
local ALLOWED = "-- tidy: allow"

-- A C function called by its name; a field of that name is not it.
local function call(name)
  return "%f[%w_.>]" .. name .. "%s*%("
end

local function word(name)
  return "%f[%w_]" .. name .. "%f[^%w_]"
end

-- A Lua name that is not a field of something else.
local function global(name)
  return "%f[%w_.:]" .. name:gsub("%.", "%%.") .. "%f[^%w_]"
end

local function version_if(macro)
  return "^%s*#%s*%a*if.*%f[%w_]" .. macro
end

-- One row is one ban: what, where, how it looks in code, who may anyway.
local rows = {
  lua_prints = {
    what = "printing", files = LUA,
    looks = {
      global "print" .. "%s*[%(\"'%[{]", global "io.write",
      global "io.stdout", global "io.stderr",
    },
    only = { "lua/uring/report.lua" },
  },
  lua_exits = {
    what = "os.exit", files = LUA, looks = { global "os.exit" },
    only = { "lua/uring/exit.lua" },
  },
  lua_yields = {
    what = "coroutine.yield", files = LUA,
    looks = {
      global "coroutine" .. "%s*%.%s*yield",
      -- The table under another name would hide it.
      global "coroutine" .. "%s*[^%s.]", global "coroutine" .. "%s*$",
    },
    only = { "lua/uring/loop.lua", "lua/uring/coroutines.lua" },
  },
  c_prints = {
    what = "printing", files = C,
    looks = {
      call "printf", call "fprintf", call "vprintf", call "vfprintf",
      call "puts", call "fputs", call "perror",
    },
  },
  c_exits = {
    what = "exit", files = C, looks = { call "exit", call "_exit" },
  },
  c_unbounded = {
    what = "unbounded copy", files = C,
    looks = {
      call "strcpy", call "strcat", call "sprintf", call "vsprintf",
    },
  },
  c_allocations = {
    what = "malloc and free", files = C,
    looks = { call "malloc", call "calloc", call "realloc", call "free" },
    only = { "csrc/mem.c", "csrc/slot.c", "csrc/pieces.c", "csrc/bufring.c",
      "csrc/pins.c", "csrc/ring.c", "csrc/drain.c", "csrc/lookup.c",
      "csrc/jobs.c", "csrc/pool.c", "csrc/cares/query.c" },
  },
  c_strerror = {
    what = "strerror", files = C, looks = { "%f[%w_]strerror" },
    only = { "csrc/fail.c" },
  },
  c_opcodes = {
    what = "IORING_OP_", files = C, looks = { "%f[%w_]IORING_OP_" },
    only = { "csrc/ops.c", "csrc/compat.h", "csrc/prep.h" },
  },
  c_versions = {
    what = "#if with a version", files = C,
    looks = {
      version_if "IO_URING_VERSION", version_if "IO_URING_CHECK_VERSION",
      version_if "LIBURING",
    },
    only = { "csrc/compat.h" },
  },
  c_gotos = {
    what = "goto", files = C, looks = { word "goto" },
  },
}

local function looks_like(line, patterns)
  for _, pattern in ipairs(patterns) do
    if line:find(pattern) then return true end
  end
  return false
end

local function set(list)
  local has = {}
  for _, member in ipairs(list) do has[member] = true end
  return has
end

local function message_of(row)
  if not row.only then return "no " .. row.what .. " here" end
  return row.what .. " only in " .. table.concat(row.only, ", ")
end

local function ban(row)
  local exempt, message = set(row.only or {}), message_of(row)
  return function(tree, report)
    for path, number, line in tree:each_line("bare", row.files) do
      local text = tree:lines(path)[number]
      if looks_like(line, row.looks) and not exempt[path]
          and not text:find(ALLOWED, 1, true) then
        report(path, number, message)
      end
    end
  end
end

-- What stands before the value, the end or the body of a declaration.
local function declaration(lines, number)
  local text = lines[number]
  while not text:find "[=;{]" and lines[number + 1] do
    number = number + 1
    text = text .. " " .. lines[number]
  end
  return text:match "^[^=;{]*"
end

-- A guess from the text: does it declare a variable that can change?
local function is_mutable(declared)
  local const = "const%f[^%w_]"
  local parameter = declared:match "%(%s*(.)"
  if parameter == "*" then -- a pointer to a function
    return not declared:find("^[^(]*%(%s*%*%s*" .. const)
  elseif parameter then -- a function
    return false
  elseif declared:find "%*" then -- what the last star declares
    return not declared:find("%*%s*" .. const .. "[^*]*$")
  end
  return not declared:find("%f[%w_]" .. const)
end

-- Signals and threads are the process's, and a handler is given nothing.
local OF_THE_PROCESS = {
  ["csrc/interrupt.c"] = true, ["csrc/pool.c"] = true,
}

local function c_state(tree, report)
  for path, number, line in tree:each_line("bare", C) do
    if not OF_THE_PROCESS[path] and line:find "^%s*static%s" then
      local declared = declaration(tree:lines(path, "bare"), number)
      if is_mutable(declared) then
        report(path, number, "static variable that can change")
      end
    end
  end
end

local rules = { c_state = c_state }

for name, row in pairs(rows) do rules[name] = ban(row) end

return rules
