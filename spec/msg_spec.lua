--- Messages hold what sendmsg sends and recvmsg fills: parts, the name of a
-- peer, and control data; and keep all of it for as long as an op needs it.
local leaks = require "spec.support.leaks"
local raw = require "spec.support.raw"
local rows = require "spec.support.rows"
local sockets = require "spec.support.sockets"
local temp = require "spec.support.temp"
local u = require "uring"
local uring = require "uring.ring"
local within = require "spec.support.within"

local C, errno = uring.consts, uring.errno
local NAME_ROOM = 128 -- bytes, of any address
local CONTROL_MAX = 65536

leaks.watch()

-- Does one op that must succeed.
local function done(row, ...)
  local res = rows.raw(row, ...)
  assert.is_true(res >= 0, row .. ": " .. uring.strerror(-res))
  return res
end

local function datagram_socket(own, address)
  local fd = own(uring.socket(C["AF_" .. address.family:upper()],
    C.SOCK_DGRAM))
  assert(uring.bind(fd, address))
  return fd, assert(uring.getsockname(fd))
end

local function udp(own, host)
  return datagram_socket(own, uring.sockaddr(host, 0))
end

describe("a Message", function()
  it("prints how many parts it has", function()
    for text, iov in pairs {
      ["0 parts"] = false, ["1 part"] = "string", ["2 parts"] = uring.iovecs {
        "one", uring.buffer(2),
      },
    } do
      local message = uring.message { iov = iov or nil }
      assert.equal("uring.Message (" .. text .. ")", tostring(message))
    end
  end)

  it("has no name, control data or flags where it is told none", function()
    local message = uring.message {}
    assert.is_nil(message:name())
    assert.equal("", message:control())
    assert.equal(0, message:flags())
    assert.same({ 0, 0 }, { message:room() })
    assert.is_nil(uring.message { name = false }:name())
  end)

  it("has what it was made with, and room for it", function()
    local address = uring.sockaddr("127.0.0.1", 80)
    local message = uring.message { name = address, control = "control" }
    assert.equal(address, message:name())
    assert.equal("control", message:control())
    assert.same({ NAME_ROOM, 7 }, { message:room() })
    for _, size in ipairs { 0, 1, CONTROL_MAX } do
      assert.same({ NAME_ROOM, size },
        { uring.message { name = true, control = size }:room() })
    end
  end)

  it("has no name before a message has brought one", function()
    assert.is_nil(uring.message { name = true }:name())
  end)

  it("is as it was made, whatever becomes of the table", function()
    local fields = { control = "before", iov = "text" }
    local message = uring.message(fields)
    fields.control, fields.iov = "after", nil
    assert.equal("before", message:control())
    assert.equal("uring.Message (1 part)", tostring(message))
  end)

  it("refuses fields that it does not know", function()
    assert.error_matches(function() uring.message { iovecs = "x" } end,
      "message: unknown field 'iovecs'")
    assert.error_matches(function() uring.message { "x" } end,
      "message: unknown field '%?'")
    for _, value in ipairs { "x", 1, true } do
      assert.error_matches(function() uring.message(value) end,
        "table expected, got " .. type(value))
    end
    assert.error_matches(function() uring.message() end, "table expected")
  end)

  it("refuses values that a field cannot have", function()
    local closed = uring.buffer(1)
    closed:close()
    local IOV = "'iov' must be a string, a Buffer or an Iovecs"
    local NAME = "'name' must be an Address, or true"
    local CONTROL = "'control' must be a string or a size"
    local RANGE = "'control' is out of range"
    for _, each in ipairs {
      { "iov", 1, IOV }, { "iov", {}, IOV }, { "iov", true, IOV },
      { "iov", { "x" }, IOV }, { "iov", uring.message {}, IOV },
      { "name", "127.0.0.1", NAME }, { "name", 80, NAME },
      { "name", {}, NAME }, { "name", uring.buffer(128), NAME },
      { "control", 1.5, CONTROL }, { "control", true, CONTROL },
      { "control", {}, CONTROL }, { "control", uring.buffer(8), CONTROL },
      { "control", -1, RANGE }, { "control", math.mininteger, RANGE },
      { "control", CONTROL_MAX + 1, RANGE },
      { "control", math.maxinteger, RANGE },
      { "control", ("x"):rep(CONTROL_MAX + 1), RANGE },
    } do
      assert.has_error(function()
        uring.message { [each[1]] = each[2] }
      end, "message: " .. each[3])
    end
    assert.has_error(function() uring.message { iov = closed } end)
  end)

  it("raises what a field raises that is looked up", function()
    local fields = setmetatable({}, {
      __index = function(_, name) error("no " .. name, 0) end,
    })
    assert.has_error(function() uring.message(fields) end, "no control")
  end)
end)

