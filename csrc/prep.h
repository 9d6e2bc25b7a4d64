/*
** prep.h - prep helpers that liburing 2.3 lacks, by liburing's names.
**
** Newer releases have them, each since another one.  Ours hide theirs
** (#define after the header), so that every build prepares the same SQE.
*/
#ifndef uring_prep_h
#define uring_prep_h

#include "compat.h"

#include <string.h>

#define io_uring_prep_bind               prep_bind_
#define io_uring_prep_listen             prep_listen_
#define io_uring_prep_pipe               prep_pipe_
#define io_uring_prep_pipe_direct        prep_pipe_direct_
#define io_uring_prep_ftruncate          prep_ftruncate_
#define io_uring_prep_fallocate          prep_fallocate_
#define io_uring_prep_fixed_fd_install   prep_fixed_fd_install_
#define io_uring_prep_fadvise64          prep_fadvise64_
#define io_uring_prep_madvise64          prep_madvise64_
#define io_uring_prep_waitid             prep_waitid_
#define io_uring_prep_futex_wait         prep_futex_wait_
#define io_uring_prep_futex_wake         prep_futex_wake_
#define io_uring_prep_futex_waitv        prep_futex_waitv_
#define io_uring_prep_epoll_wait         prep_epoll_wait_
#define io_uring_prep_read_multishot     prep_read_multishot_
#define io_uring_prep_readv_fixed        prep_readv_fixed_
#define io_uring_prep_writev_fixed       prep_writev_fixed_
#define io_uring_prep_sendto             prep_sendto_
#define io_uring_prep_send_bundle        prep_send_bundle_
#define io_uring_prep_sendmsg_zc_fixed   prep_sendmsg_zc_fixed_
#define io_uring_prep_msg_ring_cqe_flags prep_msg_ring_cqe_flags_
#define io_uring_prep_msg_ring_fd        prep_msg_ring_fd_
#define io_uring_prep_uring_cmd          prep_uring_cmd_
#define io_uring_prep_uring_cmd128       prep_uring_cmd128_
#define io_uring_prep_cmd_sock           prep_cmd_sock_
#define io_uring_prep_cmd_getsockname    prep_cmd_getsockname_
#define io_uring_prep_nop128             prep_nop128_

static inline void io_uring_prep_bind(struct io_uring_sqe *sqe, int fd,
                                      const struct sockaddr *address,
                                      socklen_t length) {
  io_uring_prep_rw(IORING_OP_BIND, sqe, fd, address, 0, length);
}

static inline void io_uring_prep_listen(struct io_uring_sqe *sqe, int fd,
                                        int backlog) {
  io_uring_prep_rw(IORING_OP_LISTEN, sqe, fd, NULL, (unsigned)backlog, 0);
}

static inline void io_uring_prep_pipe(struct io_uring_sqe *sqe, int *fds,
                                      int flags) {
  io_uring_prep_rw(IORING_OP_PIPE, sqe, 0, fds, 0, 0);
  sqe->rw_flags = flags;
}

static inline void io_uring_prep_pipe_direct(struct io_uring_sqe *sqe, int *fds,
                                             int flags, unsigned file_index) {
  io_uring_prep_pipe(sqe, fds, flags);
  sqe->file_index = file_index + 1;
}

static inline void io_uring_prep_ftruncate(struct io_uring_sqe *sqe, int fd,
                                           int64_t size) {
  io_uring_prep_rw(IORING_OP_FTRUNCATE, sqe, fd, NULL, 0, (uint64_t)size);
}

/* Its types differ between releases. */
static inline void io_uring_prep_fallocate(struct io_uring_sqe *sqe, int fd,
                                           int mode, int64_t offset,
                                           int64_t length) {
  io_uring_prep_rw(IORING_OP_FALLOCATE, sqe, fd, NULL, (unsigned)mode,
                   (uint64_t)offset);
  sqe->addr = (uint64_t)length;
}

