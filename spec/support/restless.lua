--- With URING_RESTLESS=1 the collector never rests while specs run: what
-- nobody anchors is gone before the kernel writes to it, and a spec sees it.
if os.getenv "URING_RESTLESS" == "1" then
  -- A cycle begins when one ends (pause 1; 0 would keep Lua's 200), in small
  -- steps (2^1 bytes), fast enough to end after some KB of new garbage.
  collectgarbage("incremental", 1, 400, 1)
end
