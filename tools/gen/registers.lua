--- Lays out docs/register.md.
local comments = require "tools.gen.comments"
local lines = require "tools.gen.lines"

local INTRODUCTION = [[
<!-- Written by tools/gen.lua from csrc/: make generate -->

# Register calls

What `io_uring_register(2)` does is a method of [a ring](ring.md), or a function
of `require "uring.ring"`. Inside `uring.run`, `uring.ring()` is the ring that
runs. Misuse raises; what the kernel refuses gives `nil, message, code`. Times
are in seconds, sizes in bytes, positions count from 0 as the kernel's do.

The line to try at the end of each section runs after these:

```
%s```
]]

-- The calls in the order of the table, each with all its kernels.
local function grouped(registers)
  local list, at = {}, {}
  for _, call in ipairs(registers) do
    if not at[call.name] then
      list[#list + 1] = { name = call.name, kernels = {} }
      at[call.name] = list[#list]
    end
    table.insert(at[call.name].kernels, call)
  end
  return list
end

local function contents(calls)
  local rows = { "| call | Linux | man page |", "| --- | --- | --- |" }
  for _, call in ipairs(calls) do
    local since, pages = {}, {}
    for i, kernel in ipairs(call.kernels) do
      since[i], pages[i] = kernel.since, "`" .. kernel.helper .. "(3)`"
    end
    rows[#rows + 1] = ("| [%s](#%s) | %s | %s |"):format(call.name,
      call.name:gsub(":", ""), table.concat(since, ", "),
      table.concat(pages, ", "))
  end
  return table.concat(rows, "\n") .. "\n"
end

-- "ring:x(y) -> z.  More." becomes its signature, and the words behind it.
local function split(text)
  local call, rest = text:match "^([%w_:]+%b())%s*(.*)$"
  if not call then call, rest = text:match "^([%w_:]+%b{})%s*(.*)$" end
  local gives = rest:match "^%->%s*(.*)$"
  if gives then return call, "Gives " .. gives end
  return call, (rest:gsub("^[,:]%s*", ""):gsub("^%l", string.upper))
end

local function section(list, call)
  local about = comments.describe(list, call.name)
  local text = table.concat(about.paragraphs, "\n"):gsub("%s+", " ")
  local signature, words = split(text)
  return ("## %s\n\n```\n%s\n```\n\n%s\n\nTry `%s`\n"):format(call.name,
    signature, words:gsub("  +", " "), assert(lines.REGISTERS[call.name],
    "registers.def has no line for " .. call.name))
end

--- Lays out the page.
---
---@param registers table[] core.registers
---@param list string[] comments of csrc/
---@return string text
return function(registers, list)
  local calls = grouped(registers)
  local parts = { INTRODUCTION:format(lines.REGISTER_PREAMBLE),
    contents(calls) }
  for _, call in ipairs(calls) do parts[#parts + 1] = section(list, call) end
  return table.concat(parts, "\n")
end
