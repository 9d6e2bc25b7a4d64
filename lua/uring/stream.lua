--- Streams: files, connections, pipes, terminals, and what is made of memory
-- or of functions.  All have the methods that docs/stream.md lists; those who
-- make a class of streams find what that takes in stream/class.lua.
local both = require "uring.stream.both"
local Copy = require "uring.stream.copy"
local made = require "uring.stream.made"
local memory = require "uring.stream.memory"
local Stream = require "uring.stream.class"

Stream.copy = Copy.copy
Stream.pipe_both = both.pipe_both
Stream.from_string = made.from_string
Stream.null = made.null
Stream.pair = memory.pair
Stream.tee = made.tee
Stream.wrap = made.wrap

return Stream
