/*
** loading.c - connections that send, receive and verify.
*/
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { ENTRIES = 4096, ROOM = 65536 };
enum { SEND, RECV };

Load *load_open(uint16_t port, unsigned count, unsigned size,
                unsigned in_flight) {
  Load *load = calloc(1, sizeof *load);
  struct rlimit limit = { 32768, 32768 };
  if (!load || !(load->streams = calloc(count, sizeof *load->streams))) {
    die("memory");
  }
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  load->port = port;
  load->count = count;
  load->size = size;
  load->in_flight = in_flight;
  uint64_t window = (uint64_t)size * in_flight;
  load->room = window < ROOM ? (unsigned)window : ROOM;
  for (unsigned i = 0; i < count; i++) {
    load->streams[i].bytes = malloc(load->room);
    if (!load->streams[i].bytes) {
      die("memory");
    }
  }
  pattern_open(window + ROOM);
  open_ring(&load->ring, ENTRIES);
  return load;
}

void load_connect(Load *load, char *name, unsigned size) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons(load->port) };
  socklen_t length = size;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (unsigned i = 0; i < load->count; i++) {
    int on = 1, fd = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
    need(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "nodelay");
    need(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
    load->streams[i].fd = fd;
  }
  need(getsockopt(load->streams[0].fd, IPPROTO_TCP, TCP_CONGESTION, name,
                  &length),
       "TCP_CONGESTION");
}

static void tag(Load *load, struct io_uring_sqe *sqe, const Stream *stream,
                int kind) {
  sqe->user_data = (__u64)(stream - load->streams) << 1 | (__u64)kind;
  load->busy++;
}

static void receive(Load *load, Stream *stream) {
  if (stream->is_receiving || stream->received == stream->sent) {
    return;
  }
  struct io_uring_sqe *sqe = next_sqe(&load->ring);
  io_uring_prep_recv(sqe, stream->fd, stream->bytes, load->room, 0);
  tag(load, sqe, stream, RECV);
  stream->is_receiving = 1;
}

/* Sends as many whole messages as there may be on the way. */
static void transmit(Load *load, Stream *stream) {
  uint64_t whole = stream->received - stream->received % load->size;
  uint64_t window = (uint64_t)load->size * load->in_flight;
  uint64_t quota = load->quota < window ? load->quota : window;
  if (quota > 0 && whole + quota > stream->allowed) {
    stream->allowed = whole + quota;
  }
  if (stream->is_sending || stream->sent == stream->allowed) {
    return;
  }
  struct io_uring_sqe *sqe = next_sqe(&load->ring);
  io_uring_prep_send(sqe, stream->fd,
                     pattern_at((uint64_t)stream->fd, stream->sent),
                     stream->allowed - stream->sent, MSG_NOSIGNAL);
  tag(load, sqe, stream, SEND);
  stream->is_sending = 1;
  if (stream->sent == stream->received) {
    stream->asked_at = now_ns();
  }
}

/* Sixteen buckets for each power of two of the nanoseconds. */
static void note(Load *load, uint64_t nanoseconds) {
  uint64_t value = nanoseconds < 16 ? 16 : nanoseconds;
  unsigned power = 63 - (unsigned)__builtin_clzll(value);
  unsigned part = (unsigned)(value >> (power - 4)) & 15;
  load->histogram[power * 16 + part]++;
}

double load_quantile(const Load *load, double share) {
  uint64_t all = 0, seen = 0;
  for (unsigned i = 0; i < BUCKETS; i++) {
    all += load->histogram[i];
  }
  for (unsigned i = 0; i < BUCKETS; i++) {
    seen += load->histogram[i];
    if (seen > 0 && (double)seen >= share * (double)all) {
      return (double)((16 + i % 16 + 1) * (1ull << (i / 16 - 4))) / 1000;
    }
  }
  return 0;
}

static void received(Load *load, Stream *stream, int res) {
  stream->is_receiving = 0;
  if (res <= 0) {
    errno = res < 0 ? -res : ECONNRESET;
    die("load: recv");
  }
  const char *expected = pattern_at((uint64_t)stream->fd, stream->received);
  if (memcmp(stream->bytes, expected, (size_t)res) != 0) {
    errno = EBADMSG;
    die("load: recv");
  }
  uint64_t before = stream->received / load->size;
  stream->received += (uint64_t)res;
  uint64_t done = stream->received / load->size - before;
  load->messages += done;
  if (done > 0) {
    note(load, now_ns() - stream->asked_at);
    stream->asked_at = now_ns();
  }
}

static void completed(Load *load, const struct io_uring_cqe *cqe) {
  Stream *stream = &load->streams[cqe->user_data >> 1];
  load->busy--;
  if ((cqe->user_data & 1) == RECV) {
    received(load, stream, cqe->res);
  } else {
    stream->is_sending = 0;
    stream->sent += (uint64_t)need(cqe->res, "load: send");
  }
  transmit(load, stream);
  receive(load, stream);
}

void load_turn(Load *load) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;
  int result = wait_patiently(&load->ring);
  if (result == -ETIME) {
    errno = ETIME;
    die("load: the server is silent");
  }
  need(result, "load: submit");
  io_uring_for_each_cqe(&load->ring, head, cqe) {
    completed(load, cqe);
    count++;
  }
  io_uring_cq_advance(&load->ring, count);
}

void load_start(Load *load) {
  for (unsigned i = 0; i < load->count; i++) {
    transmit(load, &load->streams[i]);
    receive(load, &load->streams[i]);
  }
}

void load_drain(Load *load) {
  while (load->busy > 0) {
    load_turn(load);
  }
}
