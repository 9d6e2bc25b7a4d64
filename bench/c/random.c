/*
** random.c - reads blocks of 4 KiB here and there, and looks at each: a block
** begins with its number.
** usage: random FILE DEPTH MILLISECONDS [direct]    prints "value IOPS"
*/
#include "lib/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE = 4096, MOST = 1024 };

typedef struct Read {
  char *bytes;
  uint64_t block;
} Read;

static uint64_t state = 88172645463325252u;

static uint64_t chance(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void begin(struct io_uring *ring, Read *read, int fd, uint64_t blocks) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  read->block = chance() % blocks;
  io_uring_prep_read(sqe, fd, read->bytes, SIZE, read->block * SIZE);
  io_uring_sqe_set_data(sqe, read);
}

static void check(const Read *read, int res) {
  uint64_t found;
  memcpy(&found, read->bytes, sizeof found);
  if (need(res, "read") != SIZE || found != read->block) {
    errno = EBADMSG;
    die("read");
  }
}

int main(int argc, char **argv) {
  struct io_uring ring;
  struct stat status;
  Read reads[MOST];
  uint64_t count = 0;
  if (argc < 4) {
    return 2;
  }
  int direct = argc > 4 ? O_DIRECT : 0;
  int fd = need(open(argv[1], O_RDONLY | O_CLOEXEC | direct), argv[1]);
  unsigned depth = (unsigned)number(argv[2], "depth", 1, MOST);
  uint64_t span = (uint64_t)number(argv[3], "time", 1, 60000) * 1000000;
  need(fstat(fd, &status), "fstat");
  uint64_t blocks = (uint64_t)status.st_size / SIZE;
  open_ring(&ring, depth);
  uint64_t start = now_ns();
  for (unsigned i = 0; i < depth; i++) {
    reads[i].bytes = aligned_alloc(SIZE, SIZE);
    if (!reads[i].bytes) {
      die("memory");
    }
    begin(&ring, &reads[i], fd, blocks);
  }
  while (now_ns() - start < span) {
    struct io_uring_cqe *cqe;
    unsigned head, reaped = 0;
    wait_for_any(&ring);
    io_uring_for_each_cqe(&ring, head, cqe) {
      Read *read = io_uring_cqe_get_data(cqe);
      check(read, cqe->res);
      begin(&ring, read, fd, blocks);
      reaped++;
    }
    io_uring_cq_advance(&ring, reaped);
    count += reaped;
  }
  printf("value %.0f\n", (double)count * 1e9 / (double)(now_ns() - start));
  return 0;
}
