--- A client of PostgreSQL, written here over uring.connect: its protocol 3,
-- with simple queries only.
--   local db <close> = postgres.connect(where)
--   db:query "select 1, 'a'" --> { rows = { { "1", "a" } }, tag = "SELECT 1" }
local uring = require "uring"

local postgres = {}

local PROTOCOL, CANCEL = 196608, 80877102

local Client = {}
Client.__index = Client

-- Reads one message: its type, and its bytes.
local function receive(self)
  local head, message, code = self.conn:read(5)
  if not head then return nil, message or "end of file", code end
  local kind, size = (">c1 I4"):unpack(head)
  if size == 4 then return kind, "" end
  local body
  body, message, code = self.conn:read(size - 4)
  if not body then return nil, message or "end of file", code end
  return kind, body
end

local function problem_of(body)
  local fields = {}
  for kind, text in body:gmatch "(%a)([^\0]*)\0" do fields[kind] = text end
  return fields
end

local function row_of(body)
  local row, count, at = {}, (">I2"):unpack(body)
  for i = 1, count do
    local size
    size, at = (">i4"):unpack(body, at)
    if size >= 0 then
      row[i] = body:sub(at, at + size - 1)
      at = at + size
    end
  end
  return row
end

local handlers = {}

function handlers.D(_, result, body)
  table.insert(result.rows, row_of(body))
end

function handlers.C(_, result, body)
  result.tag = body:sub(1, -2)
end

function handlers.E(_, result, body)
  result.problem = problem_of(body)
end

function handlers.K(self, _, body)
  self.pid, self.key = (">I4 I4"):unpack(body)
end

function handlers.A(self, _, body)
  local pid, channel, payload = (">I4 z z"):unpack(body)
  table.insert(self.news, { pid = pid, channel = channel, payload = payload })
end

--- Reads the answer to one query.
---@return table? result {rows = {{...}, ...}, tag =, problem = {C = code}}
---@return string? message where the connection is lost
---@return table|integer? what {rows =, problem =} as far as it came
function Client:result()
  local result = { rows = {} }
  while true do
    local kind, body = receive(self)
    if not kind then return nil, body, result end
    if kind == "Z" then return result end
    if handlers[kind] then handlers[kind](self, result, body) end
  end
end

--- Sends a query, and does not wait for the answer.
---@param sql string
function Client:send(sql)
  return self.conn:write((">c1 I4 z"):pack("Q", #sql + 5, sql))
end

--- Asks for the rows of a query.
---@param sql string
---@return table? result as of result
function Client:query(sql)
  assert(self:send(sql))
  return self:result()
end

--- Waits for the next notification.
---@return table news {pid =, channel =, payload =}
function Client:listen()
  while #self.news == 0 do
    local kind, body = receive(self)
    if not kind then return nil, body end
    if handlers[kind] then handlers[kind](self, { rows = {} }, body) end
  end
  return table.remove(self.news, 1)
end

--- Has the server end what this connection asks for: by one of its own.
function Client:cancel()
  local conn <close> = assert(uring.connect(self.where))
  assert(conn:write((">I4 I4 I4 I4"):pack(16, CANCEL, self.pid, self.key)))
  assert(conn:read(1) == nil) -- it is closed once that is done
end

--- Ends the connection.
function Client:close()
  self.conn:close()
end

Client.__close = Client.close

--- Connects, as the user "spec".
---@param where string for uring.connect
---@return table client a <close> variable, please
function postgres.connect(where)
  local self = setmetatable({
    conn = assert(uring.connect(where)), where = where, news = {},
  }, Client)
  local hello = "user\0spec\0database\0postgres\0\0"
  assert(self.conn:write((">I4 I4"):pack(#hello + 8, PROTOCOL), hello))
  local result = assert(self:result())
  assert(not result.problem, result.problem and result.problem.M)
  return self
end

return postgres
