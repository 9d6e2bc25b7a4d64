/*
** proxy.c - a proxy of one-shot ops: recv here, send there, both ways.
** usage: proxy BACKEND_PORT
*/
#include "lib/common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 16384, ENTRIES = 4096 };

typedef struct Pair Pair;

/* One direction of a pair. */
typedef struct Way {
  Pair *pair;
  int from, to;
  int is_sending;
  unsigned size, sent;
  char bytes[SIZE];
} Way;

struct Pair {
  int open; /* ways that still go on */
  Way ways[2];
};

static void receive(struct io_uring *ring, Way *way) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  io_uring_prep_recv(sqe, way->from, way->bytes, SIZE, 0);
  io_uring_sqe_set_data(sqe, way);
  way->is_sending = 0;
}

static void transmit(struct io_uring *ring, Way *way) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  io_uring_prep_send(sqe, way->to, way->bytes + way->sent,
                     way->size - way->sent, MSG_NOSIGNAL | MSG_WAITALL);
  io_uring_sqe_set_data(sqe, way);
  way->is_sending = 1;
}

static void end(Way *way) {
  Pair *pair = way->pair;
  shutdown(way->to, SHUT_WR);
  if (--pair->open == 0) {
    close(way->from);
    close(way->to);
    free(pair);
  }
}

static void completed(struct io_uring *ring, Way *way, int res) {
  if (res <= 0) {
    end(way);
  } else if (!way->is_sending) {
    way->size = (unsigned)res;
    way->sent = 0;
    transmit(ring, way);
  } else {
    way->sent += (unsigned)res;
    if (way->sent < way->size) {
      transmit(ring, way);
    } else {
      receive(ring, way);
    }
  }
}

static void accept_one(struct io_uring *ring, int listener) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  io_uring_prep_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
  io_uring_sqe_set_data(sqe, NULL);
}

static void join(struct io_uring *ring, int client, uint16_t port) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons(port) };
  Pair *pair = malloc(sizeof *pair);
  int on = 1, backend = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  need(setsockopt(backend, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on),
       "TCP_NODELAY");
  need(connect(backend, (struct sockaddr *)&address, sizeof address),
       "connect");
  if (!pair) {
    die("memory");
  }
  pair->open = 2;
  for (int i = 0; i < 2; i++) {
    Way *way = &pair->ways[i];
    way->pair = pair;
    way->from = i ? backend : client;
    way->to = i ? client : backend;
    receive(ring, way);
  }
}

int main(int argc, char **argv) {
  uint16_t port =
      (uint16_t)number(argc == 2 ? argv[1] : NULL, "port", 1, 65535);
  int listener = listen_and_say();
  struct io_uring ring;
  open_ring(&ring, ENTRIES);
  accept_one(&ring, listener);
  for (;;) {
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    wait_for_any(&ring);
    io_uring_for_each_cqe(&ring, head, cqe) {
      Way *way = io_uring_cqe_get_data(cqe);
      if (way) {
        completed(&ring, way, cqe->res);
      } else {
        if (cqe->res >= 0) {
          join(&ring, cqe->res, port);
        }
        accept_one(&ring, listener);
      }
      count++;
    }
    io_uring_cq_advance(&ring, count);
  }
}
