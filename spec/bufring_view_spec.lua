--- A view shows what was received, and nothing else, for as long as anybody
-- has it; then the kernel gets the buffer back.
local leaks = require "spec.support.leaks"
local loop = require "uring.loop"
local native = require "spec.support.native"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local ENTRIES, SIZE = 4, 16
local SHIFT = C.IORING_CQE_BUFFER_SHIFT
local CLOSED = "attempt to use a closed buffer, or a view that was recycled"

leaks.watch()

local ring, buffers, own, a, b

-- One op, whatever else is in flight.
local function call(...)
  rows.start(ring, ...)
  local cqe = rows.reap(ring, 1)[1]
  assert.equal((...), cqe.data)
  return cqe.res, cqe.flags
end

local function receive(text)
  call("send", a, text)
  return call("recv", b, buffers)
end

-- A view of what is sent now.
local function view_of(text)
  local res, flags = receive(text)
  return buffers:view(flags, res), flags >> SHIFT
end

local function set_up()
  own = rows.owner()
  a, b = sockets.pair(own)
  ring = assert(uring.ring(16))
  buffers = assert(ring:buf_ring { bgid = 3, entries = ENTRIES, size = SIZE })
end

local function tear_down()
  ring:close()
  getmetatable(own).__close(own)
  ring, buffers, own = nil, nil, nil
end

