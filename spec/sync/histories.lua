--- Random histories: many tasks, which are cancelled and run out of time
-- wherever that finds them.  On the kernel one seed is one history as far as
-- the clock lets it; in the simulation it is always the same.
local test = require "uring.test"
local uring = require "uring"
local within = require "spec.support.within"

local histories = {}

local IS_SLOW = os.getenv "URING_RESTLESS" == "1"
local SEEDS, TASKS, STEPS = IS_SLOW and 20 or 200, 20, 6
local SIMULATED = tonumber(os.getenv "URING_SEEDS" or SEEDS)
local LIMIT = 5 -- seconds for one history, which takes milliseconds
local MS = 0.001

-- Of our own: a seed must mean the same anywhere.
local function generator(seed)
  local state = seed
  return function(most)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % most + 1
  end
end

--- Lets others run until none of them can without time or the kernel, where
-- they pass a turn on no more than a few times.
function histories.settle()
  for _ = 1, 20 do uring.yield() end
end

--- Lets others run for a while, or not at all.
---@param random fun(most: integer): integer
function histories.pause(random)
  local what = random(30)
  if what <= 15 then return end
  if what <= 29 then return uring.yield() end
  uring.sleep(random(20) / 10 * MS)
end

-- One of these is how a step ends: by itself, or too late.
local function limited(random, step, ...)
  if random(3) > 1 then return step(...) end
  return uring.timeout(random(10) / 10 * MS, step, ...)
end

local function task(random, step, number)
  for _ = 1, STEPS do
    histories.pause(random)
    limited(random, step, number)
  end
end

local function cancel_some(random, tasks)
  for _ = 1, random(TASKS) do
    histories.pause(random)
    tasks[random(#tasks)]:cancel("chance")
  end
end

local function run(random, begin)
  local step, check, ending = begin(random)
  local done, message = uring.timeout(LIMIT, function()
    uring.scope(function(scope)
      local tasks = {}
      for i = 1, TASKS do tasks[i] = scope:spawn(task, random, step, i) end
      cancel_some(random, tasks)
      if ending then ending(tasks) end
    end)
    return true
  end)
  if not done then error("somebody waits for ever: " .. tostring(message)) end
  check()
end

local function trace(raised)
  return type(raised) == "string" and debug.traceback(raised) or raised
end

local function on_the_kernel(begin)
  for seed = 1, SEEDS do
    local ok, problem = xpcall(run, trace, generator(seed), begin)
    if not ok then
      if type(problem) == "table" and problem.message then
        problem = problem.message -- of luassert
      end
      error(("seed %d: %s"):format(seed, tostring(problem)), 0)
    end
  end
end

--- Runs histories, each with a seed of its own, which the error names: on the
-- kernel, and then as many as URING_SEEDS says in the simulation.
---@param begin fun(random): function, function, function? makes what a history
--- is about; returns what a task does in each step, given its number, what is
--- checked when all have ended, and what is done when all that are to be have
--- been cancelled
function histories.each(begin)
  within.run(on_the_kernel, begin)
  test.seeds(1, SIMULATED, {}, function(seed)
    run(generator(seed), begin)
  end)
end

--- Who waits in a line: says when somebody's turn comes while another waits
-- who came earlier.
---@param queue uring.Queue
---@return table line
function histories.line(queue)
  local line = {}

  --- Calls a function that waits for its turn.
  ---@param wait fun(...): ... raises where it goes away
  function line.join(wait, ...)
    local ticket <close> = setmetatable({ thread = coroutine.running() }, {
      __close = function(ticket)
        for i, each in ipairs(line) do
          if each == ticket then return table.remove(line, i) end
        end
      end,
    })
    table.insert(line, ticket)
    local result = wait(...)
    for _, each in ipairs(line) do
      if not result or each == ticket then return result end
      assert(not queue:has(each.thread), "it was somebody else's turn")
    end
  end

  return line
end

return histories
