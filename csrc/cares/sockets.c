/*
** sockets.c - c-ares's system calls on sockets, as we want them: closed in
** programs that are started, and without SIGPIPE.
*/
#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static ares_socket_t on_socket(int domain, int type, int protocol, void *arg) {
  (void)arg;
  return socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

static int on_close(ares_socket_t fd, void *arg) {
  (void)arg;
  return close(fd);
}

static int on_connect(ares_socket_t fd, const struct sockaddr *address,
                      ares_socklen_t length, void *arg) {
  (void)arg;
  return connect(fd, address, length);
}

static ares_ssize_t on_recvfrom(ares_socket_t fd, void *bytes, size_t size,
                                int flags, struct sockaddr *from,
                                ares_socklen_t *length, void *arg) {
  (void)arg;
  return recvfrom(fd, bytes, size, flags, from, length);
}

static ares_ssize_t on_sendv(ares_socket_t fd, const struct iovec *pieces,
                             int count, void *arg) {
  (void)arg;
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = (struct iovec *)pieces; /* which sendmsg only reads */
  message.msg_iovlen = (size_t)count;
  ares_ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  if (sent < 0 && errno == ECONNREFUSED) /* of an earlier datagram, which */
    sent = sendmsg(fd, &message, MSG_NOSIGNAL); /* would be waited for */
  return sent;
}

void sockets_use(ares_channel channel) {
  static const struct ares_socket_functions functions = {
    on_socket, on_close, on_connect, on_recvfrom, on_sendv,
  };
  ares_set_socket_functions(channel, &functions, NULL);
}
