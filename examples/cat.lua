--- Concatenates: copies files to standard output, one after the other.
-- run: lua5.4 examples/cat.lua [file...]    no file, or -: standard input
-- prints: what is in them; for one that cannot be read, cat: NAME: reason
local stream = require "uring.stream"
local uring = require "uring"

local failed = false

local function complain(message)
  io.stderr:write("cat: ", message, "\n")
  failed = true
end

-- Where there is a pipe, the kernel moves the bytes by itself.
local function copy(file)
  local count, message = stream.copy(file, uring.stdout)
  if count then return end
  if message:find "^stdout" then error(message, 0) end
  complain(message)
end

uring.run(function(...)
  for _, name in ipairs { ... } do
    local file, message = uring.stdin, nil
    if name ~= "-" then file, message = uring.open(name) end
    if file then copy(file) else complain(message) end
    if file and name ~= "-" then file:close() end
  end
end, table.unpack(#arg > 0 and arg or { "-" }))

os.exit(not failed, true)
