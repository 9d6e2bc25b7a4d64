--- Concatenates: copies files to standard output, one after the other.
-- run: lua5.4 examples/cat.lua [file...]    no file, or -: standard input
-- prints: what is in them; for one that cannot be read, cat: NAME: reason
local uring = require "uring"

local failed = false

local function complain(message)
  io.stderr:write("cat: ", message, "\n")
  failed = true
end

local function copy(file)
  while true do
    local bytes, message = file:read_some()
    if not bytes then return message end
    assert(uring.stdout:write(bytes))
  end
end

uring.run(function(...)
  for _, name in ipairs { ... } do
    local file, message = uring.stdin, nil
    if name ~= "-" then file, message = uring.open(name) end
    if file then message = copy(file) end
    if message then complain(message) end
    if file and name ~= "-" then file:close() end
  end
end, table.unpack(#arg > 0 and arg or { "-" }))

os.exit(not failed, true)
