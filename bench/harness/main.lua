--- Measures what the command line names: bench/run [OPTION...] NAME...
-- The names are those of bench/questions; see bench/README.md.
package.path = "./?.lua;" .. package.path
local fs = require "uring.fs"
local json = require "bench.harness.json"
local machine = require "bench.harness.machine"
local report = require "bench.harness.report"
local uring = require "uring"

local MEASURE = {
  commands = "bench.harness.commands", memory = "bench.harness.memory",
  servers = "bench.harness.servers",
}

local USAGE = [[
usage: bench/run [--rounds N] [--window SECONDS] [--scale FACTOR]
                 [--results FOLDER] all | report | goals | NAME...
the names are:]]

local function usage()
  print(USAGE)
  for _, name in ipairs(report.QUESTIONS) do
    local title = require("bench.questions." .. name).title
    print(("  %-10s %s"):format(name, title))
  end
  os.exit(2)
end

local function parse_option(options, name, value)
  if name == "results" then
    options.results = value or usage()
  elseif math.type(options[name] or "") then
    options[name] = tonumber(value) or usage()
  else
    usage()
  end
end

local function parse(argv)
  local options, i = { rounds = 5, window = 0.3, scale = 1,
    results = "bench/results", names = {} }, 1
  while argv[i] do
    local name = argv[i]:match "^%-%-(%l+)$"
    if name then
      parse_option(options, name, argv[i + 1])
      i = i + 1
    elseif argv[i] == "all" then
      options.names = report.QUESTIONS
    elseif argv[i] == "goals" then
      options.goals = true
    elseif argv[i] ~= "report" then
      table.insert(options.names, argv[i])
    end
    i = i + 1
  end
  if not argv[1] then usage() end
  return options
end

local function measure(name, options, folder)
  local question = require("bench.questions." .. name)
  local context = { rounds = math.tointeger(options.rounds),
    window = options.window, scale = options.scale, folder = folder,
    say = function(what)
      io.stderr:write(("%s %s: %s\n"):format(os.date "%H:%M:%S", name, what))
    end }
  context.server_cpu, context.load_cpu = machine.cores()
  local facts = machine.facts("bench/run " .. table.concat(arg, " "))
  local cases = require(MEASURE[question.kind])(question, context)
  return { question = name, title = question.title, kind = question.kind,
    rounds = context.rounds, machine = facts, cases = cases }
end

local function main(options)
  if options.goals then return report.print_goals(options.results) end
  assert(fs.makedirs(options.results))
  for _, name in ipairs(options.names) do
    local folder = assert(fs.tmpdir())
    local _folder <close> = setmetatable({}, { __close = function()
      uring.shield(30, fs.remove_tree, folder)
    end })
    local result = measure(name, options, folder)
    assert(fs.write_file(options.results .. "/" .. name .. ".json",
      json.encode(result), { atomic = true }))
    report.print(result)
    report.write(options.results)
  end
  if #options.names == 0 then report.write(options.results) end
end

uring.run(main, parse(arg))