describe("an op", function()
  it("refuses what is no Message", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    for _, row in ipairs { "sendmsg", "recvmsg", "sendmsg_zc" } do
      for text, value in pairs {
        ["number"] = 1, ["string"] = "x", ["table"] = { iov = "x" },
        ["uring.Buffer"] = uring.buffer(1),
        ["uring.Iovecs"] = uring.iovecs { "x" },
      } do
        local message = ("%s: bad argument 'message' "
          .. "(uring.Message expected, got %s)"):format(row, text)
        assert.has_error(function() sqe["prep_" .. row](sqe, 0, value) end,
          message)
        within.run(function()
          assert.has_error(function() u.op[row](0, value) end, message)
        end)
      end
    end
  end)

  it("does not receive into what was made to be sent", function()
    local ring <close> = rows.ring()
    local sqe = ring:get_sqe()
    local bufring = ring:buf_ring { bgid = 1, entries = 1, size = 1 }
    for _, fields in ipairs {
      { iov = "string" }, { iov = uring.slice("string") },
      { iov = uring.iovecs { uring.buffer(1), "string" } },
      { name = uring.sockaddr("127.0.0.1", 80) }, { control = "string" },
    } do
      local message = uring.message(fields)
      local problem = "bad argument 'message' (it was made to be sent)"
      assert.has_error(function() sqe:prep_recvmsg(0, message) end,
        "recvmsg: " .. problem)
      assert.has_error(function()
        sqe:prep_recvmsg_multishot(0, message, bufring)
      end, "recvmsg_multishot: " .. problem)
    end
  end)

  it("refuses a Message that was collected", function()
    local ring <close> = rows.ring()
    local sqe, problems = ring:get_sqe(), nil
    local function try(message) -- finalised before, since it is younger
      local function problem(call, ...)
        return select(2, pcall(call, ...))
      end
      problems = {
        problem(message.name, message), problem(message.control, message),
        problem(message.flags, message), problem(message.room, message),
        problem(sqe.prep_sendmsg, sqe, 0, message),
        problem(sqe.prep_recvmsg, sqe, 0, message), tostring(message),
      }
    end
    do
      local last = setmetatable({}, {
        __gc = function(last) try(last.message) end,
      })
      last.message = uring.message { iov = uring.buffer(1) }
    end
    raw.collect()
    local USE = "attempt to use a collected message"
    assert.same({ USE, USE, USE, USE,
      "sendmsg: bad argument 'message' (it was collected)",
      "recvmsg: bad argument 'message' (it was collected)",
      "uring.Message (0 parts)" }, problems)
  end)
end)

describe("a Message in flight", function()
  it("may be collected while it is sent, with all that it has", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local r, w = own(uring.pipe())
    local filled = raw.fill(a)
    local ring <close> = rows.ring()
    rows.start(ring, "sendmsg", a, uring.message {
      iov = uring.iovecs { ("s"):rep(99), uring.buffer(9):set(1, "buffer") },
      control = uring.pack_rights { w },
    })
    assert.equal(0, ring:cq_ready())
    raw.collect()
    local _junk = { ("j"):rep(99), uring.buffer(9):set(1, "*********"),
      uring.message { control = ("*"):rep(24) } }
    local reader <close> = rows.ring()
    raw.receive(reader, b, filled)
    local buffer = uring.buffer(108)
    local message = uring.message { iov = buffer, control = 64 }
    assert.equal(108, done("recvmsg", b, message))
    assert.equal(108, rows.reap(ring, 1)[1].res)
    assert.equal(("s"):rep(99) .. "buffer\0\0\0", buffer:tostring())
    done("write", own(uring.unpack_rights(message:control())[1]), "through")
    assert.equal(7, done("read", r, buffer))
    assert.equal("through", buffer:sub(1, 7))
  end)

  it("may be collected while it is received", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local kept
    do
      local buffer = uring.buffer(200000)
      kept = buffer:slice(1, 5)
      rows.start(ring, "recvmsg", b, uring.message {
        iov = uring.iovecs { buffer }, name = true, control = CONTROL_MAX,
      })
    end
    raw.collect()
    done("send", a, "hello")
    assert.equal(5, rows.reap(ring, 1)[1].res)
    assert.equal("hello", kept:tostring())
  end)

  it("keeps a Buffer that is closed meanwhile", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local buffer = uring.buffer(5)
    local seen = buffer:slice(1)
    local message = uring.message { iov = buffer }
    buffer:close()
    done("send", a, "hello")
    assert.equal(5, done("recvmsg", b, message))
    assert.equal("hello", seen:tostring())
  end)

  it("may be in flight twice, and used again", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local ring <close> = rows.ring()
    local message = uring.message { iov = "again " }
    for _ = 1, 4 do raw.prepare(ring, "sendmsg", a, message) end
    ring:submit()
    for _, cqe in ipairs(rows.reap(ring, 4)) do assert.equal(6, cqe.res) end
    assert.equal(("again "):rep(4), raw.receive(ring, b, 24))
  end)

  it("is let go when the ring closes", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    local message = uring.message { iov = uring.buffer(9), control = 99 }
    local ring <close> = rows.ring()
    rows.start(ring, "recvmsg", a, message)
    ring:close()
    assert.equal("uring.Message (1 part)", tostring(message))
  end)
end)