describe("a view", function()
  before_each(set_up)
  after_each(tear_down)

  it("is a Buffer of what a completion has lent", function()
    local view = view_of("hello")
    assert.equal("uring.Buffer (5 bytes)", tostring(view))
    assert.equal("hello", view:tostring())
    assert.equal("ell", view:sub(2, 4))
    assert.same({ 3, 4 }, { view:find("ll") })
    assert.equal(ENTRIES - 1, buffers:available())
  end)

  it("stays as it is though the sender goes on", function()
    local view, bid = view_of("do not touch me!")
    for i = 1, 50 do
      local res, flags = receive(("%016d"):format(i))
      assert.not_equal(bid, flags >> SHIFT)
      assert.equal(("%016d"):format(i), buffers:string(flags, res))
      assert.equal("do not touch me!", view:tostring())
    end
    assert.equal(ENTRIES - 1, buffers:available())
    view:close()
    assert.equal(ENTRIES, buffers:available())
  end)

  it("is over when it is closed, once and for all", function()
    local view, bid = view_of("hello")
    view:close()
    assert.equal(ENTRIES, buffers:available())
    view:close()
    assert.equal(ENTRIES, buffers:available())
    assert.error_matches(function() view:tostring() end, CLOSED)
    assert.error_matches(function() return #view end, CLOSED)
    assert.error_matches(function() buffers:recycle(view) end,
      "the view was recycled")
    assert.error_matches(function() buffers:recycle(bid) end,
      "the buffer is not out")
    assert.equal(ENTRIES, buffers:available())
  end)

  it("is recycled once", function()
    local view, other = view_of("one"), view_of("two")
    buffers:recycle(view)
    assert.equal(ENTRIES - 1, buffers:available())
    assert.error_matches(function() buffers:recycle(view) end,
      "the view was recycled")
    assert.equal("two", other:tostring())
    view:close()
    assert.equal(ENTRIES - 1, buffers:available())
    buffers:recycle(other)
    assert.equal(ENTRIES, buffers:available())
  end)

  it("is closed at the end of a block", function()
    do local _view <close> = view_of("hello") end
    assert.equal(ENTRIES, buffers:available())
  end)

  it("that nobody refers to gives its buffer back", function()
    collectgarbage "stop"
    for i = 1, ENTRIES do assert.equal(1, #view_of(tostring(i))) end
    assert.equal(0, buffers:available())
    collectgarbage "restart"
    raw.collect()
    assert.equal(ENTRIES, buffers:available())
  end)

  it("lives on in its slices", function()
    local view = view_of("hello world")
    local slice = view:slice(7)
    local part = slice:slice(1, 2)
    view:close()
    slice:close()
    assert.equal(ENTRIES - 1, buffers:available())
    for i = 1, 10 do view_of(tostring(i)):close() end
    assert.equal("wo", part:tostring())
    buffers:recycle(part) -- the last
    assert.equal(ENTRIES, buffers:available())
    assert.error_matches(function() part:byte() end, CLOSED)
  end)

  it("cannot be had twice, nor of what was recycled", function()
    local res, flags = receive("hello")
    local view <close> = buffers:view(flags, res)
    assert.error_matches(function() buffers:view(flags, res) end,
      "the buffer is not out")
    assert.error_matches(function() buffers:string(flags, res) end,
      "the buffer is not out")
    assert.error_matches(function() buffers:recycle(flags >> SHIFT) end,
      "the buffer is not out")
    assert.equal("hello", view:tostring())
    local other, more = receive("more")
    buffers:recycle(more >> SHIFT)
    assert.error_matches(function() buffers:view(more, other) end,
      "the buffer is not out")
  end)

  it("is no Buffer of our own, nor one of another ring", function()
    local other = ring:buf_ring { bgid = 4, entries = 1, size = 8 }
    local view = view_of("hello")
    assert.error_matches(function() other:recycle(view) end,
      "no view of this ring")
    for _, buffer in ipairs { uring.buffer(4), uring.slice("text") } do
      assert.error_matches(function() buffers:recycle(buffer) end,
        "no view of this ring")
    end
    assert.equal("hello", view:tostring())
  end)

  it("may be written to, and received into", function()
    local view = view_of("hello")
    view:set(1, "J")
    assert.equal("Jello", view:tostring())
    call("send", a, "other, longer than that")
    assert.equal(5, (call("recv", b, view)))
    assert.equal("other", view:tostring())
    assert.equal(", longer than that", raw.receive(ring, b, 18))
    assert.error_matches(function() view:set(6, "x") end,
      "string reaches beyond the buffer")
  end)
end)

describe("views that are kept too long", function()
  before_each(set_up)
  after_each(tear_down)

  it("make ops fail with ENOBUFS, until one is closed", function()
    local views = {}
    for i = 1, ENTRIES do views[i] = view_of("view " .. i) end
    call("send", a, "too much")
    local res, flags = call("recv", b, buffers)
    assert.same({ -errno.ENOBUFS, 0 }, { res, flags })
    views[2]:close()
    res, flags = call("recv", b, buffers)
    assert.equal("too much", buffers:string(flags, res))
    for i = 1, ENTRIES do
      if i ~= 2 then assert.equal("view " .. i, views[i]:tostring()) end
    end
  end)

  it("end a multishot op, which may be started again", function()
    local views = {}
    rows.start(ring, "recv_multishot", b, buffers)
    for i = 1, ENTRIES do
      rows.raw("send", a, "view " .. i)
      local res, flags = raw.take(ring)
      views[i] = buffers:view(flags, res)
    end
    rows.raw("send", a, "last")
    local res, flags = raw.take(ring) -- in older kernels at once
    assert.same({ -errno.ENOBUFS, 0 }, { res, flags })
    assert.equal(0, ring:in_flight())
    for i = 1, 2 do views[i]:close() end
    rows.start(ring, "recv_multishot", b, buffers)
    local cqe = rows.reap(ring, 1)[1]
    assert.equal("last", buffers:string(cqe.flags, cqe.res))
    assert.equal(1, ring:in_flight())
  end)

  it("fail by that name when awaited, where others have all", function()
    local c, d = sockets.pair(own)
    call("send", a, "one")
    call("send", c, "two")
    within.run(function()
      local mine = assert(loop.current("this spec").ring:buf_ring {
        bgid = 3, entries = 1, size = 8,
      })
      local got, ended = {}, 0
      for i, fd in ipairs { b, d } do
        u.spawn(function()
          got[i] = { u.op.recv(fd, mine) }
          ended = ended + 1
        end)
      end
      while ended < 2 do u.yield() end
      assert.equal("one", got[1][1])
      assert.same({ nil, "recv: No buffer space available", errno.ENOBUFS },
        got[2])
      assert.equal("two", (u.op.recv(d, mine)))
    end)
  end)
end)

describe("closing with views alive", function()
  before_each(set_up)
  after_each(tear_down)

  it("the BufRing leaves them as they are", function()
    local view, other = view_of("hello"), view_of("world")
    buffers:close()
    raw.collect()
    assert.equal("hello", view:tostring())
    buffers:recycle(view)
    buffers = nil
    raw.collect()
    assert.equal("world", other:tostring())
    local new = assert(ring:buf_ring { bgid = 3, entries = 1, size = SIZE })
    call("send", a, "new bytes")
    local res, flags = call("recv", b, new)
    assert.equal("new bytes", new:string(flags, res))
    assert.equal("world", other:tostring())
  end)

  it("the ring leaves them as they are", function()
    local view, slice = view_of("hello"), view_of("world"):slice(2, 3)
    ring:close()
    raw.collect()
    assert.equal("hello", view:tostring())
    assert.equal("or", slice:tostring())
    view:set(1, "J")
    buffers:recycle(view)
    assert.error_matches(function() buffers:recycle(view) end,
      "the view was recycled")
    buffers = nil
    raw.collect()
    slice:close()
  end)

  it("the state, in any order, is no matter", function()
    local result = process.run { process.LUA, "-e", [[
      local uring = require "uring.ring"
      local a, b = uring.socketpair()
      keep = {}
      for i = 1, 3 do
        local ring = uring.ring(8)
        local buffers = ring:buf_ring { bgid = 1, entries = 4, size = 8 }
        ring:get_sqe():prep_send(a, "view")
        ring:get_sqe():prep_recv(b, buffers)
        ring:submit_and_wait(2)
        for res, flags in ring:cqes() do
          if flags ~= 0 then keep[i] = buffers:view(flags, res) end
        end
        keep[i + 3] = keep[i]:slice(2)
        ring:get_sqe():prep_recv(b, keep[i])
        ring:submit()
        keep[i + 6] = i == 2 and ring or i == 3 and ring:close()
      end
    ]] }
    assert.same({ code = 0, out = "", err = "" }, result)
  end)

  it("in a forked child leaves the parent's buffers alone", function()
    local why = native.expect([[
      local a, b = uring.socketpair()
      local ring = uring.ring(8)
      local buffers = ring:buf_ring { bgid = 1, entries = 2, size = 8 }
      local function receive(text)
        ring:get_sqe():prep_send(a, text)
        ring:submit_and_wait(1)
        for _ in ring:cqes() do end
        ring:get_sqe():prep_recv(b, buffers)
        ring:submit_and_wait(1)
        for res, flags in ring:cqes() do return buffers:view(flags, res) end
      end
      local view = receive "parent's"
      local other = receive "second"
      local pid = native.fork()
      if pid == 0 then
        print(view:tostring())
        print(pcall(buffers.recycle, buffers, view))
        view:close()
        other = nil
        collectgarbage()
        ring:close()
        print(tostring(buffers))
        os.exit(0, true)
      end
      native.wait(pid)
      print(view:tostring(), buffers:available())
      view:close()
      print(receive("again"):tostring(), other:tostring())
    ]], "parent's\nfalse\t"
      .. "the buffer ring belongs to the process that was "
      .. "forked\nuring.BufRing (closed)\nparent's\t0\nagain\tsecond\n")
    if why then pending(why) end
  end)
end)

-- Several ops on one group, in any order, with what they lend taken in any
-- way; every byte is compared with what was sent.
local Mix = {}
Mix.__index = Mix

local ROWS = { "recv", "recv_multishot", "read", -- the last since 6.10
  "recv_bundle", "recv_multishot_bundle" }

local function new_mix(options)
  local self = setmetatable({
    own = rows.owner(), ring = assert(uring.ring(32)), peer = rows.ring(),
    streams = {}, lent = {}, views = {}, compared = 0, options = options,
  }, Mix)
  self.buffers = assert(self.ring:buf_ring(options))
  for i = 1, 4 do
    local from, to = sockets.pair(self.own)
    self.streams[i] = { from = from, to = to, sent = "", at = 1, busy = false }
  end
  return self
end

local function any(list) return list[math.random(#list)] end

function Mix:send()
  local stream, bytes = any(self.streams), {}
  if #stream.sent - stream.at > 500 then return end
  for i = 1, math.random(60) do bytes[i] = string.char(math.random(0, 255)) end
  stream.sent = stream.sent .. table.concat(bytes)
  assert.equal(#bytes,
    (rows.call(self.peer, "send", stream.from, table.concat(bytes))))
end

function Mix:start(stream)
  stream = stream or any(self.streams)
  if stream.busy then return end
  local bundles = self.ring:features().recvsend_bundle
  local row = ROWS[math.random(bundles and #ROWS or 3)]
  raw.prepare(self.ring, row, stream.to, self.buffers):set_data(stream)
  stream.busy = true
  self.ring:submit()
end

function Mix:reap()
  assert(self.ring:submit_and_wait(0))
  for res, flags, stream in self.ring:cqes() do
    stream.busy = flags & C.IORING_CQE_F_MORE ~= 0
    if res < 0 then
      assert.equal(-errno.ENOBUFS, res)
    else
      local bytes = stream.sent:sub(stream.at, stream.at + res - 1)
      assert.equal(res, #bytes)
      stream.at = stream.at + res
      table.insert(self.lent, { res = res, flags = flags, bytes = bytes })
    end
  end
end

function Mix:take()
  if #self.lent == 0 then return end
  local lent = table.remove(self.lent,
    self.options.incremental and 1 or math.random(#self.lent))
  if math.random(3) == 1 then
    assert.equal(lent.bytes, self.buffers:string(lent.flags, lent.res))
    return
  end
  local at = 1
  for _, view in ipairs { self.buffers:view(lent.flags, lent.res) } do
    local bytes = lent.bytes:sub(at, at + #view - 1)
    table.insert(self.views, { view = view, bytes = bytes })
    at = at + #view
  end
  assert.equal(#lent.bytes, at - 1)
end

function Mix:compare()
  for _, shown in ipairs(self.views) do
    assert.equal(shown.bytes, shown.view:tostring())
    self.compared = self.compared + 1
  end
end

function Mix:slice()
  local shown = any(self.views)
  if not shown or #shown.bytes == 0 then return end
  local i = math.random(#shown.bytes)
  local slice = shown.view:slice(i)
  shown.view:close()
  shown.view, shown.bytes = slice, shown.bytes:sub(i)
end

function Mix:close()
  if #self.views == 0 then return end
  local shown = table.remove(self.views, math.random(#self.views))
  local how = math.random(7)
  if how < 3 then shown.view:close()
  elseif how < 6 then self.buffers:recycle(shown.view)
  elseif how == 6 then collectgarbage() end
end

-- Takes all that is left.
function Mix:settle()
  local left
  repeat
    self:reap()
    while #self.lent > 0 do self:take() end
    self:compare()
    self.views, left = {}, 0
    raw.collect()
    for _, stream in ipairs(self.streams) do
      self:start(stream)
      left = left + #stream.sent + 1 - stream.at
    end
  until left == 0
end

function Mix:__close()
  self.ring:close()
  self.peer:close()
  getmetatable(self.own).__close(self.own)
end

-- What is done in a step, more often what stands here more often.
local STEPS = { "send", "send", "start", "start", "reap", "reap", "take",
  "take", "compare", "slice", "close", "close" }

local function mixed(options)
  local mix <close> = new_mix(options)
  for _ = 1, 2000 do
    local step = any(STEPS)
    mix[step](mix)
    assert.is_true(mix.buffers:available() <= options.entries)
  end
  mix:settle()
  for _, stream in ipairs(mix.streams) do
    assert.equal(#stream.sent, stream.at - 1)
  end
  assert.is_true(mix.compared > 100)
  if not options.incremental then
    assert.equal(options.entries, mix.buffers:available())
  end
end

describe("many ops on one group", function()
  local SINCE = { classic = "5.19", mapped = "6.4", incremental = "6.12" }

  for name, since in pairs(SINCE) do
    it("lend and get back " .. name .. " buffers, byte for byte", function()
      if rows.is_newer(since) then pending("needs Linux " .. since) end
      local seed = tonumber(os.getenv "URING_SEED") or os.time()
      math.randomseed(seed)
      local ok, why = xpcall(mixed, debug.traceback, {
        bgid = 7, entries = 8, size = name == "incremental" and 200 or 24,
        mapped = name == "mapped", incremental = name == "incremental",
      })
      assert.is_true(ok, ("URING_SEED=%d: %s"):format(seed, why))
    end)
  end
end)
