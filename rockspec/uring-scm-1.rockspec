rockspec_format = "3.0"
package = "uring"
version = "scm-1"
source = { url = "git+https://github.com/uring-lua/uring.git" }
description = {
  summary = "An io_uring engine for Lua",
  detailed = [[
    Files, sockets, processes and timers on Linux's io_uring: every opcode as
    a call that suspends one coroutine and not the program.]],
  homepage = "https://github.com/uring-lua/uring",
  license = "MIT",
  labels = { "io_uring", "async", "coroutine", "network", "linux" },
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.4, < 5.5" }
external_dependencies = { URING = { header = "liburing.h", library = "uring" } }
test_dependencies = { "busted" }
test = { type = "busted" }
build = {
  type = "builtin",
  modules = {
    ["uring"] = "lua/uring/init.lua",
    ["uring.address"] = "lua/uring/address.lua",
    ["uring.errno"] = "lua/uring/errno.lua",
    ["uring.fs"] = "lua/uring/fs.lua",
    ["uring.loop"] = "lua/uring/loop.lua",
    ["uring.meta"] = "lua/uring/meta.lua",
    ["uring.multishot"] = "lua/uring/multishot.lua",
    ["uring.net"] = "lua/uring/net.lua",
    ["uring.op"] = "lua/uring/op.lua",
    ["uring.reader"] = "lua/uring/reader.lua",
    ["uring.ring"] = "lua/uring/ring.lua",
    ["uring.scheduler"] = "lua/uring/scheduler.lua",
    ["uring.setup"] = "lua/uring/setup.lua",
    ["uring.signal"] = "lua/uring/signal.lua",
    ["uring.stdio"] = "lua/uring/stdio.lua",
    ["uring.stream"] = "lua/uring/stream.lua",
    ["uring.timer"] = "lua/uring/timer.lua",
    ["uring.writer"] = "lua/uring/writer.lua",
    ["uring.core"] = {
      sources = {
        "csrc/addr.c",
        "csrc/arg.c",
        "csrc/bind.c",
        "csrc/buffer.c",
        "csrc/bufring.c",
        "csrc/consts.c",
        "csrc/core.c",
        "csrc/cqe.c",
        "csrc/drain.c",
        "csrc/fail.c",
        "csrc/flags.c",
        "csrc/flight.c",
        "csrc/iovecs.c",
        "csrc/luaring.c",
        "csrc/mem.c",
        "csrc/ops.c",
        "csrc/result.c",
        "csrc/ring.c",
        "csrc/ringinfo.c",
        "csrc/slot.c",
        "csrc/sock.c",
        "csrc/sqe.c",
        "csrc/step.c",
        "csrc/sys.c",
      },
      defines = { "_GNU_SOURCE" },
      libraries = { "uring" },
      incdirs = { "$(URING_INCDIR)" },
      libdirs = { "$(URING_LIBDIR)" },
    },
  },
}