describe("the name of a Message", function()
  it("is who sent it, over IPv4 and IPv6, and whom to answer", function()
    local own <close> = rows.owner()
    for _, host in ipairs { "127.0.0.1", "::1" } do
      local here, here_address = udp(own, host)
      local there, there_address = udp(own, host)
      local buffer = uring.buffer(4)
      local message = uring.message { iov = buffer, name = true }
      done("sendmsg", here, uring.message {
        iov = "ping", name = there_address,
      })
      assert.equal(4, done("recvmsg", there, message))
      assert.equal("ping", buffer:tostring())
      assert.equal(here_address, message:name())
      assert.equal(host, message:name().host)
      buffer:set(1, "pong")
      assert.equal(4, done("sendmsg", there, message)) -- to its sender
      assert.equal(4, done("recvmsg", here, message))
      assert.equal("pong", buffer:tostring())
      assert.equal(there_address, message:name())
    end
  end)

  it("is that of each message anew, however long it is", function()
    local own <close> = rows.owner()
    local file <close> = temp.name()
    local here, here_address = datagram_socket(own,
      uring.sockaddr("unix:@" .. file.path .. "/here"))
    local message = uring.message { iov = uring.buffer(8), name = true }
    for _, path in ipairs { "@" .. file.path .. "/a longer name", file.path } do
      local there, address = datagram_socket(own,
        uring.sockaddr("unix:" .. path))
      done("sendto", there, "named", nil, here_address)
      assert.equal(5, done("recvmsg", here, message))
      assert.equal(address, message:name())
      assert.equal("unix:" .. path, tostring(message:name()))
    end
    local nobody = own(uring.socket(C.AF_UNIX, C.SOCK_DGRAM))
    done("sendto", nobody, "nameless", nil, here_address)
    assert.equal(8, done("recvmsg", here, message))
    assert.is_nil(message:name())
  end)

  it("is none over a connection", function()
    local own <close> = rows.owner()
    local listener, address = sockets.listener(own)
    local client = sockets.client(own, address)
    local server = own(done("accept", listener))
    done("send", client, "hello")
    local message = uring.message { iov = uring.buffer(8), name = true }
    assert.equal(5, done("recvmsg", server, message))
    assert.is_nil(message:name())
  end)

  it("is kept, though the Address that it was made with is not", function()
    local own <close> = rows.owner()
    local here, here_address = udp(own, "127.0.0.1")
    local message = uring.message {
      iov = "hello", name = uring.sockaddr("127.0.0.1", here_address.port),
    }
    local _junk = sockets.overwrite_addresses()
    done("sendmsg", here, message)
    assert.equal(5, done("recv", here, uring.buffer(8)))
  end)

  it("is none where none came, though one came before", function()
    local own <close> = rows.owner()
    local here, address = udp(own, "127.0.0.1")
    local message = uring.message { iov = uring.buffer(8), name = true }
    done("sendto", here, "first", nil, address)
    done("recvmsg", here, message)
    assert.equal(address, message:name())
    assert.equal(-errno.EAGAIN,
      (rows.raw("recvmsg", here, message, C.MSG_DONTWAIT)))
    assert.is_nil(message:name())
  end)
end)

