--- Measures servers: all are there at once, and work one after the other,
-- each in a window of time in each round.
local account = require "bench.harness.account"
local calls = require "bench.harness.calls"
local Client = require "bench.harness.client"
local rounds = require "bench.harness.rounds"
local Server = require "bench.harness.server"
local stats = require "bench.harness.stats"

local WARM_UP = 0.1 -- seconds

local function subject_of(definition)
  return { name = definition.name, ours = definition.ours,
    missing = Server.missing(definition), values = {}, per_cpu = {} }
end

-- The arguments may depend on the folder.
local function load_argv(case, port, context)
  local argv = { "build/bench/" .. (case.load or "load"), tostring(port) }
  local arguments = case.arguments
  if type(arguments) == "function" then arguments = arguments(context) end
  for _, value in ipairs(arguments) do
    argv[#argv + 1] = tostring(value)
  end
  return argv
end

-- A window; the figure is messages in a second.
local function work(subject, seconds)
  local pid, before = subject.server.pid, account.cpu(subject.server.pid)
  local result, message = subject.client:run(seconds)
  if not result then return nil, message end
  return result, before, account.cpu(pid)
end

local function turn(subject, round, seconds)
  local result, before, after = work(subject, seconds)
  if not result then return nil, before end
  account.add(subject.usage, before, after)
  subject.messages = subject.messages + result.messages
  local used = after.both - before.both
  subject.per_cpu[round] = used > 0 and result.messages / used or 0
  subject.p50[round], subject.p99[round] = result.p50, result.p99
  return result.messages / result.seconds
end

local function count_calls(subject, context)
  local result
  local count = calls.during(subject.server.pid, context.folder, function()
    result = subject.client:run(context.window)
  end)
  if count and result and result.messages > 0 then
    subject.calls = count / result.messages
  end
end

-- What is kept of a subject, in the units of the report.
local function finish(subject, context)
  for _, name in ipairs { "p50", "p99" } do
    local list = subject[name]
    subject[name] = list and list[1] and stats.median(list)
  end
  if not subject.failed and subject.client then
    count_calls(subject, context)
    subject.rss = account.memory(subject.server.pid)
    local usage, messages = subject.usage, subject.messages
    local ticks = usage.user + usage.system
    if messages > 0 and ticks > 0 then
      subject.user_us = usage.both * usage.user / ticks / messages * 1e6
      subject.system_us = usage.both * usage.system / ticks / messages * 1e6
    end
  end
  if subject.client then subject.client:close() end
  subject.client, subject.usage, subject.messages = nil, nil, nil
end

local function begin(subject, case, context)
  subject.usage, subject.messages = {}, 0
  subject.p50, subject.p99 = {}, {}
  local client, message =
    Client.start(load_argv(case, subject.server.port, context),
      context.load_cpu)
  if not client then
    subject.failed = message
    return
  end
  subject.client = client
  local result
  result, message = client:run(WARM_UP)
  if not result then subject.failed = message end
end

local function is_wanted(case, definition)
  return not (case.without and case.without[definition.name])
end

local function measure(question, case, running, context)
  local subjects, working = {}, {}
  for _, definition in ipairs(question.servers) do
    if is_wanted(case, definition) then
      local subject = subject_of(definition)
      subject.server = running[definition.name]
      subject.failed = context.failures[definition.name]
      subjects[#subjects + 1] = subject
      if subject.server then
        begin(subject, case, context)
        if not subject.failed then working[#working + 1] = subject end
      end
    end
  end
  rounds.go(context.rounds, working, function(subject, round)
    return turn(subject, round, context.window)
  end)
  for _, subject in ipairs(subjects) do
    finish(subject, context)
    subject.server = nil
  end
  return subjects
end

local function start_all(question, context, running, backend)
  for _, definition in ipairs(question.servers) do
    if not Server.missing(definition) then
      local server, message = Server.start(definition, {
        cpu = context.server_cpu, folder = context.folder,
        backend = backend and backend.port,
      })
      running[definition.name] = server
      context.failures[definition.name] = message
    end
  end
end

local function stop_all(running)
  for _, server in pairs(running) do server:close() end
end

local function start_backend(question, context)
  if not question.backend then return nil end
  return assert(Server.start(question.backend, { cpu = context.load_cpu,
    folder = context.folder }))
end

--- Measures all cases of a question.
---@param question table servers, cases (name, arguments, load, without),
--- references; backend: a server on the core of the load;
--- setup: called first
---@param context table rounds, window (seconds), folder, server_cpu, load_cpu
---@return table[] cases of the result
return function(question, context)
  local results = {}
  local backend <close> = start_backend(question, context)
  local running <close> = setmetatable({}, { __close = stop_all })
  if question.setup then question.setup(context) end
  context.failures = {}
  start_all(question, context, running, backend)
  for _, case in ipairs(question.cases) do
    context.say(case.name)
    local subjects = measure(question, case, running, context)
    results[#results + 1] = {
      name = case.name, x = case.x, unit = "messages/s", better = "more",
      subjects = subjects,
      reference = rounds.judge(subjects, question.references, "more"),
    }
  end
  return results
end
