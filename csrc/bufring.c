/*
** bufring.c - buffers that the kernel picks from, a group of a ring (bgid).
*/
#include "bufring.h"
#include "pieces.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CALM 1000 /* batches of CQEs */

static void destroy(BufRing *ring) {
  if (ring->entries != NULL)
    munmap(ring->entries, ring->entries_size);
  if (ring->mem != NULL)
    mem_drop(ring->mem);
  for (uint32_t bid = 0; ring->lent != NULL && bid < ring->shape.count; bid++)
    pieces_free(&ring->lent[bid].pieces);
  free(ring->lent);
  free(ring->order);
  free(ring);
}

static bool map_entries(BufRing *ring, int fd, off_t offset) {
  int flags = fd < 0 ? MAP_ANONYMOUS | MAP_PRIVATE : MAP_SHARED;
  void *map =
      mmap(NULL, ring->entries_size, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (map == MAP_FAILED)
    return false;
  ring->entries = map;
  return madvise(map, ring->entries_size, MADV_DONTFORK) == 0;
}

static BufRing *allocate(const BufRingShape *shape) {
  BufRing *ring = calloc(1, sizeof *ring);
  if (ring == NULL)
    return NULL;
  ring->holders = 1;
  ring->shape = *shape;
  ring->entries_size = shape->count * sizeof(struct io_uring_buf);
  ring->lent = calloc(shape->count, sizeof ring->lent[0]);
  ring->mem = mem_map((size_t)shape->count * shape->size);
  if (shape->source)
    ring->order = calloc(shape->count, sizeof ring->order[0]);
  if (ring->lent == NULL || ring->mem == NULL ||
      (shape->source && ring->order == NULL) ||
      (!shape->mapped && !map_entries(ring, -1, 0))) {
    destroy(ring);
    return NULL;
  }
  for (uint32_t bid = 0; bid < shape->count; bid++)
    ring->lent[bid].picked = true;
  return ring;
}

/* Puts a buffer behind those that the kernel already has. */
static void provide(BufRing *ring, uint32_t bid, uint32_t length) {
  Lent *lent = &ring->lent[bid];
  lent->length = length;
  lent->lent = 0;
  lent->picked = false;
  lent->after = (uint16_t)bid;
  lent->position = ring->provided++;
  ring->lent[ring->last].after = (uint16_t)bid;
  ring->last = (uint16_t)bid;
  if (ring->order != NULL)
    ring->order[lent->position & (ring->shape.count - 1)] = (uint16_t)bid;
  io_uring_buf_ring_add(ring->entries, bufring_bytes(ring, bid), length,
                        (unsigned short)bid, (int)ring->shape.count - 1, 0);
  io_uring_buf_ring_advance(ring->entries, 1);
  ring->available++;
}

/* Closed rings take nothing back, and a child has no entries to write to. */
static bool is_ours(const BufRing *ring) {
  return ring->uring != NULL && *ring->alive;
}

static bool is_free(const Lent *lent) {
  return lent->picked && lent->parts == 0 && lent->views == 0;
}

/* Pages may be larger than a buffer: one would take its neighbours along. */
static bool is_of_pages(const BufRingShape *shape) {
  return shape->size % (uint32_t)sysconf(_SC_PAGESIZE) == 0;
}

void bufring_settle(BufRing *ring, uint32_t bid) {
  const BufRingShape *shape = &ring->shape;
  if (shape->source || !is_free(&ring->lent[bid]) || !is_ours(ring))
    return;
  if (bid < ring->extent)
    provide(ring, bid, shape->size);
  else if (is_of_pages(shape)) /* nobody needs it now, nor its pages */
    madvise(bufring_bytes(ring, bid), shape->size, MADV_DONTNEED);
}

static int enroll(BufRing *ring, struct io_uring *uring) {
  const BufRingShape *shape = &ring->shape;
  UapiBufReg reg = { .ring_entries = shape->count, .bgid = shape->bgid };
  if (shape->incremental)
    reg.flags |= IOU_PBUF_RING_INC;
  if (shape->mapped)
    reg.flags |= IOU_PBUF_RING_MMAP;
  else
    reg.ring_addr = (uintptr_t)ring->entries;
  int code = kernel_register(uring, IORING_REGISTER_PBUF_RING, &reg, 1);
  if (code < 0)
    return code;
  ring->uring = uring;
  if (!shape->mapped)
    return 0;
  off_t offset = 0x80000000 | (off_t)shape->bgid << 16; /* IORING_OFF_PBUF_ */
  if (uring->ring_fd >= 0 && map_entries(ring, uring->ring_fd, offset))
    return 0;
  code = uring->ring_fd < 0 ? -EBADF : -errno;
  bufring_close(ring);
  return code;
}

void bufring_extend(BufRing *ring) {
  const BufRingShape *shape = &ring->shape;
  if (shape->source || !is_ours(ring))
    return;
  const struct io_uring_cq *cq = &ring->uring->cq;
  if ((int32_t)(*cq->khead - ring->told) < 0) /* it says what was then */
    return;
  uint32_t more = shape->first;
  for (; more > 0 && ring->extent < shape->count; more--, ring->extent++)
    if (is_free(&ring->lent[ring->extent]))
      provide(ring, ring->extent, shape->size);
  ring->told = io_uring_smp_load_acquire(cq->ktail);
  ring->batches = ring->peak = 0;
}

/* Where so many batches of CQEs have needed far fewer, there are fewer. */
static void withdraw(BufRing *ring) {
  uint32_t enough = ring->peak + ring->peak / 4 + ring->shape.first;
  if (enough < ring->extent)
    ring->extent = enough;
  ring->batches = ring->peak = 0;
}

void bufring_watch(BufRing *ring) {
  if (!is_ours(ring))
    return;
  const struct io_uring_cq *cq = &ring->uring->cq;
  if ((int32_t)(*cq->khead - ring->batch) > 0) {
    ring->batch = io_uring_smp_load_acquire(cq->ktail);
    ring->used = 0;
    if (++ring->batches > CALM)
      withdraw(ring);
  }
  ring->used++;
  uint32_t out =
      ring->extent > ring->available ? ring->extent - ring->available : 0;
  if (ring->used + out > ring->peak)
    ring->peak = ring->used + out;
}

int bufring_new(struct io_uring *uring, const BufRingShape *shape,
                volatile uint32_t *alive, BufRing **made) {
  BufRing *ring = allocate(shape);
  if (ring == NULL)
    return -ENOMEM;
  ring->alive = alive;
  int code = enroll(ring, uring);
  if (code < 0) {
    destroy(ring);
    return code;
  }
  io_uring_buf_ring_init(ring->entries);
  ring->told = ring->batch = *uring->cq.khead;
  bufring_extend(ring);
  *made = ring;
  return 0;
}

void bufring_close(BufRing *ring) {
  if (ring->uring == NULL)
    return;
  UapiBufReg reg = { .bgid = ring->shape.bgid };
  kernel_register(ring->uring, IORING_UNREGISTER_PBUF_RING, &reg, 1);
  ring->uring = NULL;
}

void bufring_drop(BufRing *ring) {
  assert(ring->holders > 0);
  if (--ring->holders == 0)
    destroy(ring);
}

void bufring_take_whole(BufRing *ring, uint32_t bid) {
  if (!bufring_can_pick(ring, bid))
    return;
  bufring_pick(ring, bid);
  bufring_settle(ring, bid);
}

/* The last who needed the bytes of a view has let go. */
static void release(Mem *mem) {
  BufRing *ring = mem->owner;
  ring->lent[mem->tag].views--;
  bufring_settle(ring, mem->tag);
  bufring_drop(ring);
}

Mem *bufring_view(BufRing *ring, uint32_t bid, const char *bytes,
                  uint32_t size) {
  Mem *mem = mem_lease((char *)bytes, size, release);
  if (mem == NULL)
    return NULL;
  mem->owner = bufring_hold(ring);
  mem->tag = bid;
  ring->lent[bid].views++;
  return mem;
}

/* One that is neither the kernel's nor lent, or -1. */
static int find_free(const BufRing *ring) {
  for (uint32_t i = 1; i <= ring->shape.count; i++) {
    uint32_t bid = (ring->last + i) % ring->shape.count;
    if (is_free(&ring->lent[bid]))
      return (int)bid;
  }
  return -1;
}

int bufring_add(BufRing *ring, const char *bytes, uint32_t size) {
  int bid = find_free(ring);
  if (bid < 0)
    return -ENOBUFS;
  memcpy(bufring_bytes(ring, (uint32_t)bid), bytes, size);
  provide(ring, (uint32_t)bid, size);
  return bid;
}

void bufring_settle_source(BufRing *ring) {
  int head = is_ours(ring) ? bufring_head(ring) : -EBADF;
  if (head < 0)
    return;
  uint16_t count = (uint16_t)(head - ring->settled);
  for (uint16_t i = 0; i < count; i++) {
    uint16_t position = (uint16_t)(ring->settled + i);
    uint16_t bid = ring->order[position & (ring->shape.count - 1)];
    Lent *lent = &ring->lent[bid];
    if (lent->position != position || lent->picked)
      continue;
    lent->picked = true;
    ring->available--;
  }
  ring->settled = (uint16_t)head;
}

int bufring_head(const BufRing *ring) {
  UapiBufStatus status = { .buf_group = ring->shape.bgid };
  int code =
      kernel_register(ring->uring, IORING_REGISTER_PBUF_STATUS, &status, 1);
  return code < 0 ? code : (int)(status.head & 0xffff);
}
