--- What reaches the kernel: rings, and the calls that have no row.
-- One table, whose entries uring.test replaces for the time of a simulated
-- run.  So look an entry up when you call it, and keep none.
local core = require "uring.core"
local setup = require "uring.setup"

-- A channel of c-ares: who asks for no names needs no c-ares.
local function channel(settings)
  local found, cares = pcall(require, "uring.cares")
  if found then return cares.channel(settings) end
  local fd, _, code = core.epoll() -- perhaps no file can be opened
  if not fd then return nil, code end
  core.close(fd)
  error(cares, 0)
end

local system = {
  bind = core.bind,
  bind_socket = core.bind_socket,
  block = core.block,
  catch = core.catch,
  channel = channel,
  close = core.close,
  cpus = core.cpus,
  die = core.die,
  environ = core.environ,
  epoll = core.epoll,
  eventfd = core.eventfd,
  fill_cached = core.fill_cached,
  fork = core.fork,
  getpeername = core.getpeername,
  getsockname = core.getsockname,
  getsockopt = core.getsockopt,
  has_ring = core.has_ring,
  inotify = core.inotify,
  inotify_add = core.inotify_add,
  inotify_remove = core.inotify_remove,
  interface = core.interface,
  is_blocked = core.is_blocked,
  kill = core.kill,
  let_go = core.let_go,
  listen = core.listen,
  lseek = core.lseek,
  mark_path = core.mark_path,
  memfd = core.memfd,
  mount_magic = core.mount_magic,
  now = core.now,
  open = setup.for_loop,
  pidfd = core.pidfd,
  pipe = core.pipe,
  poll = core.poll,
  read_cached = core.read_cached,
  reap = core.reap,
  remove_marked = core.remove_marked,
  remove_stale = core.remove_stale,
  setsockopt = core.setsockopt,
  signalfd = core.signalfd,
  sigpipe = core.sigpipe,
  socket = core.socket,
  socketpair = core.socketpair,
  spawn = core.spawn,
  stat_known = core.stat_known,
  tray = core.tray,
  unblock = core.unblock,
  wall = core.wall,
  widen = core.widen,
  work = core.work,
}

return system
