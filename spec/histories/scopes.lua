--- A random tree of scopes and tasks, with failures, cancellations, time
-- limits, shields and generators wherever chance puts them.
--   every spawned task ends exactly once, before its scope returns
--   what a scope raises was raised in it
--   nobody sleeps less than he wanted to, or is resumed without a reason
--   what is in a shield is not cancelled from outside
local uring = require "uring"

local random = math.random
local DEPTH = 3

local function is_expected(problem)
  if type(problem) == "table" and problem.marker then return true end
  return type(problem) == "string"
    and (problem:find "^await: the task was cancelled"
      or problem:find "^race: ") ~= nil
end

-- A task may catch what was planted, but neither a bug nor its own end.
local function absorb(ok, ...)
  if ok then return ... end
  local problem = ...
  if not is_expected(problem) then error(problem, 0) end
end

local function closing(body)
  return setmetatable({}, { __close = body })
end

local work

-- Notes the life of a task, and runs it.
local function live(entry, depth)
  entry.starts = entry.starts + 1
  local _guard <close> = closing(function() entry.ends = entry.ends + 1 end)
  entry.task = uring.self()
  work(entry.history, depth)
end

local function spawn(history, scope, depth, how)
  local entry = { history = history, starts = 0, ends = 0 }
  history.entries[#history.entries + 1] = entry
  entry.task = scope[how](scope, live, entry, depth)
  return entry
end

local function check_ended(entries)
  for _, entry in ipairs(entries) do
    assert(entry.starts == 1, "a task began " .. entry.starts .. " times")
    assert(entry.ends == 1, "a task ended " .. entry.ends .. " times")
  end
end

local HOW = { "spawn", "spawn", "async", "daemon" }

local acts = {}

function acts.sleep()
  local seconds = random(0, 20) / 1000
  local before = uring.now()
  uring.sleep(seconds)
  assert(uring.now() - before >= seconds - 1e-9, "it slept too little")
end

acts.nap = acts.sleep
acts.yield = uring.yield

function acts.scope(history, depth)
  local mine = {}
  absorb(pcall(uring.scope, function(scope)
    for _ = 1, random(3) do
      mine[#mine + 1] = spawn(history, scope, depth + 1, HOW[random(#HOW)])
    end
    work(history, depth + 1)
    if random(5) == 1 then scope:cancel("chance") end
  end))
  check_ended(mine)
end

function acts.limit(history, depth)
  local seconds = random(0, 15) / 1000
  local before, value, message = uring.now(), nil, nil
  local ok, problem = pcall(function()
    value, message = uring.timeout(seconds, function()
      work(history, depth + 1)
      return "done"
    end)
  end)
  absorb(ok, problem)
  if not ok then return end
  assert(value == "done" or message == "timeout")
  assert(value or uring.now() - before >= seconds, "its time was not over")
end

function acts.spawn(history, depth)
  local entry = { history = history, starts = 0, ends = 0 }
  history.entries[#history.entries + 1] = entry
  entry.task = uring.spawn(live, entry, depth + 1)
end

function acts.fail()
  if random(3) == 1 then error({ marker = random(0) }) end
end

function acts.cancel(history)
  local entry = history.entries[random(#history.entries)]
  if entry and entry.task then entry.task:cancel("chance") end
end

function acts.shield()
  uring.shield(function()
    local ok = pcall(uring.sleep, random(5) / 1000)
    assert(ok, "what is shielded was cancelled")
  end)
end

function acts.await(history, depth)
  absorb(pcall(uring.scope, function(scope)
    local entry = spawn(history, scope, depth + 1, "async")
    if random(2) == 1 then return entry.task:await() end
    entry.task:result()
  end))
end

function acts.generator(history, depth)
  local step = coroutine.wrap(function()
    for i = 1, random(3) do
      work(history, depth + 1)
      coroutine.yield(i)
    end
  end)
  absorb(pcall(function()
    local expected = 1
    for i in step do
      assert(i == expected, "a generator gave another value")
      expected = expected + 1
      if random(4) == 1 then break end
    end
  end))
end

function acts.race(history, depth)
  absorb(pcall(uring.race, {
    function() work(history, depth + 1) end, function() acts.sleep() end,
  }))
end

function acts.map(history, depth)
  absorb(pcall(uring.map, { 1, 2, 3 }, function(n)
    if random(4) == 1 then work(history, depth + 1) end
    acts.sleep()
    return n
  end, { max = 2 }))
end

local NAMES = {}
for name in pairs(acts) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)

function work(history, depth)
  if depth > DEPTH then return acts.sleep() end
  for _ = 1, random(3) do
    if #history.entries > 60 then return acts.sleep() end
    acts[NAMES[random(#NAMES)]](history, depth)
  end
end

return {
  faults = { late = 0.5 },
  run = function()
    local history = { entries = {} }
    absorb(pcall(uring.scope, function(scope)
      for _ = 1, random(3) do spawn(history, scope, 1, "spawn") end
    end))
    uring.sleep(0.1)
    check_ended(history.entries)
  end,
}
