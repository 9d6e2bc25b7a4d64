/*
** echo_multishot.c - the best echo server there may be: multishot accept and
** recv, a buffer ring, direct descriptors; bytes are never copied by us.
** usage: echo_multishot
*/
#include "lib/common.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
  ENTRIES = 4096,
  CONNECTIONS = 16384,
  BUFFERS = 256, /* a power of two; all of them fit into an L2 cache */
  SIZE = 4096,
  GROUP = 1,
  NONE = BUFFERS
};

enum { ACCEPT, RECV, SEND, CLOSE };

/* A buffer that the kernel has filled waits here for its turn to be sent. */
typedef struct Filled {
  unsigned size, sent, next;
} Filled;

typedef struct Conn {
  unsigned first, last; /* of its filled buffers; NONE */
  int is_receiving, has_ended, is_closing;
} Conn;

typedef struct Server {
  struct io_uring ring;
  struct io_uring_buf_ring *buffers;
  char *bytes;
  int listener;
  Filled filled[BUFFERS];
  Conn conns[CONNECTIONS];
} Server;

static void tag(struct io_uring_sqe *sqe, int kind, unsigned slot) {
  sqe->user_data = (uint64_t)kind << 32 | slot;
}

static void give_back(Server *server, unsigned bid) {
  io_uring_buf_ring_add(server->buffers, server->bytes + (size_t)bid * SIZE,
                        SIZE, (unsigned short)bid,
                        io_uring_buf_ring_mask(BUFFERS), 0);
  io_uring_buf_ring_advance(server->buffers, 1);
}

static void open_buffers(Server *server) {
  size_t size = BUFFERS * sizeof(struct io_uring_buf);
  void *memory =
      mmap(NULL, size + (size_t)BUFFERS * SIZE, PROT_READ | PROT_WRITE,
           MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) {
    die("buffers");
  }
  struct io_uring_buf_reg reg = {
    .ring_addr = (uint64_t)(uintptr_t)memory,
    .ring_entries = BUFFERS,
    .bgid = GROUP,
  };
  need(io_uring_register_buf_ring(&server->ring, &reg, 0), "buffer ring");
  server->buffers = memory;
  server->bytes = (char *)memory + size;
  io_uring_buf_ring_init(server->buffers);
  for (unsigned bid = 0; bid < BUFFERS; bid++) {
    give_back(server, bid);
  }
}

static void accept_many(Server *server) {
  struct io_uring_sqe *sqe = next_sqe(&server->ring);
  io_uring_prep_multishot_accept_direct(sqe, server->listener, NULL, NULL, 0);
  tag(sqe, ACCEPT, 0);
}

static void receive(Server *server, unsigned slot) {
  struct io_uring_sqe *sqe = next_sqe(&server->ring);
  io_uring_prep_recv_multishot(sqe, (int)slot, NULL, 0, 0);
  sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  sqe->buf_group = GROUP;
  tag(sqe, RECV, slot);
  server->conns[slot].is_receiving = 1;
}

static void transmit(Server *server, unsigned slot) {
  unsigned bid = server->conns[slot].first;
  Filled *filled = &server->filled[bid];
  struct io_uring_sqe *sqe = next_sqe(&server->ring);
  io_uring_prep_send(sqe, (int)slot,
                     server->bytes + (size_t)bid * SIZE + filled->sent,
                     filled->size - filled->sent, MSG_NOSIGNAL | MSG_WAITALL);
  sqe->flags |= IOSQE_FIXED_FILE;
  tag(sqe, SEND, slot);
}

static void drop_first(Server *server, unsigned slot) {
  Conn *conn = &server->conns[slot];
  unsigned bid = conn->first;
  conn->first = server->filled[bid].next;
  give_back(server, bid);
}

static void close_when_done(Server *server, unsigned slot) {
  Conn *conn = &server->conns[slot];
  if (conn->first != NONE || conn->is_receiving) {
    return;
  }
  if (!conn->has_ended) { /* buffers had run out */
    receive(server, slot);
  } else if (!conn->is_closing) {
    struct io_uring_sqe *sqe = next_sqe(&server->ring);
    io_uring_prep_close_direct(sqe, slot);
    tag(sqe, CLOSE, slot);
    conn->is_closing = 1;
  }
}

static void accepted(Server *server, int res, unsigned flags) {
  if (res >= 0) {
    server->conns[res] = (Conn){ .first = NONE, .last = NONE };
    receive(server, (unsigned)res);
  }
  if (!(flags & IORING_CQE_F_MORE)) {
    accept_many(server);
  }
}

static void received(Server *server, unsigned slot, int res, unsigned flags) {
  Conn *conn = &server->conns[slot];
  if (!(flags & IORING_CQE_F_MORE)) {
    conn->is_receiving = 0;
  }
  if (res > 0) {
    unsigned bid = flags >> IORING_CQE_BUFFER_SHIFT;
    server->filled[bid] = (Filled){ (unsigned)res, 0, NONE };
    if (conn->first == NONE) {
      conn->first = conn->last = bid;
      transmit(server, slot);
    } else {
      server->filled[conn->last].next = bid;
      conn->last = bid;
    }
  } else if (res != -ENOBUFS) {
    conn->has_ended = 1;
  }
  close_when_done(server, slot);
}

static void sent(Server *server, unsigned slot, int res) {
  Conn *conn = &server->conns[slot];
  Filled *filled = &server->filled[conn->first];
  if (res <= 0) {
    conn->has_ended = 1;
    while (conn->first != NONE) {
      drop_first(server, slot);
    }
  } else {
    filled->sent += (unsigned)res;
    if (filled->sent == filled->size) {
      drop_first(server, slot);
    }
    if (conn->first != NONE) {
      transmit(server, slot);
    }
  }
  close_when_done(server, slot);
}

static void completed(Server *server, const struct io_uring_cqe *cqe) {
  unsigned slot = (unsigned)cqe->user_data;
  int kind = (int)(cqe->user_data >> 32);
  if (kind == ACCEPT) {
    accepted(server, cqe->res, cqe->flags);
  } else if (kind == RECV) {
    received(server, slot, cqe->res, cqe->flags);
  } else if (kind == SEND) {
    sent(server, slot, cqe->res);
  }
}

int main(void) {
  Server *server = calloc(1, sizeof *server);
  if (!server) {
    die("memory");
  }
  server->listener = listen_and_say();
  open_ring(&server->ring, ENTRIES);
  need(io_uring_register_files_sparse(&server->ring, CONNECTIONS), "files");
  open_buffers(server);
  accept_many(server);
  for (;;) {
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    wait_for_any(&server->ring);
    io_uring_for_each_cqe(&server->ring, head, cqe) {
      completed(server, cqe);
      count++;
    }
    io_uring_cq_advance(&server->ring, count);
  }
}
