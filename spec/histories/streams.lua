--- Bytes go through a connection while readers and writers are cancelled,
-- run out of time, and are replaced.
--   no byte is lost or doubled, in either direction
--   who waits on a handle that is closed is told so
local uring = require "uring"

local random = math.random

local function bytes_of(count)
  local list = {}
  for i = 1, count do
    list[i] = random(12) == 1 and "\n" or string.char(random(97, 122))
  end
  return table.concat(list)
end

-- Writes in pieces; only whole pieces count, and none is interrupted.
local function send(conn, text)
  local at = 1
  while at <= #text do
    local piece = text:sub(at, at + random(0, 400))
    assert(conn:write(piece))
    at = at + #piece
    if random(4) == 1 then uring.sleep(random(5) / 1000) end
  end
  assert(conn:shutdown "w")
end

local reads = {}

function reads.some(conn) return conn:read_some(random(300)) end
function reads.count(conn) return conn:read(random(0, 300)) end
function reads.line(conn) return conn:read "L" end

local KINDS = { "some", "count", "line" }

-- Reads once, perhaps with a limit; the message where there was nothing.
local function read_once(conn)
  local read = reads[KINDS[random(3)]]
  local how = random(4)
  if how == 1 then return uring.timeout(random(3) / 1000, read, conn) end
  conn:settimeout(how == 2 and random(3) / 1000 or nil, "read")
  return read(conn)
end

-- One reader after another, some of which are cancelled on their way.
local function receive(conn)
  local received, is_over = {}, false
  local function reader()
    for _ = 1, random(8) do
      local data, message = read_once(conn)
      if data then received[#received + 1] = data end
      if not data and message ~= "timeout" then
        assert(message == nil, message)
        is_over = true
        return
      end
    end
  end
  while not is_over do
    uring.scope(function(scope)
      scope:spawn(reader)
      if random(3) == 1 then
        uring.sleep(random(3) / 1000)
        scope:cancel("the next one")
      end
    end)
  end
  return table.concat(received)
end

local function exchange(conn, mine, theirs)
  local result = uring.all {
    function() return receive(conn) end, function() send(conn, mine) end,
  }
  assert(result[1] == theirs, "other bytes than were sent")
end

-- Several write at once; what each writes is whole, if it is there at all.
local function share(conn, peer)
  local lines = {}
  uring.scope(function(scope)
    for i = 1, random(2, 4) do
      local line = tostring(i):rep(random(1, 50)) .. "\n"
      scope:spawn(function()
        if random(3) == 1 then uring.yield() end
        local limit = random(2) == 1 and random(20) / 1000 or 60
        local done = uring.timeout(limit, conn.write, conn, line)
        assert(done or limit < 1, "a writer waited for ever")
        lines[line] = done and "written" or "perhaps"
      end)
    end
  end)
  assert(conn:shutdown "w" or true)
  for line in peer:lines "L" do
    assert(lines[line], "a line that nobody has written")
    lines[line] = nil
  end
  for line, state in pairs(lines) do
    assert(state == "perhaps", "not there: " .. line)
  end
end

local function closed_under_a_reader(conn)
  uring.scope(function(scope)
    local task = scope:async(conn.read_some, conn)
    uring.yield()
    conn:close()
    local _, bytes, message = task:result()
    assert(bytes == nil and (message == "closed" or message == nil))
  end)
end

return {
  faults = {
    short = 0.3, late = 0.5, slow = 0.05, line = 0.2, enobufs = 0.1,
  },
  run = function()
    local listener <close> = assert(uring.listen("127.0.0.1:0"))
    local up, down = bytes_of(random(0, 2000)), bytes_of(random(0, 2000))
    uring.scope(function(scope)
      scope:spawn(function()
        local conn <close> = assert(listener:accept())
        exchange(conn, down, up)
        closed_under_a_reader(conn)
      end)
      local conn <close> = assert(uring.connect(listener:sockname()))
      exchange(conn, up, down)
    end)
    uring.scope(function(scope)
      local accepted = scope:async(listener.accept, listener)
      local conn <close> = assert(uring.connect(listener:sockname()))
      local peer <close> = assert(accepted:await())
      share(conn, peer)
    end)
  end,
}
