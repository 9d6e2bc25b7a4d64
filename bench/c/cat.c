/*
** cat.c - copies a file to stdout: eight reads of 128 KiB ahead, in order.
** usage: cat FILE
*/
#include "lib/common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEPTH = 8, SIZE = 1 << 17 };

typedef struct Block {
  char *bytes;
  int result, is_ready;
} Block;

static void read_ahead(struct io_uring *ring, Block *blocks, int fd,
                       unsigned number_of) {
  Block *block = &blocks[number_of % DEPTH];
  struct io_uring_sqe *sqe = next_sqe(ring);
  block->is_ready = 0;
  io_uring_prep_read(sqe, fd, block->bytes, SIZE, (uint64_t)number_of * SIZE);
  io_uring_sqe_set_data(sqe, block);
}

static void wait_for(struct io_uring *ring, const Block *block) {
  while (!block->is_ready) {
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    wait_for_any(ring);
    io_uring_for_each_cqe(ring, head, cqe) {
      Block *read = io_uring_cqe_get_data(cqe);
      read->result = need(cqe->res, "read");
      read->is_ready = 1;
      count++;
    }
    io_uring_cq_advance(ring, count);
  }
}

static void write_all(const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t count = write(1, bytes, size);
    need(count < 0 ? -1 : 0, "write");
    bytes += count;
    size -= (size_t)count;
  }
}

int main(int argc, char **argv) {
  struct io_uring ring;
  Block blocks[DEPTH];
  if (argc != 2) {
    return 2;
  }
  int fd = need(open(argv[1], O_RDONLY | O_CLOEXEC), argv[1]);
  open_ring(&ring, DEPTH);
  for (unsigned i = 0; i < DEPTH; i++) {
    blocks[i].bytes = aligned_alloc(4096, SIZE);
    if (!blocks[i].bytes) {
      die("memory");
    }
    read_ahead(&ring, blocks, fd, i);
  }
  for (unsigned i = 0;; i++) {
    Block *block = &blocks[i % DEPTH];
    wait_for(&ring, block);
    if (block->result == 0) {
      return 0;
    }
    write_all(block->bytes, (size_t)block->result);
    read_ahead(&ring, blocks, fd, i + DEPTH);
  }
}