describe("control data", function()
  it("is packed and unpacked, part by part", function()
    local parts = {
      { level = 1, type = 2, data = "" },
      { level = -3, type = 0x7fffffff, data = "twelve bytes" },
      { level = 0, type = -1, data = ("x"):rep(17) },
    }
    local control = uring.pack_control(parts)
    assert.equal(16 + (16 + 16) + (16 + 24), #control)
    assert.same(parts, uring.unpack_control(control))
    assert.equal("", uring.pack_control {})
    assert.same({}, uring.unpack_rights(control))
  end)

  it("ends where it makes no sense", function()
    local good = uring.pack_control { { level = 1, type = 2, data = "good" } }
    for _, rest in ipairs {
      "", "short", ("\0"):rep(64), string.pack("<I8", 15):rep(4),
    } do
      assert.same({ { level = 1, type = 2, data = "good" } },
        uring.unpack_control(good .. rest))
    end
    local long = string.pack("<I8i4i4", 1 << 40, 1, C.SCM_RIGHTS) .. "1234567"
    assert.same({ { level = 1, type = C.SCM_RIGHTS, data = "1234567" } },
      uring.unpack_control(long))
    assert.same({ 0x34333231 }, uring.unpack_rights(long))
  end)

  it("passes descriptors, in their order", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local r, w = own(uring.pipe())
    local rights = uring.pack_rights { r, w }
    local message = uring.message { iov = uring.buffer(8), control = 64 }
    for _, flags in ipairs { 0, C.MSG_CMSG_CLOEXEC } do
      done("sendmsg", a, uring.message { iov = "x", control = rights })
      done("recvmsg", b, message, flags)
      local fds = uring.unpack_rights(message:control())
      assert.equal(2, #fds)
      own(fds[1], fds[2])
      for _, fd in ipairs(fds) do
        assert.is_true(fd ~= r and fd ~= w)
        assert.equal(flags ~= 0, sockets.cloexec(fd))
      end
      done("write", fds[2], "through")
      assert.equal(7, done("read", r, uring.buffer(8)))
      done("write", w, "through")
      assert.equal(7, done("read", fds[1], uring.buffer(8)))
    end
  end)

  it("is cut off where there is no room, and no descriptor is left over",
    function()
      local own <close> = rows.owner()
      local a, b = sockets.pair(own)
      local rights = uring.pack_rights { own(uring.pipe()) }
      for count, room in pairs { [0] = 0, 20, 24 } do
        local message = uring.message { iov = uring.buffer(1),
          control = room }
        done("sendmsg", a, uring.message { iov = "x", control = rights })
        done("recvmsg", b, message)
        local fds = uring.unpack_rights(message:control())
        assert.equal(count, #fds)
        if count > 0 then own(table.unpack(fds)) end
        assert.equal(count < 2, message:flags() & C.MSG_CTRUNC ~= 0)
      end
    end)

  it("passes 253 descriptors at once, and no more", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local fds = {}
    for i = 1, 254 do fds[i] = a end
    assert.equal(-errno.EINVAL, (rows.raw("sendmsg", a, uring.message {
      iov = "x", control = uring.pack_rights(fds),
    })))
    fds[254] = nil
    done("sendmsg", a, uring.message {
      iov = "x", control = uring.pack_rights(fds),
    })
    local message = uring.message { iov = uring.buffer(1), control = 4096 }
    done("recvmsg", b, message)
    local got = uring.unpack_rights(message:control())
    own(table.unpack(got))
    assert.equal(253, #got)
  end)

  it("is refused by the kernel where it makes no sense", function()
    local own <close> = rows.owner()
    local a = sockets.pair(own)
    for name, control in pairs {
      EBADF = uring.pack_rights { rows.NOT_OPEN }, EINVAL = ("x"):rep(64),
    } do
      assert.equal(-errno[name], (rows.raw("sendmsg", a, uring.message {
        iov = "x", control = control,
      })))
    end
  end)

  it("tells who has sent it, beside descriptors", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    assert(uring.setsockopt(b, C.SOL_SOCKET, C.SO_PASSCRED, 1))
    done("sendmsg", a, uring.message {
      iov = "x", control = uring.pack_rights { a },
    })
    local message = uring.message { iov = uring.buffer(1), control = 256 }
    done("recvmsg", b, message)
    local pids, kinds = {}, {}
    for _, part in ipairs(uring.unpack_control(message:control())) do
      kinds[part.type] = part.level
      if part.type == C.SCM_CREDENTIALS then
        pids[1] = string.unpack("<i4", part.data)
      end
    end
    own(table.unpack(uring.unpack_rights(message:control())))
    assert.same({ [C.SCM_CREDENTIALS] = C.SOL_SOCKET,
      [C.SCM_RIGHTS] = C.SOL_SOCKET }, kinds)
    local stat <close> = assert(io.open("/proc/self/stat"))
    assert.same({ stat:read("n") }, pids)
  end)

  it("is none where none came, though some came before", function()
    local own <close> = rows.owner()
    local a, b = sockets.pair(own)
    local message = uring.message { iov = uring.buffer(8), control = 64 }
    done("sendmsg", a, uring.message {
      iov = "with", control = uring.pack_rights { a },
    })
    done("recvmsg", b, message)
    own(table.unpack(uring.unpack_rights(message:control())))
    done("send", a, "without")
    assert.equal(7, done("recvmsg", b, message))
    assert.equal("", message:control())
    assert.equal(-errno.EAGAIN,
      (rows.raw("recvmsg", b, message, C.MSG_DONTWAIT)))
    assert.same({}, uring.unpack_rights(message:control()))
  end)
end)
