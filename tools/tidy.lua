--- Checks what a compiler and a linter do not: the shape of the house.
-- usage: lua5.4 tools/tidy.lua [ROOT]
--
-- Prints "path:line: message" for each fault and exits 1 if there is one.
-- This file describes the house; tools/tidy/ looks at it, rule by rule, and
-- spec/tidy_spec.lua plants a fault for each rule.  Every table of patterns
-- holds Lua patterns for paths, seen from the root.

local house = {
  -- A room may use only itself and the rooms named before it.
  rooms = {
    c = {
      "uapi", "compat", "prep", "kernel", "clock", "op", "fail", "fields",
      "ops", "mem", "slot", "usertype", "buffer", "iovecs", "addr", "msg",
      "futexes",
      "pieces", "bufring", "lend", "registers", "luabufring", "pins", "arg",
      "check",
      "checknum", "checkmem", "argcheck", "result", "mapping", "enter", "ring",
      "drain", "flags", "flight", "luaring", "ringinfo", "submit", "tags",
      "regbufs", "clone", "regfiles", "regring", "regtask", "regrare", "blind",
      "sqe", "sqeset", "sqeraw", "chain", "cqe", "interrupt", "take", "step",
      "starter", "quick", "writer", "start", "resume", "thread", "go", "bind",
      "sys", "signals", "spawn", "fork", "sock", "sockpath", "inotify",
      "cached", "status", "widen",
      "lookup", "jobs", "pool", "offload", "consts", "core", "query", "watch",
      "sockets", "settings", "channel", "cares",
    },
    lua = {
      "uring.core", "uring.cares", "uring.errno", "uring.setupflags",
      "uring.setup", "uring.unpack", "uring.ring", "uring.system",
      "uring.report", "uring.headroom", "uring.timer", "uring.insist",
      "uring.cancelled", "uring.scheduler", "uring.ending", "uring.outside",
      "uring.loop", "uring.claims", "uring.descriptors", "uring.inside",
      "uring.coroutines", "uring.traces", "uring.buffers", "uring.members",
      "uring.scope", "uring.opening", "uring.line", "uring.joining",
      "uring.task", "uring.awaiting", "uring.nursery", "uring.structured",
      "uring.locals", "uring.sync.queue",
      "uring.sync.words", "uring.sync.waiter", "uring.sync.turn",
      "uring.sync.holding", "uring.sync.mutex", "uring.sync.condition",
      "uring.sync.semaphore", "uring.sync.limiter", "uring.sync.event",
      "uring.sync.promise", "uring.sync.channel", "uring.sync.taskcase",
      "uring.sync.select", "uring.sync.once", "uring.sync.lease",
      "uring.sync.pool", "uring.sync", "uring.exit", "uring.multishot",
      "uring.op", "uring.offload", "uring.info", "uring.address", "uring.alarm",
      "uring.limits", "uring.stream.intake", "uring.stream.numeral",
      "uring.stream.delimiter", "uring.stream.outcome", "uring.stream.views",
      "uring.stream.pipes",
      "uring.stream.splice", "uring.reader", "uring.stream.framing",
      "uring.stream.parts", "uring.stream.holding", "uring.writer",
      "uring.stream.class", "uring.stream.given", "uring.stream.piece",
      "uring.stream.copy", "uring.stream.both",
      "uring.stream.made", "uring.stream.memory", "uring.stream",
      "uring.fs.check", "uring.fs.place", "uring.fs.cached", "uring.fs.stat",
      "uring.fs.attributes", "uring.fs.names", "uring.fs.folder",
      "uring.fs.mode", "uring.fs.spare",
      "uring.fs.file", "uring.fs.positional",
      "uring.fs.device", "uring.fs.opening", "uring.fs.whole", "uring.fs.copy",
      "uring.fs.removal", "uring.fs.copytree", "uring.fs.watch",
      "uring.fs.root", "uring.fs", "uring.stdio", "uring.tree",
      "uring.watchdog", "uring.runner", "uring.blocking", "uring.dns.options",
      "uring.dns.problem", "uring.dns.records", "uring.dns.message",
      "uring.dns.cache", "uring.dns.hosts", "uring.dns.nsswitch",
      "uring.dns.exchange",
      "uring.dns.channels", "uring.dns.resolver", "uring.dns",
      "uring.net.options", "uring.net.sockopt", "uring.net.names",
      "uring.net.socket", "uring.net.passing", "uring.net.sending",
      "uring.net.receiving", "uring.net.conn",
      "uring.net.feed", "uring.net.listener", "uring.net.eyeballs",
      "uring.net.connecting", "uring.net.datagram", "uring.net.adopting",
      "uring.net.serving", "uring.net", "uring.ready", "uring.signal",
      "uring.time", "uring.child", "uring.process.plan", "uring.process.run",
      "uring.process", "uring.worker.member", "uring.worker.watch",
      "uring.worker.crew", "uring.worker", "uring", "uring.compat.cqueues",
      "uring.compat.ngx.words", "uring.compat.ngx.place",
      "uring.compat.ngx.context", "uring.compat.ngx.pool",
      "uring.compat.ngx.receive", "uring.compat.ngx.tcp",
      "uring.compat.ngx.udp", "uring.compat.ngx.log", "uring.compat.ngx.thread",
      "uring.compat.ngx.timer", "uring.compat.ngx.semaphore",
      "uring.compat.ngx.clock", "uring.compat.ngx.text",
      "uring.compat.ngx.digest", "uring.compat.ngx.pattern",
      "uring.compat.ngx.matcher", "uring.compat.ngx.regex",
      "uring.compat.ngx.shdict", "uring.compat.ngx.dictlist",
      "uring.compat.ngx.shims", "uring.compat.ngx", "uring.compat.argument",
      "uring.compat.socket.reason", "uring.compat.socket.descriptor",
      "uring.compat.socket.names", "uring.compat.socket.options",
      "uring.compat.socket.buffered", "uring.compat.socket.making",
      "uring.compat.socket.tcp", "uring.compat.socket.udp",
      "uring.compat.socket.unix",
      "uring.compat.socket.watch", "uring.compat.socket.select",
      "uring.compat.socket.except", "uring.compat.socket.pipes",
      "uring.compat.socket", "uring.compat.io.bytes", "uring.compat.io.formats",
      "uring.compat.io.file", "uring.compat.io", "uring.compat",
      "uring.test.args", "uring.test.bufring", "uring.test.descriptors",
      "uring.test.news", "uring.test.event", "uring.test.queue",
      "uring.test.pipe", "uring.test.socket", "uring.test.stream",
      "uring.test.sockopt", "uring.test.making", "uring.test.jobs",
      "uring.test.faults", "uring.test.flight", "uring.test.sockaddr",
      "uring.test.connection", "uring.test.control", "uring.test.file",
      "uring.test.filing", "uring.test.transfer", "uring.test.rows",
      "uring.test.turn", "uring.test.ring", "uring.test.signals",
      "uring.test.calls", "uring.test.network", "uring.test.random",
      "uring.test.trace", "uring.test.tree", "uring.test.sim",
      "uring.test.swap", "uring.test.verdict", "uring.test",
    },
  },

  -- Written by tools/gen.lua: stands in no room, has no budget, no header.
  generated = { "^lua/uring/meta%.lua$" },

  -- At most so many columns in these folders.  Tables and prose are wider.
  columns = 80,
  folders = { "csrc", "lua", "spec", "tools", "examples", "bench" },
  wide = { "%.def$", "%.md$", "%.json$", "%.svg$" },

  -- At most so many lines.  Tables grow with the kernel, not with us.
  budgets = {
    { files = "^csrc/.*%.[ch]$", lines = 300 },
    { files = "^lua/.*%.lua$", lines = 300 },
    { files = "^tools/.*%.lua$", lines = 300 },
    { files = "^spec/.*%.lua$", lines = 500 },
    { files = "^examples/.*%.lua$", lines = 80 },
    { files = "^bench/.*%.[lch]u?a?$", lines = 300 },
  },
  unlimited = { "^csrc/consts%.c$", "^lua/uring/meta%.lua$" },
  function_lines = 60,

  -- Where a tab has a meaning.
  tabbed = { "^Makefile$", "%.mk$", "%.go$" },

  -- Words that promise to come back.  In quotes they are only mentioned.
  leftovers = { "FIXME", "TODO", "XXX" },

  -- Folders at the top of a developer's machine, and who may name them.
  machine = { "home", "root", "work" },
  may_name_machine = { "^spec/tidy_spec%.lua$" },

  rockspec = "rockspec/uring-scm-1.rockspec",
  c_modules = { "uring.core", "uring.cares" },
}

-- The rules are found beside this file, wherever it is called from.
package.path = arg[0]:gsub("tools/tidy%.lua$", "?.lua;") .. package.path

local Tree = require "tools.tidy.tree"
local rules = require "tools.tidy.rules"

local function by_place(a, b)
  if a.path ~= b.path then return a.path < b.path end
  if a.line ~= b.line then return a.line < b.line end
  return a.message < b.message
end

local function check(tree)
  local faults, count = {}, 0
  local function report(path, line, message)
    faults[#faults + 1] = { path = path, line = line, message = message }
  end
  for _, rule in pairs(rules) do
    rule(tree, report, house)
    count = count + 1
  end
  table.sort(faults, by_place)
  return faults, count
end

local function main(root)
  local tree, message = Tree.open(root)
  if not tree then
    io.stderr:write("tidy: ", message, "\n")
    return false
  end
  local faults, count = check(tree)
  for _, at in ipairs(faults) do
    io.stderr:write(("%s:%d: %s\n"):format(at.path, at.line, at.message))
  end
  if #faults > 0 then return false end
  print(("tidy: %d files, %d rules"):format(tree:count(), count))
  return true
end

os.exit(main(arg[1] or "."), true)
