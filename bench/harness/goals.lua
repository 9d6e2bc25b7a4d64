--- The goals, and what has been reached of them, by the results that are kept.
local reached = require "bench.harness.reached"

local figure, growth = reached.figure, reached.growth
local ratio, value = reached.ratio, reached.value

local goals = {}

local PEERS = { "luv", "cqueues", "copas", "Node", "Go", "asyncio" }
local FIO = "fio, io_uring"
local MANY, MILLION = "100,000: ", "1,000,000: "

local function more(name, least, measure)
  return { name = name, sign = "≥", bound = least, measure = measure }
end

local function less(name, most, measure)
  return { name = name, sign = "≤", bound = most, measure = measure }
end

local function ahead(name, measure)
  return { name = name, sign = ">", bound = 1, measure = measure }
end

goals.LIST = {
  more("echo, 64 × 64 B ÷ best C", 0.95, ratio("echo", "64 × 64 B", "uring")),
  ahead("echo, 64 × 64 B ÷ best peer",
    ratio("echo", "64 × 64 B", "uring", PEERS)),
  more("echo, 512 × 64 B ÷ best C", 0.92,
    ratio("echo", "512 × 64 B", "uring")),
  more("echo, 64 × 4 KiB, views ÷ best C", 0.95,
    ratio("echo", "64 × 4 KiB", "uring, views")),
  more("echo, 64 × 4 KiB, strings ÷ best C", 0.8,
    ratio("echo", "64 × 4 KiB", "uring")),
  more("the same beside 10,000 parked tasks", 0.8,
    ratio("parked", "64 × 4 KiB", "uring, 10,000 parked tasks")),
  more("echo, 64 × 64 B, 16 in flight ÷ best C", 0.92,
    ratio("flight", "64 × 64 B", "uring")),
  less("echo, 64 × 64 B: user CPU ÷ luv's", 0.35,
    figure("echo", "64 × 64 B", "uring", "user_us", "luv")),
  less("echo, 64 × 64 B: system calls of a message", 0.05,
    figure("echo", "64 × 64 B", "uring", "calls")),
  less("cat to the null device: time ÷ C's", 1,
    ratio("cat", "to the null device", "uring")),
  less("cat to a pipe: time ÷ GNU cat's", 0.65,
    ratio("cat", "to a pipe", "uring", "GNU cat")),
  ahead("random reads, cached, depth 32 ÷ fio",
    ratio("random", "cached, depth 32", "ours", FIO)),
  ahead("random reads, cached, depth 128 ÷ fio",
    ratio("random", "cached, depth 128", "ours", FIO)),
  more("random reads, O_DIRECT, depth 128 ÷ fio", 0.95,
    ratio("random", "O_DIRECT, depth 128", "ours", FIO)),
  less("an awaited NOP, 32 tasks: ns", 300,
    value("nop", "32 tasks", "uring")),
  less("100,000 sleeping tasks: bytes of one", 1300,
    value("sleepers", MANY .. "memory of one", "uring")),
  less("100,000 sleeping tasks: µs of CPU of a sleep", 4,
    value("sleepers", MANY .. "a sleep", "uring")),
  { name = "1,000,000 sleeping tasks: bytes of one", sign = ">", bound = 0,
    measure = value("sleepers", MILLION .. "memory of one", "uring") },
  less("an idle connection: bytes", 2200,
    value("idle", "5,000 connections", "uring")),
  more("proxy, 64 × 16 KiB ÷ HAProxy", 1,
    ratio("proxy", "64 × 16 KiB", "ours", "HAProxy")),
  less("cost of a message, 10 to 10,000 connections: growth ÷ C's", 1,
    growth("growth", "10 connections", "10000 connections", "uring")),
}

local COMPARE = {
  ["≥"] = function(a, b) return a >= b end,
  ["≤"] = function(a, b) return a <= b end,
  [">"] = function(a, b) return a > b end,
}

--- What has been reached of each goal.
---@param results table<string, table> by the names of questions
---@return table[] list name, asked (a sign and a number), reached, by_cpu
--- (summaries), met; without these three where that was not measured
function goals.judge(results)
  local list = {}
  for i, goal in ipairs(goals.LIST) do
    local found, by_cpu = goal.measure(results)
    list[i] = {
      name = goal.name, reached = found, by_cpu = by_cpu,
      asked = ("%s %.4g"):format(goal.sign, goal.bound),
      met = found and COMPARE[goal.sign](found.median, goal.bound),
    }
  end
  return list
end

local function text_of(summary)
  if not summary then return "" end
  if summary.min == summary.max then return ("%.4g"):format(summary.median) end
  return ("%.4g (%.4g–%.4g)"):format(summary.median, summary.min, summary.max)
end

--- The same as a table of Markdown.
---@param results table<string, table>
---@return string markdown
function goals.markdown(results)
  local lines = { "| goal | asked | reached | by its CPU time | |",
    "| --- | --: | --: | --: | --- |" }
  for _, one in ipairs(goals.judge(results)) do
    local verdict = one.met and "met" or "**not met**"
    if one.met == nil then verdict = "not measured" end
    lines[#lines + 1] = ("| %s | %s | %s | %s | %s |"):format(one.name,
      one.asked, text_of(one.reached), text_of(one.by_cpu), verdict)
  end
  return table.concat(lines, "\n")
end

return goals
