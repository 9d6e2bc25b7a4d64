--- Lays out docs/opcodes.md.
local examples = require "tools.gen.lines"
local rows = require "tools.gen.rows"

local INTRODUCTION = [[
<!-- Written by tools/gen.lua from csrc/ops.def: make generate -->

# Opcodes

Each row of the table is one opcode of io_uring, or one mode of an opcode that
has an interface of its own. It can be called in two forms:

- `sqe:prep_<row>(...)` prepares an SQE of [the low level](ring.md) and returns
  the op's id. What becomes of the op comes with its CQE: `cqe.res` is the
  kernel's number as it is, where the op failed a negative errno.
- `uring.op.<row>(...)`, inside `uring.run`, waits for the op, and returns its
  result and the flags of its CQE, or `nil, message, code`. A multishot row is
  an iterator over results and flags.

Wrong arguments raise in both. Sizes and places are in bytes, times in seconds.
Constants, such as `AT_FDCWD`, are in `require("uring.ring").consts`. Linux
versions are the first that know the row; with an older one `uring.op.<row>`
returns `nil, message, ENOSYS`. The man page of a row's helper tells more. A
row whose name ends in `_direct` puts a file into a slot of the ring's
registered files (`register_files`), which an SQE with `set_fixed_file()` takes
for a descriptor.

The line to try at the end of each section runs in the place that this program
leaves open:

```
%s```
]]

local function cell(text)
  return (text:gsub("|", "\\|"))
end

local function contents(described)
  local lines = { "| row | Linux | |", "| --- | --- | --- |" }
  for _, row in ipairs(described) do
    lines[#lines + 1] = ("| [%s](#%s) | %s | %s |"):format(row.name, row.name,
      row.since, cell(row.summary))
  end
  return table.concat(lines, "\n") .. "\n"
end

local function calls(row)
  local parameters = rows.parameters(row.args)
  local prepared = ("sqe:prep_%s(%s) --> id"):format(row.name, parameters)
  local awaited = ("uring.op.%s(%s)"):format(row.name, parameters)
  if row.multishot then
    awaited = ("for %s, flags in %s do ... end"):format(row.result.name,
      awaited)
  else
    awaited = ("%s --> %s, flags | nil, message, code"):format(awaited,
      row.result.name)
  end
  return "```\n" .. prepared .. "\n" .. awaited .. "\n```\n"
end

local function arguments(row)
  if #row.args == 0 then return "" end
  local lines = { "\n| argument | | default |", "| --- | --- | --- |" }
  for _, argument in ipairs(row.args) do
    local default = argument.default and " `" .. argument.default .. "`" or ""
    lines[#lines + 1] = ("| `%s` | %s |%s |"):format(argument.name,
      cell(argument.words), default)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function section(row)
  local result = row.multishot and "Each result: " or "Result: "
  return ("## %s\n\n%s\n\n%s%s\n%s%s. Linux %s, `%s(3)`.\n\nTry `%s`\n"):format(
    row.name, row.summary, calls(row), arguments(row), result,
    row.result.words, row.since, row.helper, row.line)
end

--- Lays out the page.
---
---@param described table[] rows
---@return string text
return function(described)
  local parts = { INTRODUCTION:format(examples.PREAMBLE), contents(described) }
  for _, row in ipairs(described) do parts[#parts + 1] = section(row) end
  return table.concat(parts, "\n")
end
