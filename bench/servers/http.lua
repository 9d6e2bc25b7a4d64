--- A server of files in HTTP/1.1 and 1.0: connections are kept, files are not.
-- usage: lua5.4 bench/servers/http.lua FOLDER [host:port]
-- As nginx by default, it opens its file for each request and asks its age;
-- nothing leads out of the folder: the kernel sees to that (fs.root).
local C = require("uring.ring").consts
local errno = require "uring.errno"
local fs = require "uring.fs"
local stream = require "uring.stream"
local uring = require "uring"

local HEAD = { max = 8192 } -- bytes of a request
local PATIENCE, LINGER = 60, 1 -- seconds
local SMALL = 16384 -- bytes; from here on splice is faster than reading
local HOW = C.O_RDONLY | C.O_NONBLOCK -- a FIFO would wait
local TYPES = { css = "text/css", html = "text/html; charset=utf-8",
  jpg = "image/jpeg", js = "text/javascript", png = "image/png",
  svg = "image/svg+xml", txt = "text/plain; charset=utf-8" }
local EMPTY = "Content-Length: 0\r\n"
local BAD, FORBIDDEN = "400 Bad Request", "403 Forbidden"
local MISSING = "404 Not Found"
local STATUS = { [errno.ENOENT] = MISSING, [errno.ENOTDIR] = MISSING,
  [errno.ENAMETOOLONG] = MISSING, [errno.EACCES] = FORBIDDEN,
  [errno.EXDEV] = FORBIDDEN, [errno.ELOOP] = FORBIDDEN,
  [errno.ENXIO] = FORBIDDEN }

local function date(seconds)
  return os.date("!%a, %d %b %Y %H:%M:%S GMT", seconds)
end

local now, today = 0, "" -- its date

local function update_date()
  local seconds = os.time()
  if seconds ~= now then now, today = seconds, date(seconds) end
  return today
end

-- What comes with a request is not read: then the connection ends with it.
local function is_kept(request)
  local wish = (request.connection or ""):lower()
  if request["content-length"] or request["transfer-encoding"]
    or wish:find("close", 1, true) then
    return false
  end
  return request.is_new or wish:find("keep-alive", 1, true) ~= nil
end

-- Method, target, and the fields by their names in lower case; without a
-- method it is no request; nil: nobody is there any more.
local function read_request(conn)
  local head, _, code = conn:read_until("\r\n\r\n", HEAD)
  if not head then return code == errno.ELIMIT and {} or nil end
  local method, target, minor, at =
    head:match "^(%u+) (/[^%s%c]*) HTTP/1%.([01])()"
  if not method then return {} end
  local request = { method = method, target = target, is_new = minor == "1" }
  for name, value in head:gmatch("\r\n([^%s:]+):[ \t]*([^\r\n]*)", at) do
    request[name:lower()] = value
  end
  if request.is_new and not request.host then return {} end
  request.is_kept = is_kept(request)
  return request
end

-- In one write: many small ones would be as many packets.
local function send(conn, request, status, fields, body)
  local connection = request.is_kept and "keep-alive" or "close"
  return conn:write("HTTP/1.1 " .. status .. "\r\nDate: " .. update_date()
    .. "\r\nConnection: " .. connection .. "\r\n" .. fields .. "\r\n"
    .. (body or "")) ~= nil
end

local function send_file(conn, request, file, size, fields)
  fields = fields .. "Content-Length: " .. size .. "\r\n"
  if request.method == "HEAD" then
    return send(conn, request, "200 OK", fields)
  elseif size <= SMALL then
    local body = file:pread(size, 0) or ""
    return send(conn, request, "200 OK", fields, body) and #body == size
  end
  return send(conn, request, "200 OK", fields)
    and stream.copy(file, conn, { max = size }) == size
end

local function send_if_new(conn, request, file, stat, path)
  local changed = date(stat.mtime // 1 | 0)
  local fields = "Last-Modified: " .. changed .. "\r\n"
  if request["if-modified-since"] == changed then
    return send(conn, request, "304 Not Modified", fields)
  end
  local kind = TYPES[path:match "%.(%w+)$"] or "application/octet-stream"
  return send_file(conn, request, file, stat.size,
    "Content-Type: " .. kind .. "\r\n" .. fields)
end

local function byte_of(hex)
  return string.char(tonumber(hex, 16))
end

-- Whether what was promised has gone.
local function answer(root, conn, request)
  if not request.method then return send(conn, request, BAD, EMPTY) end
  if request.method ~= "GET" and request.method ~= "HEAD" then
    return send(conn, request, "405 Method Not Allowed",
      "Allow: GET, HEAD\r\n" .. EMPTY)
  end
  local name = request.target:match "^[^?#]*":gsub("^/+", "/")
  local path = ("." .. name):gsub("/$", "/index.html")
    :gsub("%%(%x%x)", byte_of)
  if path:find("\0", 1, true) then return send(conn, request, BAD, EMPTY) end
  local file <close>, _, code = root.open(path, HOW)
  local stat = file and assert(file:stat())
  if not stat then
    return send(conn, request, STATUS[code] or "500 Internal Error", EMPTY)
  elseif stat.type == "directory" then
    return send(conn, request, "301 Moved Permanently",
      "Location: " .. name .. "/\r\n" .. EMPTY)
  elseif stat.type ~= "file" then
    return send(conn, request, FORBIDDEN, EMPTY)
  end
  return send_if_new(conn, request, file, stat, path)
end

local function serve(root, conn)
  conn:settimeout(PATIENCE)
  repeat
    local request = read_request(conn)
    if not request then return end
  until not answer(root, conn, request) or not request.is_kept
  conn:shutdown "w" -- closing with bytes unread would reset what was sent
  uring.timeout(LINGER, function() while conn:read_some() do end end)
end

uring.run(function(folder, where)
  local root <close> = assert(fs.root(folder))
  local listener = assert(uring.listen(where))
  print("listening on http://" .. tostring(listener:sockname()) .. "/")
  io.stdout:flush()
  uring.serve(listener, function(conn) serve(root, conn) end)
end, arg[1] or ".", arg[2] or "127.0.0.1:0")
