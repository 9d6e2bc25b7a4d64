--- Sockets: connections and listeners, servers, datagrams, addresses.
local adopting = require "uring.net.adopting"
local connecting = require "uring.net.connecting"
local Listener = require "uring.net.listener"
local serving = require "uring.net.serving"

return {
  addr = adopting.addr,
  connect = connecting.connect,
  datagram = adopting.datagram,
  fromfd = adopting.fromfd,
  listen = Listener.listen,
  serve = serving.serve,
  socketpair = adopting.socketpair,
  udp = adopting.udp,
}
