--- Counts words in stages that channels join: names, lines, words, numbers.
-- run: lua5.4 examples/pipeline.lua FILE...
-- prints: the ten words that are there most often, and how often; for a file
-- that cannot be read, pipeline: NAME: reason
local sync = require "uring.sync"
local uring = require "uring"

local READERS, SPLITTERS, MOST = 8, 2, 10
local failed = false

-- Several tasks that send to one channel, which ends when they have.
local function stage(scope, count, output, body)
  scope:spawn(function()
    local _output <close> = output
    uring.scope(function(workers)
      for _ = 1, count do workers:spawn(body, output) end
    end)
  end)
end

local function complain(message)
  io.stderr:write("pipeline: ", message, "\n")
  failed = true
end

local function read(name, lines)
  local file <close>, message = uring.open(name)
  if not file then return complain(message) end
  local line, problem = file:read()
  while line do
    lines:send(line)
    line, problem = file:read()
  end
  if problem then complain(problem) end
end

local function count_words(words)
  local counts, found = {}, {}
  for word in words:iter() do
    if not counts[word] then table.insert(found, word) end
    counts[word] = (counts[word] or 0) + 1
  end
  table.sort(found, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  return found, counts
end

local function main(...)
  local paths = table.pack(...)
  local names, lines, words = sync.channel(), sync.channel(64), sync.channel(64)
  return uring.scope(function(scope)
    stage(scope, 1, names, function()
      for _, path in ipairs(paths) do names:send(path) end
    end)
    stage(scope, READERS, lines, function()
      for name in names:iter() do read(name, lines) end
    end)
    stage(scope, SPLITTERS, words, function()
      for line in lines:iter() do
        for word in line:gmatch "%a+" do words:send(word:lower()) end
      end
    end)
    return count_words(words)
  end)
end

if #arg == 0 then
  io.stderr:write "usage: lua5.4 examples/pipeline.lua FILE...\n"
  os.exit(2)
end
local found, counts = uring.run(main, table.unpack(arg))
for i = 1, math.min(MOST, #found) do
  print(("%6d %s"):format(counts[found[i]], found[i]))
end
os.exit(not failed, true)
