/*
** compat.h - what an older liburing or libc lacks: helpers and numbers.
** The only file that asks for a version.  Includes nothing of ours.
*/
#ifndef uring_compat_h
#define uring_compat_h

#include <liburing.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Features by number: the bits that a kernel newer than the header sets. */
#ifndef IORING_FEAT_REG_REG_RING
#define IORING_FEAT_REG_REG_RING (1U << 13)
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)
#endif
#ifndef IORING_FEAT_MIN_TIMEOUT
#define IORING_FEAT_MIN_TIMEOUT (1U << 15)
#endif
#ifndef IORING_FEAT_RW_ATTR
#define IORING_FEAT_RW_ATTR (1U << 16)
#endif
#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17)
#endif

/* liburing 2.3 has no version macros; 2.4 brought them. */
#ifdef IO_URING_VERSION_MAJOR
#define LIBURING_OLDER_THAN(major, minor) IO_URING_CHECK_VERSION(major, minor)
#else
#define LIBURING_OLDER_THAN(major, minor) 1
#endif

#if LIBURING_OLDER_THAN(2, 7)

#define IORING_OP_BIND   56
#define IORING_OP_LISTEN 57

static inline void io_uring_prep_bind(struct io_uring_sqe *sqe, int fd,
                                      const struct sockaddr *address,
                                      socklen_t length) {
  io_uring_prep_rw(IORING_OP_BIND, sqe, fd, address, 0, length);
}

static inline void io_uring_prep_listen(struct io_uring_sqe *sqe, int fd,
                                        int backlog) {
  io_uring_prep_rw(IORING_OP_LISTEN, sqe, fd, NULL, (unsigned)backlog, 0);
}

#endif

#endif
