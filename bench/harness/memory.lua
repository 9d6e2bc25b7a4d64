--- Measures how much memory a server takes for a connection that is idle.
local account = require "bench.harness.account"
local Client = require "bench.harness.client"
local rounds = require "bench.harness.rounds"
local Server = require "bench.harness.server"
local uring = require "uring"

local SETTLE = 0.2 -- seconds, until a server has taken all connections in

local function load_argv(case, port)
  return { "build/bench/load", tostring(port), tostring(case.connections),
    "64", "1" }
end

-- Each has sent a message and got it back; then the collector's garbage is
-- in the figure, as it is in the machine.
local function turn(subject, case, context)
  local server <close>, message = Server.start(subject.definition, {
    cpu = context.server_cpu, folder = context.folder })
  if not server then return nil, message end
  local before = account.memory(server.pid)
  local client <close>, problem =
    Client.start(load_argv(case, server.port), context.load_cpu)
  if not client then return nil, problem end
  local ok, failure = client:once()
  if not ok then return nil, failure end
  uring.sleep(SETTLE)
  local after = account.memory(server.pid)
  if not after then return nil, "the server has ended" end
  subject.rss = after
  return (after - before) / case.connections
end

local function measure(question, case, context)
  local subjects, working = {}, {}
  for _, definition in ipairs(question.servers) do
    local subject = { name = definition.name, ours = definition.ours,
      definition = definition, values = {},
      missing = Server.missing(definition) }
    subjects[#subjects + 1] = subject
    if not subject.missing then working[#working + 1] = subject end
  end
  rounds.go(context.rounds, working, function(subject)
    return turn(subject, case, context)
  end)
  for _, subject in ipairs(subjects) do subject.definition = nil end
  return subjects
end

--- Measures all cases of a question.
---@param question table servers, references, cases (name, connections)
---@param context table
---@return table[] cases of the result
return function(question, context)
  local results = {}
  for i, case in ipairs(question.cases) do
    context.say(case.name)
    local subjects = measure(question, case, context)
    results[i] = {
      name = case.name, unit = "bytes", better = "less", subjects = subjects,
      reference = rounds.judge(subjects, question.references, "less"),
    }
  end
  return results
end
