/*
** common.c - what the C programs of the bench share.
*/
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD = 65521, BACKLOG = 4096, PATIENCE = 10 /* seconds */ };

static char *pattern;

void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, errno ? strerror(errno) : "wrong");
  exit(1);
}

int need(int result, const char *what) {
  if (result >= 0) {
    return result;
  }
  if (result != -1) { /* liburing says the errno, libc sets it */
    errno = -result;
  }
  die(what);
}

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void) {
  return nanoseconds(CLOCK_MONOTONIC);
}

uint64_t cpu_ns(void) {
  return nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

long number(const char *text, const char *what, long least, long most) {
  char *end;
  long value = text ? strtol(text, &end, 10) : 0;
  if (!text || !*text || *end || value < least || value > most) {
    errno = EINVAL;
    die(what);
  }
  return value;
}

int listen_and_say(void) {
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  struct sockaddr *name = (struct sockaddr *)&address;
  int on = 1, fd = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  need(setsockopt(fd, IPPROTO_TCP, 1, &on, sizeof on), "TCP_NODELAY");
  need(bind(fd, name, size), "bind");
  need(listen(fd, BACKLOG), "listen");
  need(getsockname(fd, name, &size), "getsockname");
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

void open_ring(struct io_uring *ring, unsigned entries) {
  struct io_uring_params params = {
    .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
             IORING_SETUP_CQSIZE,
    .cq_entries = entries * 4,
  };
  need(io_uring_queue_init_params(entries, ring, &params), "io_uring_setup");
  need(io_uring_register_ring_fd(ring), "io_uring_register_ring_fd");
}

struct io_uring_sqe *next_sqe(struct io_uring *ring) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
  while (!sqe) {
    int count = io_uring_submit(ring);
    if (count < 0 && count != -EINTR && count != -EBUSY) {
      need(count, "submit");
    }
    sqe = io_uring_get_sqe(ring);
  }
  return sqe;
}

void wait_for_any(struct io_uring *ring) {
  int result = io_uring_submit_and_wait(ring, 1);
  if (result < 0 && result != -EINTR) {
    need(result, "submit");
  }
}

int wait_patiently(struct io_uring *ring) {
  struct __kernel_timespec patience = { .tv_sec = PATIENCE };
  struct io_uring_cqe *cqe;
  int result = io_uring_submit_and_wait_timeout(ring, &cqe, 1, &patience, NULL);
  return result == -EINTR || result == -EBUSY ? 0 : result;
}

void say_ran(uint64_t messages, uint64_t waited, uint64_t time) {
  double mean = (double)waited / 1e3 / (double)(messages ? messages : 1);
  printf("ran %llu %.6f %.1f %.1f\n", (unsigned long long)messages,
         (double)time / 1e9, mean, mean);
}

void pattern_open(uint64_t room) {
  uint64_t state = 88172645463325252u;
  pattern = malloc(PERIOD + room);
  if (!pattern) {
    die("pattern");
  }
  for (uint64_t i = 0; i < PERIOD; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    pattern[i] = (char)(state >> 24);
  }
  for (uint64_t i = 0; i < room; i++) {
    pattern[PERIOD + i] = pattern[i];
  }
}

const char *pattern_at(uint64_t seed, uint64_t position) {
  return pattern + (seed * 4099 + position) % PERIOD;
}
