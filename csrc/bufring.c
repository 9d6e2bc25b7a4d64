/*
** bufring.c - buffers that the kernel picks from, a group of a ring (bgid).
*/
#include "bufring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void destroy(BufRing *ring) {
  if (ring->entries != NULL)
    munmap(ring->entries, ring->entries_size);
  if (ring->mem != NULL)
    mem_drop(ring->mem);
  free(ring->lent);
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
  ring->mem = mem_new((size_t)shape->count * shape->size, 64);
  if (ring->lent == NULL || ring->mem == NULL ||
      (!shape->mapped && !map_entries(ring, -1, 0))) {
    destroy(ring);
    return NULL;
  }
  for (uint32_t bid = 0; bid < shape->count; bid++)
    ring->lent[bid].picked = true;
  return ring;
}

static char *bytes_of(const BufRing *ring, uint32_t bid) {
  return ring->mem->bytes + (size_t)bid * ring->shape.size;
}

/* Puts a buffer behind those that the kernel already has. */
static void provide(BufRing *ring, uint32_t bid, uint32_t length) {
  ring->lent[bid] = (Lent){ .length = length, .after = (uint16_t)bid };
  ring->lent[ring->last].after = (uint16_t)bid;
  ring->last = (uint16_t)bid;
  io_uring_buf_ring_add(ring->entries, bytes_of(ring, bid), length,
                        (unsigned short)bid, (int)ring->shape.count - 1, 0);
  io_uring_buf_ring_advance(ring->entries, 1);
  ring->available++;
}

/* Closed rings take nothing back, and a child has no entries to write to. */
static bool is_ours(const BufRing *ring) {
  return ring->uring != NULL && *ring->alive;
}

/* Gives a buffer back where nothing of it is needed. */
static void settle(BufRing *ring, uint32_t bid) {
  const Lent *lent = &ring->lent[bid];
  if (!lent->picked || lent->out || lent->views > 0 || ring->shape.source)
    return;
  if (is_ours(ring))
    provide(ring, bid, ring->shape.size);
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
  for (uint32_t bid = 0; bid < shape->count && !shape->source; bid++)
    provide(ring, bid, shape->size);
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

BufRing *bufring_hold(BufRing *ring) {
  ring->holders++;
  return ring;
}

void bufring_drop(BufRing *ring) {
  assert(ring->holders > 0);
  if (--ring->holders == 0)
    destroy(ring);
}

static uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

void bufring_lend(BufRing *ring, unsigned cqe_flags, uint32_t size) {
  uint32_t bid = cqe_flags >> IORING_CQE_BUFFER_SHIFT;
  bool more;
  do {
    assert(bid < ring->shape.count && !ring->lent[bid].picked);
    Lent *lent = &ring->lent[bid];
    uint32_t part = least(size, lent->length - lent->lent);
    size -= part;
    lent->lent += part;
    lent->out = true;
    more = size == 0 && (cqe_flags & IORING_CQE_F_BUF_MORE);
    if (!more) {
      lent->picked = true;
      ring->available--;
    }
    bid = lent->after;
  } while (size > 0);
}

uint32_t bufring_piece(const BufRing *ring, uint32_t *bid, uint32_t size,
                       bool ahead, const char **bytes) {
  const Lent *lent = &ring->lent[*bid];
  uint32_t first = ahead ? lent->lent : lent->taken;
  uint32_t end = ahead ? lent->length : lent->lent;
  *bytes = bytes_of(ring, *bid) + first;
  *bid = lent->after;
  return least(size, end - first);
}

bool bufring_can_take(const BufRing *ring, uint32_t bid, uint32_t size) {
  uint32_t first = bid;
  do {
    const Lent *lent = &ring->lent[bid];
    if (!lent->out)
      return false;
    size -= least(size, lent->lent - lent->taken);
    bid = lent->after;
  } while (size > 0 && bid != first);
  return size == 0;
}

void bufring_take(BufRing *ring, uint32_t bid, uint32_t size) {
  do {
    Lent *lent = &ring->lent[bid];
    uint32_t part = least(size, lent->lent - lent->taken);
    uint32_t next = lent->after;
    size -= part;
    lent->taken += part;
    lent->out = lent->taken < lent->lent;
    settle(ring, bid);
    bid = next;
  } while (size > 0);
}

void bufring_recycle(BufRing *ring, uint32_t bid) {
  bufring_take(ring, bid, ring->lent[bid].lent - ring->lent[bid].taken);
}

/* The last who needed the bytes of a view has let go. */
static void release(Mem *mem) {
  BufRing *ring = mem->owner;
  ring->lent[mem->tag].views--;
  settle(ring, mem->tag);
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
    const Lent *lent = &ring->lent[bid];
    if (lent->picked && !lent->out && lent->views == 0)
      return (int)bid;
  }
  return -1;
}

int bufring_add(BufRing *ring, const char *bytes, uint32_t size) {
  int bid = find_free(ring);
  if (bid < 0)
    return -ENOBUFS;
  memcpy(bytes_of(ring, (uint32_t)bid), bytes, size);
  provide(ring, (uint32_t)bid, size);
  return bid;
}

int bufring_head(const BufRing *ring) {
  UapiBufStatus status = { .buf_group = ring->shape.bgid };
  int code =
      kernel_register(ring->uring, IORING_REGISTER_PBUF_STATUS, &status, 1);
  return code < 0 ? code : (int)(status.head & 0xffff);
}
