--- One line for each row and each register call that a reader can run: after
-- PREAMBLE, inside uring.run.  spec/docs_lines_spec.lua runs them all.

local lines = {}

--- What stands before a line, and behind it.
lines.PREAMBLE = [[
local uring, low = require "uring", require "uring.ring"
local op, C = uring.op, low.consts

uring.run(function()
  local ring = uring.ring()
  local path = os.tmpname()
  local file = op.openat(C.AT_FDCWD, path, C.O_RDWR)
  local buffer = low.buffer(4096, 4096)
  local buffers = uring.buf_ring { bgid = 1, entries = 8, size = 4096 }
  local source = ring:buf_ring { bgid = 2, entries = 8, size = 64,
    source = true }
  local reader, writer = low.pipe()
  local a, b = low.socketpair()
  local udp = low.socket(C.AF_INET, C.SOCK_DGRAM)
  local listener = low.socket(C.AF_INET, C.SOCK_STREAM)
  low.bind(listener, low.sockaddr("127.0.0.1", 0))
  low.listen(listener)
  local here = low.getsockname(listener)
  local function connected()
    local fd = low.socket(C.AF_INET, C.SOCK_STREAM)
    assert(op.connect(fd, here))
    return fd
  end
  op.write(file, ("x"):rep(4096), 0)
  op.write(writer, "from the pipe")
  op.send(b, "from the socket")
  ring:register_files_sparse(8)
  ring:register_buffers { buffer }
  source:add("added")
  -- the line comes here
  low.close(file)
  os.remove(path)
end)
]]

--- What stands before the line of a register call.
lines.REGISTER_PREAMBLE = [[
local low = require "uring.ring"
local C = low.consts
local ring = assert(low.ring(8))
local buffer = low.buffer(4096)
local a, b = low.socketpair()
]]

local folder = debug.getinfo(1, "S").source:match "^@(.*)lines%.lua$"

local function read(name)
  local list = {}
  for line in io.lines(folder .. name) do
    local key, code = line:match "^([%w_:]+): (.*)$"
    if key then list[key] = code end
  end
  return list
end

--- The line of each row, by its name.
lines.ROWS = read "lines.def"

--- The line of each register call, by its name in core.registers.
lines.REGISTERS = read "registers.def"

return lines
