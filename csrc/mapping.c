/*
** mapping.c - setting a ring up: what the process and the kernel share.
*/
#include "mapping.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

/* The kernel's header before the CQEs, with room for a larger one. */
#define HEADER_SIZE    512
#define SQ_ENTRIES_MAX 32768

static size_t sqes_size(const struct io_uring_params *params) {
  size_t each = sizeof(struct io_uring_sqe);
  if (params->flags & IORING_SETUP_SQE128)
    each *= 2;
  return each * params->sq_entries;
}

static size_t cqes_size(const struct io_uring_params *params) {
  size_t each = sizeof(struct io_uring_cqe);
  if (params->flags & IORING_SETUP_CQE32)
    each *= 2;
  return each * params->cq_entries;
}

static size_t array_size(const struct io_uring_params *params) {
  if (params->flags & IORING_SETUP_NO_SQARRAY)
    return 0;
  return params->sq_entries * sizeof(unsigned);
}

static void *map(size_t size, int flags, int fd, uint64_t offset) {
  void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     flags | MAP_SHARED | MAP_POPULATE, fd, (off_t)offset);
  return start == MAP_FAILED ? NULL : start;
}

static void *map_own(size_t size) {
  return map(size, MAP_ANONYMOUS, -1, 0);
}

static void unmap(struct io_uring *uring) {
  struct io_uring_params shape = { .flags = uring->flags,
                                   .sq_entries = uring->sq.ring_entries };
  if (uring->sq.sqes != NULL)
    munmap(uring->sq.sqes, sqes_size(&shape));
  if (uring->cq.ring_ptr != NULL && uring->cq.ring_ptr != uring->sq.ring_ptr)
    munmap(uring->cq.ring_ptr, uring->cq.ring_sz);
  if (uring->sq.ring_ptr != NULL)
    munmap(uring->sq.ring_ptr, uring->sq.ring_sz);
}

/* Finds everything in the mappings. */
static void locate(struct io_uring *uring,
                   const struct io_uring_params *params) {
  struct io_uring_sq *sq = &uring->sq;
  struct io_uring_cq *cq = &uring->cq;
  char *sq_start = sq->ring_ptr, *cq_start = cq->ring_ptr;
  sq->khead = (void *)(sq_start + params->sq_off.head);
  sq->ktail = (void *)(sq_start + params->sq_off.tail);
  sq->kring_mask = (void *)(sq_start + params->sq_off.ring_mask);
  sq->kring_entries = (void *)(sq_start + params->sq_off.ring_entries);
  sq->kflags = (void *)(sq_start + params->sq_off.flags);
  sq->kdropped = (void *)(sq_start + params->sq_off.dropped);
  sq->ring_mask = params->sq_entries - 1;
  sq->ring_entries = params->sq_entries;
  cq->khead = (void *)(cq_start + params->cq_off.head);
  cq->ktail = (void *)(cq_start + params->cq_off.tail);
  cq->kring_mask = (void *)(cq_start + params->cq_off.ring_mask);
  cq->kring_entries = (void *)(cq_start + params->cq_off.ring_entries);
  cq->koverflow = (void *)(cq_start + params->cq_off.overflow);
  cq->cqes = (void *)(cq_start + params->cq_off.cqes);
  if (params->cq_off.flags != 0)
    cq->kflags = (void *)(cq_start + params->cq_off.flags);
  cq->ring_mask = params->cq_entries - 1;
  cq->ring_entries = params->cq_entries;
  uring->flags = params->flags;
  uring->features = params->features;
  if (params->flags & IORING_SETUP_NO_SQARRAY)
    return;
  sq->array = (void *)(sq_start + params->sq_off.array);
  for (unsigned i = 0; i < params->sq_entries; i++)
    sq->array[i] = i; /* an entry of the SQ is the SQE of its number */
}

/* Maps what the kernel has made. */
static int map_kernels(struct io_uring *uring,
                       const struct io_uring_params *params, int fd) {
  struct io_uring_sq *sq = &uring->sq;
  struct io_uring_cq *cq = &uring->cq;
  uring->flags = params->flags;
  sq->ring_entries = params->sq_entries;
  sq->ring_sz = params->sq_off.array + array_size(params);
  cq->ring_sz = params->cq_off.cqes + cqes_size(params);
  if (cq->ring_sz > sq->ring_sz)
    sq->ring_sz = cq->ring_sz;
  sq->ring_ptr = map(sq->ring_sz, 0, fd, IORING_OFF_SQ_RING);
  cq->ring_ptr = sq->ring_ptr;
  if (!(params->features & IORING_FEAT_SINGLE_MMAP))
    cq->ring_ptr = map(cq->ring_sz, 0, fd, IORING_OFF_CQ_RING);
  sq->sqes = map(sqes_size(params), 0, fd, IORING_OFF_SQES);
  if (sq->ring_ptr == NULL || cq->ring_ptr == NULL || sq->sqes == NULL) {
    unmap(uring);
    return -ENOMEM;
  }
  return 0;
}

static unsigned least(unsigned a, unsigned b) {
  return a < b ? a : b;
}

static unsigned power_of_two(unsigned least) {
  unsigned power = 1;
  while (power < least)
    power *= 2;
  return power;
}

/* The last field of the offsets, which older headers call reserved. */
static void set_user_addr(void *offsets, size_t size, const void *address) {
  uint64_t value = (uintptr_t)address;
  memcpy((char *)offsets + size - sizeof value, &value, sizeof value);
}

