--- A server of files, in HTTP/1.0: GET and HEAD of what is in a folder.
-- run: lua5.4 examples/serve_files.lua FOLDER [host:port]
-- prints: listening on http://127.0.0.1:8000/         Ctrl-C ends it
-- Nothing leads out of the folder: the kernel sees to that (fs.root).
local errno = require "uring.errno"
local fs = require "uring.fs"
local stream = require "uring.stream"
local uring = require "uring"

local LINE, HEADERS, PATIENCE, LINGER = 4096, 100, 10, 1
local TYPES = { css = "text/css", html = "text/html; charset=utf-8",
  jpg = "image/jpeg", js = "text/javascript", png = "image/png",
  svg = "image/svg+xml", txt = "text/plain; charset=utf-8" }
local BAD, FORBIDDEN = "400 Bad Request", "403 Forbidden"
local STATUS = { [errno.ENOENT] = "404 Not Found",
  [errno.ENOTDIR] = "404 Not Found", [errno.ENAMETOOLONG] = "404 Not Found",
  [errno.EACCES] = FORBIDDEN, [errno.EXDEV] = FORBIDDEN,
  [errno.ELOOP] = FORBIDDEN }

-- Method and target, or nothing in it; nil: nobody is there any more.
local function read_request(conn)
  local lines = {}
  repeat
    local line, _, code = conn:read()
    if not line then return code == errno.ELIMIT and {} or nil end
    lines[#lines + 1] = line
  until line == "" or #lines > HEADERS
  return { lines[1]:match "^(%u+) (/[^%s%c]*) HTTP/1%.%d$" }
end

local function find(root, method, target)
  if not method then return nil, BAD end
  if method ~= "GET" and method ~= "HEAD" then
    return nil, "405 Method Not Allowed", "Allow: GET, HEAD\r\n"
  end
  local name = target:match "^[^?#]*":gsub("^/+", "/")
  local path = ("." .. name):gsub("/$", "/index.html"):gsub("%%(%x%x)",
    function(hex) return string.char(tonumber(hex, 16)) end)
  if path:find "\0" then return nil, BAD end
  local stat, _, code = root.stat(path)
  if not stat then return nil, STATUS[code] or "500 Internal Error" end
  if stat.type == "directory" then
    return nil, "301 Moved Permanently", "Location: " .. name .. "/\r\n"
  end
  local file = stat.type == "file" and root.open(path) -- a FIFO would wait
  if not file then return nil, FORBIDDEN end
  local kind = TYPES[path:match "%.(%w+)$"] or "application/octet-stream"
  return file, "200 OK", "Content-Type: " .. kind .. "\r\n"
end

local function serve(root, conn)
  conn:setlimit { line = LINE }
  local request = uring.timeout(PATIENCE, read_request, conn)
  if not request then return end
  conn:settimeout(PATIENCE, "write")
  local file <close>, status, header = find(root, table.unpack(request))
  local size = file and file:size() or 0
  local is_there = conn:write("HTTP/1.0 ", status, "\r\n", header or "",
    "Content-Length: ", size, "\r\n\r\n")
  if is_there and file and request[1] == "GET" then
    stream.copy(file, conn, { max = size }) -- also where the file grows
  end
  conn:shutdown "w" -- closing with bytes unread would reset what was sent
  uring.timeout(LINGER, function() while conn:read_some() do end end)
end

local ok, problem = pcall(uring.run, function(folder, where)
  local root <close> = assert(fs.root(folder))
  local listener = assert(uring.listen(where))
  print("listening on http://" .. tostring(listener:sockname()) .. "/")
  io.stdout:flush()
  uring.serve(listener, function(conn) serve(root, conn) end)
end, arg[1] or ".", arg[2] or "127.0.0.1:8000")
if not ok and problem ~= "interrupted!" then
  local reason = tostring(problem):match "^[^\n]*":gsub("^%S+:%d+: ", "")
  io.stderr:write("serve_files: ", reason, "\n")
  os.exit(1, true)
end
