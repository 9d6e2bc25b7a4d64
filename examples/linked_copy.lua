--- Copies a file in chains: each read is linked to its write.
-- run: lua5.4 examples/linked_copy.lua FROM TO    TO must not be there yet
-- prints: what became of each chain, and how many bytes it has copied
local uring = require "uring.ring"
local C, BLOCK = uring.consts, 1 << 20
local function check(value, message)
  if value then return value end
  io.stderr:write("linked_copy: ", message, "\n")
  os.exit(1, true)
end
local function result(path, res)
  return check(res >= 0 and res, path .. ": " .. uring.strerror(-res))
end
local from, to, more = ...
if not to or more then
  io.stderr:write("usage: lua5.4 examples/linked_copy.lua FROM TO\n")
  os.exit(2)
end
local ring = check(uring.ring(8))

-- Each op of a chain runs when the one before it has done all it was to do;
-- where that does less, or fails, the rest completes with ECANCELED.
local function run(body)
  local left, results = ring:chain(body), {}
  while left > 0 do
    local count, message, code = ring:submit_and_wait(left)
    check(count or code == uring.errno.EINTR, message)
    for res, _, name in ring:cqes() do results[name], left = res, left - 1 end
  end
  return results
end

local files = run(function(chain) -- no FROM: then TO is not made either
  local new = C.O_WRONLY | C.O_CREAT | C.O_EXCL
  chain:get_sqe():set_data("from"):prep_openat(C.AT_FDCWD, from)
  chain:get_sqe():set_data("to"):prep_openat(C.AT_FDCWD, to, new)
end)
local input, output = result(from, files.from), result(to, files.to)
local block, offset = uring.buffer(BLOCK), 0
repeat
  local chained = run(function(chain)
    chain:get_sqe():set_data("read"):prep_read(input, block, offset)
    chain:get_sqe():set_data("write"):prep_write(output, block, offset)
  end)
  local count, how = result(from, chained.read), "wrote"
  if count < BLOCK then -- the write, of a whole block, was cancelled
    how = "which cancels the write; then wrote"
    chained = run(function(chain)
      local less = block:slice(1, count)
      chain:get_sqe():set_data("write"):prep_write(output, less, offset)
      chain:get_sqe():set_data("fsync"):prep_fsync(output)
    end)
  end
  local written = result(to, chained.write)
  if written == count then result(to, chained.fsync or 0) end
  print(("at %d: read %d, %s %d"):format(offset, count, how, written))
  offset = offset + written -- what a short write has left is read again
until count == 0
print(("copied and synced %d bytes"):format(offset))