static inline void io_uring_prep_fixed_fd_install(struct io_uring_sqe *sqe,
                                                  int slot, unsigned flags) {
  io_uring_prep_rw(IORING_OP_FIXED_FD_INSTALL, sqe, slot, NULL, 0, 0);
  sqe->flags = IOSQE_FIXED_FILE;
  sqe->rw_flags = (int)flags;
}

static inline void io_uring_prep_fadvise64(struct io_uring_sqe *sqe, int fd,
                                           uint64_t offset, int64_t length,
                                           int advice) {
  io_uring_prep_rw(IORING_OP_FADVISE, sqe, fd, NULL, 0, offset);
  sqe->addr = (uint64_t)length;
  if (length <= UINT32_MAX) /* all that kernels before 6.11 look at */
    sqe->len = (uint32_t)length, sqe->addr = 0;
  sqe->fadvise_advice = (uint32_t)advice;
}

static inline void io_uring_prep_madvise64(struct io_uring_sqe *sqe,
                                           void *address, uint32_t length,
                                           int advice) {
  io_uring_prep_rw(IORING_OP_MADVISE, sqe, -1, address, length, 0);
  sqe->fadvise_advice = (uint32_t)advice;
}

static inline void io_uring_prep_waitid(struct io_uring_sqe *sqe, int type,
                                        int id, void *info, int options,
                                        unsigned flags) {
  io_uring_prep_rw(IORING_OP_WAITID, sqe, id, NULL, (unsigned)type,
                   (uintptr_t)info);
  sqe->rw_flags = (int)flags;
  sqe->file_index = (uint32_t)options;
}

static inline void io_uring_prep_futex_wait(struct io_uring_sqe *sqe,
                                            const void *futex, uint64_t value,
                                            uint64_t mask, int futex_flags,
                                            unsigned flags) {
  io_uring_prep_rw(IORING_OP_FUTEX_WAIT, sqe, futex_flags, futex, 0, value);
  sqe->rw_flags = (int)flags;
  sqe->addr3 = mask;
}

static inline void io_uring_prep_futex_wake(struct io_uring_sqe *sqe,
                                            const void *futex, uint64_t count,
                                            uint64_t mask, int futex_flags,
                                            unsigned flags) {
  io_uring_prep_futex_wait(sqe, futex, count, mask, futex_flags, flags);
  sqe->opcode = IORING_OP_FUTEX_WAKE;
}

static inline void io_uring_prep_futex_waitv(struct io_uring_sqe *sqe,
                                             const void *futexes,
                                             uint32_t count, unsigned flags) {
  io_uring_prep_rw(IORING_OP_FUTEX_WAITV, sqe, 0, futexes, count, 0);
  sqe->rw_flags = (int)flags;
}

static inline void io_uring_prep_epoll_wait(struct io_uring_sqe *sqe, int fd,
                                            void *events, int count,
                                            unsigned flags) {
  io_uring_prep_rw(IORING_OP_EPOLL_WAIT, sqe, fd, events, (unsigned)count, 0);
  sqe->rw_flags = (int)flags;
}

static inline void io_uring_prep_read_multishot(struct io_uring_sqe *sqe,
                                                int fd, unsigned size,
                                                uint64_t offset,
                                                unsigned bgid) {
  io_uring_prep_rw(IORING_OP_READ_MULTISHOT, sqe, fd, NULL, size, offset);
  sqe->buf_group = (uint16_t)bgid;
  sqe->flags = IOSQE_BUFFER_SELECT;
}

static inline void io_uring_prep_readv_fixed(struct io_uring_sqe *sqe, int fd,
                                             const struct iovec *iovecs,
                                             unsigned count, uint64_t offset,
                                             int flags, int index) {
  io_uring_prep_rw(IORING_OP_READV_FIXED, sqe, fd, iovecs, count, offset);
  sqe->rw_flags = flags;
  sqe->buf_index = (uint16_t)index;
}

