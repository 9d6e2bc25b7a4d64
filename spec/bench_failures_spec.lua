--- The bench goes on where a peer is missing or fails, and says why.
local echoes = require "bench.harness.echoes"
local leaks = require "spec.support.leaks"
local machine = require "bench.harness.machine"
local process = require "spec.support.process"
local uring = require "uring"

local LUA = process.LUA
local WRONG = [[
local uring = require "uring"
uring.run(function()
  local listener = assert(uring.listen "127.0.0.1:0")
  print("listening on " .. tostring(listener:sockname()))
  io.stdout:flush()
  uring.serve(listener, function(conn)
    for bytes in conn:chunks() do conn:write(bytes:upper()) end
  end, { on_error = function() end })
end)]]

leaks.watch()

local function say() end

-- The subjects of the only case, by their names.
local function measure(kind, question)
  return uring.run(function()
    local folder <close> = process.folder()
    local server_cpu, load_cpu = machine.cores()
    local cases = require("bench.harness." .. kind)(question, {
      rounds = 3, window = 0.1, scale = 0.01, folder = folder ".",
      say = say, server_cpu = server_cpu, load_cpu = load_cpu,
    })
    assert.equal(1, #cases)
    local subjects = { reference = cases[1].reference }
    for _, subject in ipairs(cases[1].subjects) do
      subjects[subject.name] = subject
    end
    return subjects
  end)
end

local function assert_failed(reason, subject)
  assert.matches(reason, subject.failed)
  assert.is_nil(subject.value)
end

describe("bench: where a peer fails", function()
  setup(function() assert(os.execute(process.AFRESH
    .. "make -s bench-programs")) end)

  it("the other servers have all their rounds", function()
    local subjects = measure("servers", {
      servers = {
        { name = "absent", argv = { "none" }, needs = { "no such program" } },
        { name = "mute", argv = { "sh", "-c", "exit 3" } },
        { name = "wrong", argv = { LUA, "-e", WRONG } },
        { name = "dies", argv = { "timeout", "0.3",
          "build/bench/echo_epoll" } },
        echoes.c_epoll,
      },
      references = { "absent", "dies", "C, epoll" },
      cases = { { name = "2 × 64 B", arguments = { 2, 64, 1 } } },
    })
    assert.equal("no such program", subjects.absent.missing)
    assert_failed("^it ends without a word$", subjects.mute)
    assert_failed("^load: .", subjects.wrong)
    assert_failed("^load: .", subjects.dies)
    assert.equal("C, epoll", subjects.reference)
    assert.equal(3, #subjects["C, epoll"].values)
    assert.is_nil(subjects["C, epoll"].failed)
  end)

  it("the memory of others is measured", function()
    local subjects = measure("memory", {
      servers = {
        { name = "absent", argv = { "none" }, modules = { "no.such" } },
        { name = "mute", argv = { "sh", "-c", "exit 3" } },
        { name = "wrong", argv = { LUA, "-e", WRONG } }, echoes.c_epoll,
      },
      references = { "C, epoll" },
      cases = { { name = "some", connections = 10 } },
    })
    assert.equal("no.such", subjects.absent.missing)
    assert_failed("^it ends without a word$", subjects.mute)
    assert_failed("^load: .", subjects.wrong)
    assert.equal(3, #subjects["C, epoll"].values)
  end)

  it("the other programs have all their rounds", function()
    local function shell(name, text)
      return { name = name, argv = { "sh", "-c", text } }
    end
    local subjects = measure("commands", { cases = { {
      name = "some", figure = "printed", unit = "ns", references = { "good" },
      subjects = {
        { name = "absent", argv = { "none" }, needs = { "no such program" } },
        { name = "unknown", argv = { "/no such program" } },
        shell("failing", "echo value 1; echo no luck >&2; exit 3"),
        shell("killed", "kill -9 $$"), shell("silent", "true"),
        shell("good", "echo value 7"),
      },
    } } })
    assert.equal("no such program", subjects.absent.missing)
    assert_failed("no such program", subjects.unknown)
    assert_failed("^no luck$", subjects.failing)
    assert_failed(".", subjects.killed)
    assert_failed("^it prints nothing$", subjects.silent)
    assert.same({ 7, 7, 7 }, subjects.good.values)
    assert.equal(1, subjects.good.ratio.median)
  end)
end)
