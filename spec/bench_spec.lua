--- The bench: what it makes of figures, and one tiny question from end to end.
local goals = require "bench.harness.goals"
local json = require "bench.harness.json"
local leaks = require "spec.support.leaks"
local process = require "spec.support.process"
local rounds = require "bench.harness.rounds"
local stats = require "bench.harness.stats"
local tables = require "bench.harness.table"

local function read_file(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

describe("bench: statistics", function()
  it("the median is the middle one, or the mean of both there", function()
    assert.are.equal(3, stats.median { 9, 1, 3 })
    assert.are.equal(2.5, stats.median { 4, 1, 2, 3 })
    assert.are.equal(7, stats.median { 7 })
  end)

  it("the median leaves its list as it was", function()
    local list = { 3, 1, 2 }
    stats.median(list)
    assert.are.same({ 3, 1, 2 }, list)
  end)

  it("a ratio is that of the same round", function()
    local summary = stats.ratio({ 10, 30, 20 }, { 10, 10, 40 })
    assert.are.same({ median = 1, min = 0.5, max = 3 }, summary)
  end)

  it("a round that one of both has missed has no ratio", function()
    assert.are.same({ median = 2, min = 2, max = 2 },
      stats.ratio({ 4, 8 }, { 2 }))
    assert.is_nil(stats.ratio({ 4 }, { 0 }))
  end)

  it("the best has the best median, and not the best round", function()
    local steady = { name = "steady", values = { 5, 5, 5 } }
    local lucky = { name = "lucky", values = { 1, 1, 100 } }
    assert.are.equal(steady, stats.best({ lucky, steady }, "more"))
    assert.are.equal(lucky, stats.best({ lucky, steady }, "less"))
    assert.is_nil(stats.best({}, "more"))
  end)
end)

describe("bench: rounds", function()
  it("everybody has a turn in each, and begins in turn", function()
    local order, subjects = {}, {}
    for i, name in ipairs { "a", "b", "c" } do
      subjects[i] = { name = name, values = {} }
    end
    rounds.go(3, subjects, function(subject)
      order[#order + 1] = subject.name
      return 1
    end)
    assert.are.equal("bcacababc", table.concat(order))
  end)

  it("who fails has no further turn, and says why", function()
    local subject, turns = { name = "a", values = {} }, 0
    rounds.go(5, { subject }, function(_, round)
      turns = turns + 1
      if round == 2 then return nil, "broken" end
      return 1
    end)
    assert.are.equal(2, turns)
    assert.are.equal("broken", subject.failed)
    assert.is_nil(rounds.judge({ subject }, { "a" }, "more"))
    assert.is_nil(subject.value)
  end)

  it("ratios are to the best of the references that are there", function()
    local subjects = {
      { name = "C", values = { 10, 20 } },
      { name = "absent", missing = "absent", values = {} },
      { name = "ours", values = { 5, 30 } },
    }
    assert.are.equal("C", rounds.judge(subjects, { "absent", "C" }, "more"))
    assert.are.same({ median = 1, min = 0.5, max = 1.5 }, subjects[3].ratio)
  end)
end)

describe("bench: JSON", function()
  it("what is written is read again", function()
    local value = { name = 'a "b"\n\\', list = { 1, 2.5, -3e-7 }, yes = true,
      inner = { { x = false }, { x = "µ" } }, none = {} }
    assert.are.same(value, json.decode(json.encode(value)))
  end)

  it("keys are in order, so that results can be compared", function()
    assert.are.equal('{\n  "a": 1,\n  "b": [2, 3]\n}\n',
      json.encode { b = { 2, 3 }, a = 1 })
  end)

  it("what is no number is null", function()
    assert.are.equal("[1, null]\n", json.encode { 1, 0 / 0 })
  end)

  it("other writers are understood as well", function()
    assert.are.same({ a = { 1 }, b = "\u{e9}/" },
      json.decode ' { "a" : [ 1, null ] , "b":"\\u00e9\\/" } ')
  end)

  it("what is none raises", function()
    for _, text in ipairs { "", "{", "[1 2]", '{"a" 1}', '"a' } do
      assert.is_false(pcall(json.decode, text), text)
    end
  end)
end)

describe("bench: tables", function()
  it("a peer that is missing is named, and so is one that fails", function()
    local text = tables.markdown { kind = "commands", cases = { {
      name = "x", unit = "s", better = "less", reference = "C",
      subjects = {
        { name = "C", value = { median = 2 },
          ratio = { median = 1, min = 1, max = 1 } },
        { name = "peer", missing = "peer" },
        { name = "other", failed = "no luck" },
      },
    } } }
    assert.is_truthy(text:find("C (reference) | 2 | **1.00** (1.00–1.00)", 1,
      true))
    assert.is_truthy(text:find("peer | missing: peer", 1, true))
    assert.is_truthy(text:find("other | failed: no luck", 1, true))
  end)
end)

describe("bench: goals", function()
  local function judged(results)
    local by_name = {}
    for _, one in ipairs(goals.judge(results)) do by_name[one.name] = one end
    return by_name
  end

  local function subject(name, values, per_cpu, more)
    local made = { name = name, values = values, per_cpu = per_cpu,
      value = stats.summary(values), ours = name:find "^uring" ~= nil }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end

  local function question(name, better, ...)
    return { cases = { { name = name, better = better, reference = "C",
      subjects = { ... } } } }
  end

  it("a ratio is reached by its median, beside that by CPU time", function()
    local list = judged { echo = question("64 × 64 B", "more",
      subject("C", { 10, 10, 20 }, { 4, 4, 4 }),
      subject("uring", { 9, 10, 19 }, { 2, 2, 1 })) }
    local one = list["echo, 64 × 64 B ÷ best C"]
    assert.same({ median = 0.95, min = 0.9, max = 1 }, one.reached)
    assert.same({ median = 0.5, min = 0.25, max = 0.5 }, one.by_cpu)
    assert.same({ true, "≥ 0.95" }, { one.met, one.asked })
  end)

  it("to be ahead is more than the best peer that did not fail", function()
    local function met(ours)
      return judged({ echo = question("64 × 64 B", "more",
        subject("luv", { 5, 5 }, {}), subject("Node", { 7, 7 }, {}),
        subject("Go", { 99, 99 }, {}, { failed = "no luck" }),
        subject("copas", { 99, 99 }, {}, { missing = "copas" }),
        subject("uring", { ours, ours }, {}))
      })["echo, 64 × 64 B ÷ best peer"].met
    end
    assert.is_true(met(7.1))
    assert.is_false(met(7))
  end)

  it("the best of ours counts where nobody is named", function()
    local list = judged { random = question("cached, depth 32", "more",
      subject("fio, io_uring", { 10 }, {}), subject("C", { 50 }, {}),
      subject("uring, strings", { 9 }, {}),
      subject("uring, buffers", { 20 }, {})) }
    assert.same({ median = 2, min = 2, max = 2 },
      list["random reads, cached, depth 32 ÷ fio"].reached)
  end)

  it("less is better of times, bytes and calls", function()
    local list = judged {
      cat = question("to a pipe", "less", subject("GNU cat", { 10 }, { 1 }),
        subject("C", { 1 }, { 1 }), subject("uring", { 6.5 }, { 2 })),
      nop = question("32 tasks", "less", subject("uring", { 301 }, {})),
      echo = question("64 × 64 B", "more",
        subject("luv", { 1 }, {}, { user_us = 2.6 }),
        subject("uring", { 1 }, {}, { user_us = 1.3, calls = 0.05 })),
    }
    assert.is_true(list["cat to a pipe: time ÷ GNU cat's"].met)
    assert.is_false(list["an awaited NOP, 32 tasks: ns"].met)
    assert.is_true(list["echo, 64 × 64 B: system calls of a message"].met)
    local user = list["echo, 64 × 64 B: user CPU ÷ luv's"]
    assert.same({ 0.5, false }, { user.reached.median, user.met })
  end)

  it("growth is that of the CPU time of a message, beside C's", function()
    local function case(connections, ours, other, reference)
      return { name = connections .. " connections", better = "more",
        reference = reference, subjects = {
          subject("uring", { 1 }, { ours }), subject("C", { 2 }, { other }),
          subject("epoll", { 3 }, { 1 }) } }
    end
    local growth = judged({ growth = { cases = {
      case(10, 8, 10, "epoll"), case(10000, 2, 5, "C") } }
    })["cost of a message, 10 to 10,000 connections: growth ÷ C's"]
    assert.same({ median = 2, min = 2, max = 2 }, growth.reached)
    assert.is_false(growth.met)
  end)

  it("what was not measured is neither met nor missed", function()
    for _, one in ipairs(goals.judge {}) do
      assert.is_nil(one.met, one.name)
    end
    local text = goals.markdown { nop = question("32 tasks", "less",
      subject("uring", { 250, 200, 290 }, {})) }
    assert.is_truthy(text:find("| an awaited NOP, 32 tasks: ns | ≤ 300 "
      .. "| 250 (200–290) |  | met |", 1, true), text)
    assert.is_truthy(text:find("| an idle connection: bytes | ≤ 2200 |  |  "
      .. "| not measured |", 1, true), text)
  end)
end)

describe("bench/run", function()
  leaks.watch()

  local function run(arguments)
    return process.capture(process.AFRESH .. "bench/run " .. arguments
      .. " 2>&1")
  end

  local can_unshare = os.execute "unshare --net true 2>/dev/null"
    or os.execute "unshare --map-root-user --net true 2>/dev/null"

  it("lists its questions", function()
    if not can_unshare then return pending "no network of its own here" end
    local text = run ""
    assert.is_truthy(text:find "usage: bench/run")
    assert.is_truthy(text:find "\n  echo +Echo")
  end)

  it("says of each goal what the results have reached", function()
    if not can_unshare then return pending "no network of its own here" end
    local text = run "goals"
    for _, goal in ipairs(goals.LIST) do
      assert.is_truthy(text:find("| " .. goal.name .. " |", 1, true), text)
    end
    local _, verdicts = text:gsub("met%*?%*? |\n?", "")
    assert.are.equal(#goals.LIST, verdicts, text)
  end)

  it("answers a question from end to end", function()
    if not can_unshare then return pending "no network of its own here" end
    local folder <close> = process.folder()
    local text = run(("--rounds 1 --window 0.05 --results %s parked")
      :format(folder "."))
    local result = json.decode(read_file(folder "parked.json"))
    assert.is_truthy(({ cubic = true, reno = true })
      [result.machine.congestion_control], text)
    assert.are.equal(2, #result.cases)
    for _, case in ipairs(result.cases) do
      assert.is_truthy(case.reference:find "^C, ")
      for _, subject in ipairs(case.subjects) do
        assert.is_nil(subject.failed)
        assert.are.equal(1, #subject.values)
        assert.is_true(subject.value.median > 0)
        assert.is_true(subject.ratio.median > 0)
        assert.is_true(subject.rss > 0)
      end
    end
  end)
end)
