std = "lua54"
color = false
max_line_length = 80
ignore = { "211/_.*" } -- a <close> guard is used by going out of scope
files["spec"] = { std = "+busted" }
files["spec/support/oom"] = { globals = { "attempt", "verify" } }
files["lua/uring/meta.lua"] = { ignore = { "212", "43." } }
files["lua/uring/coroutines.lua"] = { globals = { "coroutine" } } -- it patches two
files["lua/uring/exit.lua"] = { globals = { "os" } }
