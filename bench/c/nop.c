/*
** nop.c - what a NOP costs, and a timeout that is set and taken back.
** usage: nop nop|timer IN_FLIGHT COUNT    prints "value NANOSECONDS" of each,
** of the process's time
*/
#include "lib/common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ENTRIES = 1024 };

static void wait_for(struct io_uring *ring, unsigned count) {
  int result;
  do {
    result = io_uring_submit_and_wait(ring, count);
  } while (result == -EINTR);
  need(result, "submit");
}

static unsigned reap(struct io_uring *ring) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;
  io_uring_for_each_cqe(ring, head, cqe) {
    count++;
  }
  io_uring_cq_advance(ring, count);
  return count;
}

static void nops(struct io_uring *ring, unsigned in_flight, long count) {
  unsigned ready = in_flight;
  for (long done = 0; done < count; done += ready) {
    for (unsigned i = 0; i < ready; i++) {
      io_uring_prep_nop(next_sqe(ring));
    }
    wait_for(ring, 1);
    ready = reap(ring);
  }
}

/* A timeout and its removal, two completions. */
static void timers(struct io_uring *ring, long count) {
  struct __kernel_timespec minute = { .tv_sec = 60 };
  for (long done = 0; done < count; done++) {
    struct io_uring_sqe *sqe = next_sqe(ring);
    io_uring_prep_timeout(sqe, &minute, 0, 0);
    sqe->user_data = 1;
    sqe = next_sqe(ring);
    io_uring_prep_timeout_remove(sqe, 1, 0);
    sqe->user_data = 2;
    wait_for(ring, 2);
    reap(ring);
  }
}

int main(int argc, char **argv) {
  struct io_uring ring;
  if (argc != 4) {
    fputs("usage: nop nop|timer IN_FLIGHT COUNT\n", stderr);
    return 2;
  }
  unsigned in_flight = (unsigned)number(argv[2], "in flight", 1, ENTRIES);
  long count = number(argv[3], "count", 1, 1 << 30);
  open_ring(&ring, ENTRIES);
  uint64_t start = cpu_ns();
  if (strcmp(argv[1], "nop") == 0) {
    nops(&ring, in_flight, count);
  } else {
    timers(&ring, count);
  }
  printf("value %.2f\n", (double)(cpu_ns() - start) / (double)count);
  return 0;
}
