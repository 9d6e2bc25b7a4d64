/*
** echo_epoll.c - an echo server on epoll, recv and send.
** usage: echo_epoll
*/
#include "lib/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 16384, EVENTS = 512 };

/* What a peer that does not read has not taken yet. */
typedef struct Conn {
  int fd;
  unsigned size, sent;
  char bytes[SIZE];
} Conn;

static void watch(int epoll, int how, Conn *conn, uint32_t events) {
  struct epoll_event event = { .events = events, .data = { .ptr = conn } };
  need(epoll_ctl(epoll, how, conn->fd, &event), "epoll_ctl");
}

static void accept_all(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    Conn *conn = malloc(sizeof *conn);
    if (!conn) {
      die("connection");
    }
    conn->fd = fd;
    conn->size = conn->sent = 0;
    watch(epoll, EPOLL_CTL_ADD, conn, EPOLLIN);
  }
}

static void end(Conn *conn) {
  close(conn->fd);
  free(conn);
}

/* Sends what is there; 0: all went, 1: some did not, -1: never will. */
static int flush(Conn *conn) {
  while (conn->sent < conn->size) {
    ssize_t count = send(conn->fd, conn->bytes + conn->sent,
                         conn->size - conn->sent, MSG_NOSIGNAL);
    if (count < 0) {
      return errno == EAGAIN ? 1 : -1;
    }
    conn->sent += (unsigned)count;
  }
  return 0;
}

static void serve(int epoll, Conn *conn, uint32_t events) {
  if (!(events & EPOLLOUT)) {
    ssize_t count = recv(conn->fd, conn->bytes, SIZE, 0);
    if (count < 0 && errno == EAGAIN) {
      return;
    }
    if (count <= 0) {
      end(conn);
      return;
    }
    conn->size = (unsigned)count;
    conn->sent = 0;
  }
  int left = flush(conn);
  if (left < 0) {
    end(conn);
  } else if (left > 0 && !(events & EPOLLOUT)) {
    watch(epoll, EPOLL_CTL_MOD, conn, EPOLLOUT);
  } else if (left == 0 && (events & EPOLLOUT)) {
    watch(epoll, EPOLL_CTL_MOD, conn, EPOLLIN);
  }
}

int main(void) {
  int listener = listen_and_say();
  int epoll = need(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  need(fcntl(listener, F_SETFL, O_NONBLOCK), "fcntl");
  struct epoll_event events[EVENTS];
  struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = NULL } };
  need(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      Conn *conn = events[i].data.ptr;
      if (conn) {
        serve(epoll, conn, events[i].events);
      } else {
        accept_all(epoll, listener);
      }
    }
  }
}
