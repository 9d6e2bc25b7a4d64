--- Random histories of tasks that share few connections, in the simulation:
-- whoever is cancelled, whatever fails, no place is lost, and no answer goes
-- to somebody else.
local leaks = require "spec.support.leaks"
local simulated = require "uring.test"
local uring = require "uring"

local ngx = require "uring.compat.ngx".ngx
local Pool = require "uring.compat.ngx.pool"

leaks.watch()

local SEEDS = 60
local TASKS, ROUNDS = 6, 8
local FEW = { pool = "few", pool_size = 2, backlog = 3 }

-- Answers lines with the same, late now and then; closes now and then.
local function echo(conn)
  local owned <close> = conn
  for line in owned:lines() do
    if math.random(8) == 1 then uring.sleep(math.random() * 0.05) end
    if math.random(16) == 1 then return end
    if not owned:write(line, "\n") then return end
  end
end

local function serve(scope, listener)
  for conn in listener:iter() do
    scope:spawn(pcall, echo, conn)
  end
end

-- One request; returns what became of it.
local function request(word, seen)
  local socket <close> = ngx.socket.tcp()
  socket:settimeout(math.random(10, 100))
  local ok, problem = socket:connect("10.0.0.1", 80, FEW)
  if not ok then return problem end
  if math.random(10) == 1 then return "left" end
  ok, problem = socket:send { word, "\n" }
  if not ok then return problem end
  local answer
  answer, problem = socket:receive()
  if answer and answer ~= word then
    seen.wrong = ("%s for %s"):format(answer, word)
  end
  if math.random(4) > 1 then
    seen.kept = (socket:setkeepalive(math.random(0, 200)) or 0) + seen.kept
  end
  return answer and "answered" or problem
end

local function client(number, seen)
  for round = 1, ROUNDS do
    local word = number .. "/" .. round
    local limit = math.random(3) == 1 and math.random() * 0.03 or 10
    local result = uring.timeout(limit, request, word, seen) or "cancelled"
    seen[result] = (seen[result] or 0) + 1
    if math.random(3) == 1 then uring.sleep(math.random() * 0.01) end
  end
end

local function history(seen)
  local listener <close> = assert(uring.listen "10.0.0.1:80")
  uring.scope(function(scope)
    scope:daemon(serve, scope, listener)
    uring.scope(function(clients)
      for number = 1, TASKS do clients:spawn(client, number, seen) end
    end)
    local pool = Pool.find "few"
    seen.lost = pool.connections - #pool.idle
    seen.waiting = #pool.line
    uring.sleep(1) -- what is idle for long is closed; 0 is for ever
    seen.idle_lost = pool.connections - #pool.idle
    for _, item in ipairs(pool.idle) do item.conn:shutdown "w" end
  end)
end

describe("many histories of a pool", function()
  it("lose no place, and mix up no answers", function()
    local all = {}
    for seed = 1, SEEDS do
      local seen = { kept = 0 }
      simulated.run({ seed = seed }, history, seen)
      assert.is_nil(seen.wrong, seed)
      assert.same({ 0, 0, 0 }, { seen.lost, seen.waiting, seen.idle_lost },
        "seed " .. seed)
      for what, count in pairs(seen) do all[what] = (all[what] or 0) + count end
    end
    for _, what in ipairs { "answered", "cancelled", "timeout", "closed",
      "left", "kept", "too many waiting connect operations" } do
      assert.is_true((all[what] or 0) > 0, what .. " never happened")
    end
  end)
end)
