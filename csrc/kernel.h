/*
** kernel.h - the three system calls of io_uring: a result, or -errno.
**
** struct io_uring is liburing's, but only this project's code enters the
** kernel for it (enter.c, mapping.c): liburing 2.3 knows neither a ring
** without a descriptor nor memory of our own, and later releases ask for
** flags that nobody wanted.  Its int_flags are flags of io_uring_enter.
*/
#ifndef uring_kernel_h
#define uring_kernel_h

#include "compat.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int kernel_result(long result) {
  return result < 0 ? -errno : (int)result;
}

/* io_uring_setup(2) */
static inline int kernel_setup(unsigned entries,
                               struct io_uring_params *params) {
  return kernel_result(syscall(__NR_io_uring_setup, entries, params));
}

/* io_uring_enter(2) */
static inline int kernel_enter(const struct io_uring *uring, unsigned submit,
                               unsigned wait, unsigned flags, const void *arg,
                               size_t size) {
  return kernel_result(syscall(__NR_io_uring_enter, uring->enter_ring_fd,
                               submit, wait, flags | uring->int_flags, arg,
                               size));
}

/* io_uring_register(2); a ring without a descriptor is named by its index. */
static inline int kernel_register(const struct io_uring *uring, unsigned opcode,
                                  const void *arg, unsigned count) {
  int fd = uring->ring_fd;
  if (fd < 0) {
    fd = uring->enter_ring_fd;
    opcode |= IORING_REGISTER_USE_REGISTERED_RING;
  }
  return kernel_result(syscall(__NR_io_uring_register, fd, opcode, arg, count));
}

/* The same where no ring is needed. */
static inline int kernel_register_blind(unsigned opcode, const void *arg,
                                        unsigned count) {
  return kernel_result(syscall(__NR_io_uring_register, -1, opcode, arg, count));
}

#endif
