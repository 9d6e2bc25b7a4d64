--- What the results say: on the terminal, in bench/README.md, as pictures.
local fs = require "uring.fs"
local goals = require "bench.harness.goals"
local json = require "bench.harness.json"
local plot = require "bench.harness.plot"
local tables = require "bench.harness.table"

local report = {}

local README = "bench/README.md"
local FROM, TO = "<!-- results -->", "<!-- end of results -->"

--- All questions, in the order of the report.
report.QUESTIONS = {
  "echo", "flight", "parked", "proxy", "growth", "connects", "idle", "http",
  "cat", "random", "copy", "nop", "spawn", "generator", "timers", "sleepers",
}

--- Prints a result.
---@param result table
function report.print(result)
  print(result.title)
  print(tables.markdown(result))
  io.stdout:flush()
end

local function facts(result)
  local at = result.machine
  return ("%s; %s, %d cores, %d GiB, load average %s; Linux %s; commit %s; "
    .. "%d rounds; `%s`"):format(at.date, at.cpu, at.cores, at.memory_gib,
    at.load_average, at.kernel, at.commit, result.rounds, at.command)
end

local function chapter(result, has_picture)
  local lines = { "### " .. result.title, "" }
  if has_picture then
    lines[#lines + 1] = ("![%s](results/%s.svg)\n"):format(result.title,
      result.question)
  end
  lines[#lines + 1] = tables.markdown(result)
  lines[#lines + 1] = "\n" .. facts(result) .. "\n"
  return table.concat(lines, "\n")
end

local function load_result(folder, name)
  local text = fs.read_file(("%s/%s.json"):format(folder, name))
  return text and json.decode(text)
end

-- What stands between the marks is ours.
local function replace(text, chapters)
  local from = assert(select(2, text:find(FROM, 1, true)), "no mark")
  local to = assert(text:find(TO, from, true), "no mark")
  return text:sub(1, from) .. "\n\n" .. table.concat(chapters, "\n") .. "\n"
    .. text:sub(to)
end

local function load_all(folder)
  local results = {}
  for _, name in ipairs(report.QUESTIONS) do
    results[name] = load_result(folder, name)
  end
  return results
end

--- Prints what the results of a folder have reached of the goals.
---@param folder string
function report.print_goals(folder)
  print(goals.markdown(load_all(folder)))
end

--- Draws the results of a folder; those that belong to the README go there.
---@param folder string
function report.write(folder)
  local results = load_all(folder)
  local chapters = { "### The goals\n\n" .. goals.markdown(results) .. "\n" }
  for _, name in ipairs(report.QUESTIONS) do
    local result = results[name]
    if result then
      local path = ("%s/%s.svg"):format(folder, name)
      chapters[#chapters + 1] = chapter(result, plot.draw(result, path))
    end
  end
  if folder ~= "bench/results" then return end
  local text = assert(fs.read_file(README))
  assert(fs.write_file(README, replace(text, chapters), { atomic = true }))
end

return report