static inline void io_uring_prep_writev_fixed(struct io_uring_sqe *sqe, int fd,
                                              const struct iovec *iovecs,
                                              unsigned count, uint64_t offset,
                                              int flags, int index) {
  io_uring_prep_readv_fixed(sqe, fd, iovecs, count, offset, flags, index);
  sqe->opcode = IORING_OP_WRITEV_FIXED;
}

static inline void io_uring_prep_sendto(struct io_uring_sqe *sqe, int fd,
                                        const void *bytes, size_t size,
                                        int flags,
                                        const struct sockaddr *address,
                                        socklen_t length) {
  io_uring_prep_send(sqe, fd, bytes, size, flags);
  sqe->addr2 = (uintptr_t)address;
  sqe->addr_len = (uint16_t)length;
}

static inline void io_uring_prep_send_bundle(struct io_uring_sqe *sqe, int fd,
                                             size_t size, int flags) {
  io_uring_prep_send(sqe, fd, NULL, size, flags);
  sqe->ioprio = IORING_RECVSEND_BUNDLE;
}

static inline void io_uring_prep_sendmsg_zc_fixed(struct io_uring_sqe *sqe,
                                                  int fd,
                                                  const struct msghdr *message,
                                                  unsigned flags,
                                                  unsigned index) {
  io_uring_prep_sendmsg_zc(sqe, fd, message, flags);
  sqe->ioprio |= IORING_RECVSEND_FIXED_BUF;
  sqe->buf_index = (uint16_t)index;
}

static inline void io_uring_prep_msg_ring_cqe_flags(struct io_uring_sqe *sqe,
                                                    int fd, unsigned length,
                                                    uint64_t data,
                                                    unsigned flags,
                                                    unsigned cqe_flags) {
  io_uring_prep_rw(IORING_OP_MSG_RING, sqe, fd, NULL, length, data);
  sqe->rw_flags = (int)(flags | IORING_MSG_RING_FLAGS_PASS);
  sqe->file_index = cqe_flags;
}

static inline void io_uring_prep_msg_ring_fd(struct io_uring_sqe *sqe, int fd,
                                             int source, int target,
                                             uint64_t data, unsigned flags) {
  io_uring_prep_rw(IORING_OP_MSG_RING, sqe, fd, NULL, 0, data);
  sqe->addr = 1; /* IORING_MSG_SEND_FD */
  sqe->addr3 = (uint64_t)(unsigned)source;
  sqe->file_index = (uint32_t)target + 1;
  sqe->rw_flags = (int)flags;
}

static inline void io_uring_prep_uring_cmd(struct io_uring_sqe *sqe,
                                           unsigned command, int fd) {
  io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, command);
}

static inline void io_uring_prep_uring_cmd128(struct io_uring_sqe *sqe,
                                              unsigned command, int fd) {
  io_uring_prep_rw(IORING_OP_URING_CMD128, sqe, fd, NULL, 0, command);
}

/* addr is level and optname, addr3 is optval, file_index is optlen. */
static inline void io_uring_prep_cmd_sock(struct io_uring_sqe *sqe,
                                          unsigned command, int fd,
                                          unsigned level, unsigned name,
                                          void *value, unsigned length) {
  uint32_t words[2] = { level, name };
  io_uring_prep_uring_cmd(sqe, command, fd);
  memcpy(&sqe->addr, words, sizeof sqe->addr);
  sqe->addr3 = (uintptr_t)value;
  sqe->file_index = length;
}

static inline void io_uring_prep_cmd_getsockname(struct io_uring_sqe *sqe,
                                                 int fd, void *address,
                                                 socklen_t *length, int peer) {
  io_uring_prep_uring_cmd(sqe, SOCKET_URING_OP_GETSOCKNAME, fd);
  sqe->addr = (uintptr_t)address;
  sqe->addr3 = (uintptr_t)length;
  sqe->file_index = (uint32_t)peer;
}

static inline void io_uring_prep_nop128(struct io_uring_sqe *sqe) {
  io_uring_prep_rw(IORING_OP_NOP128, sqe, -1, NULL, 0, 0);
}

#endif