/* Maps what the kernel shall use (NO_MMAP), before it says how large. */
static int map_ours(struct io_uring *uring, unsigned entries,
                    struct io_uring_params *params) {
  struct io_uring_sq *sq = &uring->sq;
  struct io_uring_params shape = *params;
  if (params->flags & IORING_SETUP_CLAMP) {
    entries = least(entries, SQ_ENTRIES_MAX);
    shape.cq_entries = least(shape.cq_entries, 2 * SQ_ENTRIES_MAX);
  }
  if (entries > SQ_ENTRIES_MAX || shape.cq_entries > 2 * SQ_ENTRIES_MAX)
    return -EINVAL;
  shape.sq_entries = power_of_two(entries);
  shape.cq_entries = params->flags & IORING_SETUP_CQSIZE
                         ? power_of_two(shape.cq_entries)
                         : 2 * shape.sq_entries;
  uring->flags = params->flags;
  sq->ring_entries = shape.sq_entries;
  sq->ring_sz = HEADER_SIZE + cqes_size(&shape) + array_size(&shape);
  sq->ring_ptr = map_own(sq->ring_sz);
  uring->cq.ring_ptr = sq->ring_ptr;
  sq->sqes = map_own(sqes_size(&shape));
  if (sq->ring_ptr == NULL || sq->sqes == NULL) {
    unmap(uring);
    return -ENOMEM;
  }
  set_user_addr(&params->sq_off, sizeof params->sq_off, sq->sqes);
  set_user_addr(&params->cq_off, sizeof params->cq_off, sq->ring_ptr);
  return 0;
}

static void keep_from_children(struct io_uring *uring) {
  struct io_uring_params shape = { .flags = uring->flags,
                                   .sq_entries = uring->sq.ring_entries };
  madvise(uring->sq.sqes, sqes_size(&shape), MADV_DONTFORK);
  madvise(uring->sq.ring_ptr, uring->sq.ring_sz, MADV_DONTFORK);
  if (uring->cq.ring_ptr != uring->sq.ring_ptr)
    madvise(uring->cq.ring_ptr, uring->cq.ring_sz, MADV_DONTFORK);
}

int mapping_open(struct io_uring *uring, unsigned entries,
                 struct io_uring_params *params) {
  bool ours = params->flags & IORING_SETUP_NO_MMAP;
  memset(uring, 0, sizeof *uring);
  int code = ours ? map_ours(uring, entries, params) : 0;
  if (code < 0)
    return code;
  int fd = kernel_setup(entries, params);
  if (fd < 0) {
    unmap(uring);
    return fd;
  }
  code = ours ? 0 : map_kernels(uring, params, fd);
  if (code < 0) {
    close(fd);
    return code;
  }
  locate(uring, params);
  keep_from_children(uring);
  uring->ring_fd = uring->enter_ring_fd = fd;
  if (params->flags & IORING_SETUP_REGISTERED_FD_ONLY) {
    uring->ring_fd = -1;
    uring->int_flags = IORING_ENTER_REGISTERED_RING;
  }
  return 0;
}

int mapping_resize(struct io_uring *uring, struct io_uring_params *params) {
  if (uring->flags & IORING_SETUP_NO_MMAP)
    return -EINVAL;
  if (uring->ring_fd < 0) /* nothing to map the new ones from */
    return -EBADF;
  int code = kernel_register(uring, IORING_REGISTER_RESIZE_RINGS, params, 1);
  if (code < 0)
    return code;
  struct io_uring old = *uring;
  params->flags = uring->flags;
  params->features = uring->features;
  code = map_kernels(uring, params, uring->ring_fd);
  if (code < 0) {
    *uring = old;
    return code;
  }
  locate(uring, params);
  keep_from_children(uring);
  unmap(&old);
  return 0;
}

void mapping_close(struct io_uring *uring) {
  unmap(uring);
  if (uring->int_flags & IORING_ENTER_REGISTERED_RING)
    mapping_unregister_fd(uring);
  if (uring->ring_fd >= 0)
    close(uring->ring_fd);
}

int mapping_register_fd(struct io_uring *uring) {
  struct io_uring_rsrc_update update = { .offset = UINT32_MAX,
                                         .data = (unsigned)uring->ring_fd };
  if (uring->int_flags & IORING_ENTER_REGISTERED_RING)
    return -EEXIST;
  int code = kernel_register(uring, IORING_REGISTER_RING_FDS, &update, 1);
  if (code < 0)
    return code;
  uring->enter_ring_fd = (int)update.offset;
  uring->int_flags |= IORING_ENTER_REGISTERED_RING;
  return 0;
}

int mapping_unregister_fd(struct io_uring *uring) {
  struct io_uring_rsrc_update update = { .offset =
                                             (uint32_t)uring->enter_ring_fd };
  if (!(uring->int_flags & IORING_ENTER_REGISTERED_RING))
    return -EINVAL;
  int code = kernel_register(uring, IORING_UNREGISTER_RING_FDS, &update, 1);
  if (code < 0)
    return code;
  uring->enter_ring_fd = uring->ring_fd;
  uring->int_flags &= (uint8_t)~IORING_ENTER_REGISTERED_RING;
  return 0;
}

int mapping_close_fd(struct io_uring *uring) {
  if (!(uring->int_flags & IORING_ENTER_REGISTERED_RING) ||
      !(uring->features & IORING_FEAT_REG_REG_RING))
    return -EINVAL;
  close(uring->ring_fd);
  uring->ring_fd = -1;
  return 0;
}
