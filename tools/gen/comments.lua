--- Reads what comments in csrc/ say about the functions that Lua sees.
-- Each begins with its signature: "ring:submit() -> how many SQEs went to
-- the kernel, or nil, message, code".  Names and phrases tell the types.

local comments = {}

-- Of parameters, by name; where functions disagree, by function and name.
local PARAMETERS = {
  ["..."] = "any", ["signalfd ..."] = "string", ["unblock ..."] = "string",
  ["block ..."] = "string", ["block name"] = "string",
  address = "uring.Address", align = "integer", backlog = "integer",
  bgid = "integer", bid = "integer", buffer = "uring.Buffer",
  code = "integer", command = '"flush_rq"',
  count = "integer", cqe = "uring.CQE",
  domain = "integer", entries = "integer", fd = "integer",
  flags = "integer", host = "string", i = "integer", integer = "integer",
  items = "(string|uring.Buffer)[]", j = "integer", level = "integer",
  name = "integer", ["signalfd name"] = "string",
  ["interface name"] = "string", mark = "string", mode = "integer",
  ["setsockopt value"] = "integer|string",
  ["unblock name"] = "string", number = "integer", options = "table",
  port = "integer", protocol = "integer", res = "integer",
  ring = "uring.Ring", seconds = "number", size = "integer",
  bid_or_view = "integer|uring.Buffer", body = "fun(chain: uring.Chain)",
  bits = "integer", bounded = "integer", buffers = "(uring.Buffer|false)[]",
  cpus = "integer[]", cq_entries = "integer", data = "integer",
  fds = "integer[]", id = "integer", least = "number",
  ["register_clock name"] = '"monotonic"|"boottime"', offset = "integer",
  ["poll events"] = "integer[]",
  mask = "integer", mount = "integer", path = "string", watch = "integer",
  whence = "integer",
  ["start name"] = "string", ["work name"] = "string",
  ["on"] = "boolean", opcode = "integer", pid = "integer",
  pidfd = "integer", signal = "string|integer",
  ignore = "boolean", last = "table", prefer = "boolean",
  quick = "table", go_on = "function", slowly = "function",
  sentinel = "table", source = "uring.Ring",
  tags = "integer[]",
  unbounded = "integer", zcrx_id = "integer",
  string = "string", string_or_buffer = "string|uring.Buffer",
  text = "string", type = "integer", value = "any", what = "string|nil",
}

-- Of results, by how what stands behind the arrow begins; more than one.
local RESULTS = {
  { "^CLOCK_", "integer" }, { "^(%u%a+)%f[%A]", "uring.%s" }, -- a class
  { "^sqe%f[%A]", "uring.SQE" }, { "^buffer%f[%A]", "uring.Buffer" },
  { "^true%f[%A]", "true" }, { "^whether%f[%A]", "boolean" },
  { "^fd to read, fd to write", "integer", "integer" },
  { "^first, last position", "integer", "integer" },
  { "^two connected", "integer", "integer" },
  { "^two functions", "function", "function" },
  { "^a coroutine%f[%A]", "thread" }, { "^write%f[%A]", "function" },
  { "^how many%f[%A]", "integer" }, { "^fd%f[%A]", "integer" },
  { "^integer%f[%A]", "integer" }, { "^its %l+%f[%A]", "integer" },
  { "^the bid%f[%A]", "integer" }, { "^the byte at", "integer" },
  { "^bid%f[%A]", "integer" }, { "^two integers", "integer", "integer" },
  { "^what prep returned", "integer" },
  { "^the bytes", "string" }, { "^all its bytes", "string" },
  { "^what the job", "any" }, { "^id%f[%A]", "integer" },
  { "^number of%f[%A]", "integer" }, { "^the file's position", "integer" },
  { "^an eventfd", "integer" }, { "^what stat_in", "table", "integer" },
  { "^what an errno", "string" }, { '^"', "string" },
  { "^nil, ", "nil", "string", "integer" },
  { "^the set of%f[%A]", "table<string, true>" },
  { "^{%[row%] = true}", "table<string, true>" }, { "^{", "table" },
}

local function escaped(text)
  return (text:gsub("%p", "%%%0"))
end

