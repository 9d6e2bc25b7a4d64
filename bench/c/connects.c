/*
** connects.c - connects, sends a message, verifies what comes back, closes.
** usage: connects PORT AT_ONCE SIZE
** Takes the commands of load, and answers like it; a message is a connection.
*/
#include "lib/common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENTRIES = 1024, MOST = 4096, SOURCES = 64 };
enum { CONNECT, SEND, RECV, END };

typedef struct Visit {
  int fd, step;
  unsigned received;
  uint64_t began_at;
  char bytes[MOST];
} Visit;

typedef struct Load {
  struct io_uring ring;
  struct sockaddr_in server;
  unsigned at_once, size, busy, made;
  uint64_t messages, waited;
  int is_going;
  Visit *visits;
} Load;

static void prepare(Load *load, Visit *visit) {
  struct io_uring_sqe *sqe = next_sqe(&load->ring);
  if (visit->step == CONNECT) {
    io_uring_prep_connect(sqe, visit->fd, (struct sockaddr *)&load->server,
                          sizeof load->server);
  } else if (visit->step == SEND) {
    io_uring_prep_send(sqe, visit->fd, pattern_at(0, 0), load->size,
                       MSG_NOSIGNAL | MSG_WAITALL);
  } else {
    io_uring_prep_recv(sqe, visit->fd, visit->bytes + visit->received,
                       MOST - visit->received, 0);
  }
  io_uring_sqe_set_data(sqe, visit);
}

/* From one of many addresses: ports linger, and one address has not enough. */
static void begin(Load *load, Visit *visit) {
  struct sockaddr_in source = { .sin_family = AF_INET };
  int on = 1, fd = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + load->made++ % SOURCES);
  need(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on),
       "IP_BIND_ADDRESS_NO_PORT");
  need(bind(fd, (struct sockaddr *)&source, sizeof source), "bind");
  visit->fd = fd;
  visit->step = CONNECT;
  visit->received = 0;
  visit->began_at = now_ns();
  load->busy++;
  prepare(load, visit);
}

static void end(Load *load, Visit *visit) {
  close(visit->fd);
  load->busy--;
  load->messages++;
  load->waited += now_ns() - visit->began_at;
  if (load->is_going) {
    begin(load, visit);
  }
}

/* We say first that there is no more; the server closes after that. */
static void received(Load *load, Visit *visit, unsigned count) {
  visit->received += count;
  if (visit->received < load->size) {
    return;
  }
  if (visit->received > load->size ||
      memcmp(visit->bytes, pattern_at(0, 0), load->size) != 0) {
    errno = EBADMSG;
    die("connects: recv");
  }
  shutdown(visit->fd, SHUT_WR);
  visit->step = END;
}

static void completed(Load *load, Visit *visit, int res) {
  unsigned count = (unsigned)need(res, "connects");
  if (visit->step == END && count == 0) {
    end(load, visit);
    return;
  }
  if (visit->step == CONNECT) {
    visit->step = SEND;
  } else if (visit->step == SEND) {
    visit->step = RECV;
  } else if (count == 0) {
    errno = ECONNRESET;
    die("connects: recv");
  } else {
    received(load, visit, count);
  }
  prepare(load, visit);
}

static void turn(Load *load) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;
  need(wait_patiently(&load->ring), "connects: submit");
  io_uring_for_each_cqe(&load->ring, head, cqe) {
    completed(load, io_uring_cqe_get_data(cqe), cqe->res);
    count++;
  }
  io_uring_cq_advance(&load->ring, count);
}

static void run(Load *load, uint64_t milliseconds) {
  uint64_t start = now_ns(), stop = start + milliseconds * 1000000;
  load->messages = load->waited = 0;
  load->is_going = 1;
  for (unsigned i = 0; i < load->at_once; i++) {
    begin(load, &load->visits[i]);
  }
  while (now_ns() < stop) {
    turn(load);
  }
  uint64_t messages = load->messages, waited = load->waited;
  uint64_t time = now_ns() - start;
  load->is_going = 0;
  while (load->busy > 0) {
    turn(load);
  }
  say_ran(messages, waited, time);
}

int main(int argc, char **argv) {
  char line[64];
  unsigned long long milliseconds;
  Load load = { .server = { .sin_family = AF_INET } };
  if (argc != 4) {
    fputs("usage: connects PORT AT_ONCE SIZE\n", stderr);
    return 2;
  }
  load.server.sin_port = htons((uint16_t)number(argv[1], "port", 1, 65535));
  load.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  load.at_once = (unsigned)number(argv[2], "at once", 1, 1024);
  load.size = (unsigned)number(argv[3], "size", 1, MOST - 1);
  load.visits = calloc(load.at_once, sizeof *load.visits);
  if (!load.visits) {
    die("memory");
  }
  pattern_open(MOST);
  open_ring(&load.ring, ENTRIES);
  puts("ready 0 ?");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "run %llu", &milliseconds) == 1) {
      run(&load, milliseconds);
    }
    fflush(stdout);
  }
  return 0;
}
