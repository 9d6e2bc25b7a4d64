--- Writes what derives from the opcode table and from comments in csrc/:
-- docs/opcodes.md and docs/register.md for readers, lua/uring/meta.lua for
-- editors.
-- usage: lua5.4 tools/gen.lua [--check] [FOLDER]
--
-- The table is that of the built module; the environment must lead to it.
-- With --check it writes nothing, and fails where a file is not what it
-- would write.  The files are below FOLDER, instead of this checkout.
--
-- rows.lua says what the kinds of arguments and results are for both files,
-- opcodes.lua, registers.lua and meta.lua lay them out, comments.lua reads
-- csrc/.

local checkout = arg[0]:match "^(.*)tools/gen%.lua$" or ""
package.path = checkout .. "?.lua;" .. package.path

local comments = require "tools.gen.comments"
local core = require "uring.core"
local meta = require "tools.gen.meta"
local opcodes = require "tools.gen.opcodes"
local registers = require "tools.gen.registers"
local rows = require "tools.gen.rows"

local function read(path)
  local file <close> = io.open(path, "rb")
  return file and file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function generate()
  local sources = comments.read(checkout .. "csrc")
  local described = rows.describe(core, read(checkout .. "csrc/ops.def"))
  return {
    { path = "docs/opcodes.md", text = opcodes(described) },
    { path = "docs/register.md", text = registers(core.registers, sources) },
    { path = "lua/uring/meta.lua", text = meta(described, core, sources) },
  }
end

local function main(option, folder)
  if option ~= "--check" then option, folder = nil, option end
  folder = folder and folder .. "/" or checkout
  local fresh = true
  for _, file in ipairs(generate()) do
    if not option then
      write(folder .. file.path, file.text)
    elseif read(folder .. file.path) ~= file.text then
      io.stderr:write(file.path, " is stale: run make generate\n")
      fresh = false
    end
  end
  return fresh
end

os.exit(main(...), true)
