/*
** echo_oneshot.c - an echo server of one-shot ops: accept, recv, send.
** usage: echo_oneshot
*/
#include "lib/common.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 16384, ENTRIES = 4096 };

typedef struct Conn {
  int fd;
  int is_sending;
  unsigned size, sent;
  char bytes[SIZE];
} Conn;

static void receive(struct io_uring *ring, Conn *conn) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  io_uring_prep_recv(sqe, conn->fd, conn->bytes, SIZE, 0);
  io_uring_sqe_set_data(sqe, conn);
  conn->is_sending = 0;
}

static void transmit(struct io_uring *ring, Conn *conn) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  io_uring_prep_send(sqe, conn->fd, conn->bytes + conn->sent,
                     conn->size - conn->sent, MSG_NOSIGNAL);
  io_uring_sqe_set_data(sqe, conn);
  conn->is_sending = 1;
}

static void accept_one(struct io_uring *ring, int listener) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  io_uring_prep_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
  io_uring_sqe_set_data(sqe, NULL);
}

static void accepted(struct io_uring *ring, int listener, int fd) {
  Conn *conn = fd >= 0 ? malloc(sizeof *conn) : NULL;
  if (conn) {
    conn->fd = fd;
    receive(ring, conn);
  }
  accept_one(ring, listener);
}

static void completed(struct io_uring *ring, Conn *conn, int res) {
  if (res <= 0) {
    close(conn->fd);
    free(conn);
  } else if (!conn->is_sending) {
    conn->size = (unsigned)res;
    conn->sent = 0;
    transmit(ring, conn);
  } else {
    conn->sent += (unsigned)res;
    if (conn->sent < conn->size) {
      transmit(ring, conn);
    } else {
      receive(ring, conn);
    }
  }
}

int main(void) {
  int listener = listen_and_say();
  struct io_uring ring;
  open_ring(&ring, ENTRIES);
  accept_one(&ring, listener);
  for (;;) {
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    wait_for_any(&ring);
    io_uring_for_each_cqe(&ring, head, cqe) {
      Conn *conn = io_uring_cqe_get_data(cqe);
      if (conn) {
        completed(&ring, conn, cqe->res);
      } else {
        accepted(&ring, listener, cqe->res);
      }
      count++;
    }
    io_uring_cq_advance(&ring, count);
  }
}
