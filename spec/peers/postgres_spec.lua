--- PostgreSQL, a real one: its protocol over uring.connect, and its own C
-- library beside our tasks.
local daemons = require "spec.support.daemons"
local leaks = require "spec.support.leaks"
local postgres = require "spec.support.postgres"
local uring = require "uring"
local within = require "spec.support.within"

local found, luasql = pcall(require, "luasql.postgres")

leaks.watch()

local server -- one for all tests

lazy_setup(function() server = daemons.postgres() end)

lazy_teardown(function()
  if server then server:close() end
end)

local function connect()
  return postgres.connect(server.where)
end

describe("PostgreSQL over uring.connect", function()
  it("answers a hundred queries in ten tasks", function()
    local answers = within.run(function()
      local tasks = {}
      for i = 1, 10 do tasks[i] = i end
      return uring.map(tasks, function(i)
        local db <close> = connect()
        local sum = 0
        for j = 1, 10 do
          local row = db:query(("select %d * %d"):format(i, j)).rows[1]
          sum = sum + row[1]
        end
        return sum
      end)
    end)
    for i = 1, 10 do assert.equal(55 * i, answers[i]) end
  end)

  it("answers a hundred queries that are sent at once, in order", function()
    within.run(function()
      local db <close> = connect()
      uring.spawn(function()
        for i = 1, 100 do assert(db:send("select " .. i)) end
      end)
      for i = 1, 100 do
        assert.same({ rows = { { tostring(i) } }, tag = "SELECT 1" },
          db:result())
      end
    end)
  end)

  it("brings a value of five million bytes, and many rows", function()
    within.run(function()
      local db <close> = connect()
      local big = db:query "select repeat('0123456789', 500000), null"
      assert.equal(("0123456789"):rep(500000), big.rows[1][1])
      assert.is_nil(big.rows[1][2])
      local many = db:query "select n, n * n from generate_series(1, 5000) n"
      assert.equal("SELECT 5000", many.tag)
      for i, row in ipairs(many.rows) do
        assert.same({ ("%d"):format(i), ("%d"):format(i * i) }, row)
      end
    end)
  end)

  it("says what is wrong with a query, and goes on", function()
    within.run(function()
      local db <close> = connect()
      assert.equal("42601", db:query("selec 1").problem.C)
      assert.same({ { "1" } }, db:query("select 1").rows)
    end)
  end)

  it("brings notifications to who waits for them", function()
    within.run(function()
      local listener <close> = connect()
      local db <close> = connect()
      assert.equal("LISTEN", listener:query("listen news").tag)
      local task = uring.spawn(function()
        return { listener:listen(), listener:listen() }
      end)
      db:query "notify news, 'one'"
      db:query "select pg_notify('news', repeat('x', 7000))"
      local got = task:await()
      assert.same({ pid = db.pid, channel = "news", payload = "one" }, got[1])
      assert.equal(("x"):rep(7000), got[2].payload)
    end)
  end)

  it("ends a query that is cancelled, and takes the next", function()
    within.run(function()
      local db <close> = connect()
      local other <close> = connect()
      local query = uring.spawn(function()
        return db:query "select pg_sleep(60)"
      end)
      repeat -- until it has begun
        local row = other:query("select state from pg_stat_activity "
          .. "where query like 'select pg_sleep%' and pid = " .. db.pid)
      until row.rows[1] and row.rows[1][1] == "active"
      db:cancel()
      assert.equal("57014", query:await().problem.C)
      assert.same({ { "2" } }, db:query("select 1 + 1").rows)
    end)
  end)

  it("keeps what comes after a wait that was too long", function()
    within.run(function()
      local db <close> = connect()
      assert(db:send "select pg_sleep(0.1), 'late'")
      local result, message = uring.timeout(0.01, db.result, db)
      assert.same({ nil, "timeout" }, { result, message })
      assert.same({ { "", "late" } }, db:result().rows)
    end)
  end)

  it("loses a connection whose server is told to end it", function()
    within.run(function()
      local db <close> = connect()
      local other <close> = connect()
      local query = uring.spawn(function()
        return table.pack(db:query "select pg_sleep(60)")
      end)
      repeat
        local gone = other:query("select pg_terminate_backend(pid) from "
          .. "pg_stat_activity where query like 'select pg_sleep%' and pid = "
          .. db.pid)
      until gone.rows[1]
      local result, message, part = table.unpack(query:await(), 1, 3)
      assert.same({ nil, "end of file" }, { result, message })
      assert.equal("57P01", part.problem.C)
    end)
  end)
end)

-- The descriptor that a function opens.
local function descriptor_of(open, ...)
  local before = leaks.snapshot()
  local value = assert(open(...))
  for fd in pairs(leaks.snapshot()) do
    if not before[fd] then return value, fd end
  end
end

describe("lua-sql-postgres", function()
  local function with_database(body)
    if not found then pending "needs lua-sql-postgres" end
    within.run(function()
      local environment = luasql.postgres()
      local db, fd = descriptor_of(environment.connect, environment,
        ("host=%s user=spec dbname=postgres"):format(server.folder "data"))
      body(db, fd)
      db:close()
      environment:close()
    end)
  end

  local function ask(db)
    local cursor = assert(db:execute "select n from generate_series(1, 3) n")
    local numbers = {}
    for number in function() return cursor:fetch() end do
      numbers[#numbers + 1] = number
    end
    cursor:close()
    return numbers
  end

  it("works in a task, and holds the others up meanwhile", function()
    with_database(function(db)
      local others = 0
      uring.spawn(function() others = others + 1 end)
      assert.same({ "1", "2", "3" }, ask(db))
      assert.same({ "1", "2", "3" }, uring.blocking(ask, db))
      assert.equal(0, others)
    end)
  end)

  it("has a descriptor on which a task can wait for news", function()
    with_database(function(db, fd)
      assert(db:execute "listen news")
      assert.same({ nil, "timeout", uring.errno.ETIMEDOUT },
        { uring.wait_readable(fd, 0.01) })
      local waiter = uring.spawn(uring.wait_readable, fd, 10)
      local other <close> = connect()
      other:query "notify news"
      assert.is_true(waiter:await())
      assert.same({ "1", "2", "3" }, ask(db))
    end)
  end)
end)
