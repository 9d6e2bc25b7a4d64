--- What busted prints: a line for each file, whatever failed or was skipped
-- and why, and last "N passed, N failed" and, if any were, "N skipped".
local busted = require "busted"

local passed = 0
local failed = {} -- "file:line: name" of each
local skipped = {} -- "file:line: name: reason" of each
local reasons = {} -- pending test -> message
local tests = 0 -- in this file
local line_open = false

local function say(text)
  io.write(line_open and "\n" or "", text, "\n")
  io.flush()
  line_open = false
end

local function full_name(element)
  local names = {}
  while element and (element.name or element.descriptor) do
    if element.descriptor == "file" and #names > 0 then break end
    table.insert(names, 1, tostring(element.name or element.descriptor))
    element = busted.parent(element)
  end
  return #names > 0 and table.concat(names, " ") or "busted"
end

local function place(trace)
  if not (trace and trace.short_src) then return "" end
  return ("%s:%d: "):format(trace.short_src, trace.currentline)
end

local function file_start(file)
  io.write(file.name)
  io.flush()
  tests, line_open = 0, true
  return nil, true
end

-- What ran is forgotten: each file loads its modules anew, and busted would
-- keep them all, for every test's collections of garbage to walk over.
local function forget(element)
  for _, child in ipairs(busted.children(element)) do
    forget(child)
    child.run, child.env = nil, nil
  end
end

local function file_end(file)
  forget(file)
  if line_open then
    io.write(("  %d tests, %.2f s\n"):format(tests, file.duration or 0))
    line_open = false
  end
  return nil, true
end

-- A failure or an error, in a test or (then no test_end follows) outside one.
local function wrong(element, _, message, trace)
  local name = full_name(element)
  local text = (message or "no message") .. (trace and trace.traceback or "")
  say(("FAILED  %s\n%s\n"):format(name, (text:gsub("%s+$", ""))))
  if element.descriptor ~= "it" then
    table.insert(failed, place(element.trace) .. name)
  end
  return nil, true
end

local function pending(element, _, message)
  reasons[element] = message
  return nil, true
end

local function skip(element)
  local at, why = tostring(reasons[element] or ""):match "^([^\n]-:%d+: )(.*)$"
  at = at or place(element.trace)
  why = why and why ~= "" and ": " .. why or ""
  table.insert(skipped, at .. full_name(element) .. why)
end

local function test_end(element, _, status)
  tests = tests + 1
  if status == "success" then
    passed = passed + 1
  elseif status == "pending" then
    skip(element)
  else
    table.insert(failed, place(element.trace) .. full_name(element))
  end
  return nil, true
end

local function list(title, lines)
  if #lines > 0 then
    say(("\n%s:\n  %s"):format(title, table.concat(lines, "\n  ")))
  end
end

local function exit()
  list("skipped", skipped)
  list("failed", failed)
  local none = passed + #failed + #skipped == 0
  if none then say "\nno test ran" end
  local more = #skipped > 0 and (", %d skipped"):format(#skipped) or ""
  say(("\n%d passed, %d failed%s"):format(passed, #failed, more))
  if none then os.exit(1, true) end
  return nil, true
end

return function()
  local handler = {}
  function handler.subscribe()
    require "busted.languages.en" -- the words of busted's own errors
    busted.subscribe({ "file", "start" }, file_start)
    busted.subscribe({ "file", "end" }, file_end)
    busted.subscribe({ "pending" }, pending)
    busted.subscribe({ "failure" }, wrong)
    busted.subscribe({ "error" }, wrong)
    busted.subscribe({ "test", "end" }, test_end)
    busted.subscribe({ "exit" }, exit)
  end
  return handler
end
