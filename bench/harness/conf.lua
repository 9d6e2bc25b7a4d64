--- The configurations of servers that want a file.

local conf = {}

local HAPROXY = [[
global
  maxconn 4096
  nbthread 1
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen proxy
  bind 127.0.0.1:%d
  server backend 127.0.0.1:%d
]]

local NGINX_STREAM = [[
daemon off;
master_process off;
pid %s/nginx.pid;
error_log stderr crit;
%s
events { worker_connections 4096; }
stream {
  server {
    listen 127.0.0.1:%d;
    proxy_pass 127.0.0.1:%d;
    proxy_timeout 1h;
  }
}
]]

local NGINX_HTTP = [[
daemon off;
master_process off;
pid %s/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s;
  uwsgi_temp_path %s; scgi_temp_path %s;
  server { listen 127.0.0.1:%d backlog=4096; root %s; }
}
]]

-- Where distributions put it, if it is a module.
local STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"

local function written(folder, name, text)
  local path = ("%s/%s"):format(folder, name)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
  return path
end

--- HAProxy that passes on what comes.
---@param place table port, folder, backend
---@return string[] argv
function conf.haproxy(place)
  return { "haproxy", "-db", "-q", "-f", written(place.folder, "haproxy.cfg",
    HAPROXY:format(place.port, place.backend)) }
end

--- nginx that passes on what comes.
---@param place table port, folder, backend
---@return string[] argv
function conf.nginx_stream(place)
  local module = io.open(STREAM_MODULE)
  local load = module and "load_module " .. STREAM_MODULE .. ";" or ""
  if module then module:close() end
  return { "nginx", "-c", written(place.folder, "stream.conf",
    NGINX_STREAM:format(place.folder, load, place.port, place.backend)) }
end

--- nginx that serves the files of the folder.
---@param place table port, folder
---@return string[] argv
function conf.nginx_http(place)
  local f = place.folder
  return { "nginx", "-c", written(f, "http.conf",
    NGINX_HTTP:format(f, f, f, f, f, f, place.port, f)) }
end

return conf