local function read_file(path, list)
  local file <close> = assert(io.open(path))
  for comment in file:read("a"):gmatch "/%*(.-)%*/" do
    comment = comment:gsub("\n%*%*", "\n"):gsub("%s*\n%s*", "\n")
    list[#list + 1] = comment:match "^%s*(.-)%s*$"
  end
end

--- Reads all comments.
---
---@param folder string
---@return string[]
function comments.read(folder)
  local list = {}
  local files <close> = assert(io.popen("ls " .. folder .. "/*.[ch]"))
  for path in files:lines() do read_file(path, list) end
  return list
end

--- Finds what the header of a class says that it is.
---
---@param list string[]
---@param class string "uring.Ring"
---@return string
function comments.purpose(list, class)
  for _, text in ipairs(list) do
    local purpose = text:match("^%l+%.h %- " .. class .. ": ([^\n]+)")
    if purpose then return (purpose:gsub("^%l", string.upper)) end
  end
  error("no header says what a " .. class .. " is")
end

local function find(list, call)
  local signature = escaped(call) .. "[({]"
  for _, text in ipairs(list) do
    local at = text:find(signature)
    if at and (at == 1 or text:sub(1, at - 1):find "^for [%l, ]+ in $") then
      return text
    end
  end
  error("no comment in csrc/ begins with " .. call .. "(")
end

-- "entries [, {flags=}]" becomes "entries", "options", the second optional.
local function read_parameters(name, inside)
  inside = inside:gsub("%b{}", "options")
  local list, bracket = {}, inside:find("[", 1, true) or #inside + 1
  for at, parameter in inside:gmatch "()([%a_.]+)" do
    list[#list + 1] = {
      name = parameter, optional = at > bracket,
      type = PARAMETERS[name .. " " .. parameter] or PARAMETERS[parameter]
        or error(("comments.lua has no type for %s of %s"):format(parameter,
          name)),
    }
  end
  return list
end

-- All that a comment calls the function with; close(2) is a man page.
local function read_calls(text, call)
  local calls, name = {}, "%f[%w_]" .. escaped(call)
  for arguments in text:gmatch(name .. "(%b())") do
    if not arguments:find "^%(%d%)$" then
      calls[#calls + 1] = arguments:sub(2, -2)
    end
  end
  if #calls > 0 then return calls end
  local braces = text:match(name .. "(%b{})")
  return { braces:find "=" and "options" or "items" }
end

-- One of some strings, where all calls are with strings; otherwise those of
-- the first call, of which a shorter one leaves out the last.
local function parameters_of(name, calls)
  if calls[1]:find '^"' then
    return { { name = "wish", type = table.concat(calls, "|") } }
  end
  local list = read_parameters(name, calls[1])
  for i = 2, #calls do
    local _, commas = calls[i]:gsub(",", "")
    for j = commas + 2, #list do list[j].optional = true end
  end
  return list
end

local function types_of(name, words)
  for _, entry in ipairs(RESULTS) do
    local found = words:match(entry[1])
    if found then
      local types = { table.unpack(entry, 2) }
      types[1] = types[1]:format(found)
      return types
    end
  end
  error(("comments.lua has no type for what %s returns: %s"):format(name,
    words))
end

local function may_be_nil(words)
  return words:find "%f[%a]nil%f[%A]" or words:find "%f[%a]or nothing%f[%A]"
end

local function results_of(list, name, text)
  if text:find "^for " then
    return { "fun(ring: uring.Ring): integer?, integer?, any", "uring.Ring" }
  end
  local same = text:match "%) is ([%w_]+)%("
  if same then return results_of(list, same, find(list, same)) end
  local words = text:match "%->%s(.*)"
  if not words then return {} end
  local types = types_of(name, words)
  if types[1] ~= "nil" and may_be_nil(words) then
    for i = 1, #types do types[i] = types[i] .. "?" end
  end
  if words:find "nil, message, code" then
    types[2] = types[2] and "integer|string" or "string? message"
    types[3] = "integer? code"
  end
  return types
end

-- A line that begins with the signature begins a paragraph.
local function paragraphs_of(text, call)
  local paragraphs, signature = {}, "^" .. escaped(call) .. "[({]"
  for line in text:gmatch "[^\n]+" do
    local last = #paragraphs
    if last == 0 or line:find(signature) then
      paragraphs[last + 1] = line
    else
      paragraphs[last] = paragraphs[last] .. " " .. line
    end
  end
  return paragraphs
end

--- Finds out about a function.
---
---@param list string[]
---@param call string "ring:submit", or a name in uring.core
---@return table what paragraphs, params (name, type, optional), returns
function comments.describe(list, call)
  local lines = find(list, call)
  local text, name = lines:gsub("\n", " "), call:match "[%w_]+$"
  return {
    paragraphs = paragraphs_of(lines, call),
    params = parameters_of(name, read_calls(text, call)),
    returns = results_of(list, name, text),
  }
end

return comments
