--- Error codes have names both ways, and messages.
local errno = require "uring.errno"
local leaks = require "spec.support.leaks"
local uring = require "uring"
local ring = require "uring.ring"

leaks.watch()

describe("errno", function()
  it("knows the code of a name, and the name of a code", function()
    assert.equal(104, errno.ECONNRESET)
    assert.equal("ECONNRESET", errno[104])
    assert.equal(1, errno.EPERM)
    assert.equal(132, errno.ERFKILL)
  end)

  it("gives the library's own errors negative codes", function()
    assert.equal(-1, errno.ECLOSED)
    assert.equal(-2, errno.EEOF)
    assert.equal(-3, errno.ELIMIT)
    assert.equal("ECLOSED", errno[-1])
  end)

  it("is its own inverse", function()
    local names = 0
    for name, code in pairs(errno) do
      if type(name) == "string" then
        names = names + 1
        assert.equal(name, errno[code])
      else
        assert.equal(name, errno[errno[name]])
      end
    end
    assert.is_true(names > 130)
  end)

  it("has nothing for what is no error", function()
    assert.is_nil(errno.ENOSUCHTHING)
    assert.is_nil(errno[0])
  end)

  it("is the same table in every module", function()
    assert.equal(errno, uring.errno)
    assert.equal(errno, ring.errno)
  end)
end)

describe("strerror", function()
  it("says what a code means", function()
    assert.equal("Connection reset by peer", uring.strerror(104))
    assert.equal("Connection reset by peer", ring.strerror(errno.ECONNRESET))
  end)

  it("says something of a code that is none", function()
    assert.equal("Unknown error 4711", ring.strerror(4711))
  end)
end)
