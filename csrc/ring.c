/*
** ring.c - an io_uring instance and its ops in flight.
**
** RATIONALE: a forked child inherits the descriptor, but the mappings are
** kept from it (MADV_DONTFORK), since two writers would corrupt the SQ.
** How does the child know?  getpid is a system call and a fork hook needs
** a global.  So each ring has a page that the kernel wipes in a child
** (MADV_WIPEONFORK): one load says whose the ring is.
*/
#include "ring.h"
#include "mapping.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool map_alive(Ring *ring) {
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  void *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (page == MAP_FAILED)
    return false;
  if (madvise(page, size, MADV_WIPEONFORK) != 0) {
    munmap(page, size);
    return false;
  }
  ring->alive = page;
  *ring->alive = 1;
  return true;
}

static void unmap_alive(Ring *ring) {
  munmap((void *)ring->alive, (size_t)sysconf(_SC_PAGESIZE));
  ring->alive = NULL;
}

int ring_setup(Ring *ring, unsigned entries, struct io_uring_params *params) {
  *ring = (Ring){ .open = false };
  ring->parked_end = &ring->parked;
  slot_table_init(&ring->slots);
  if (!map_alive(ring))
    return -ENOMEM;
  int code = mapping_open(&ring->uring, entries, params);
  if (code < 0) {
    unmap_alive(ring);
    return code;
  }
  ring->params = *params;
  ring->open = true;
  return 0;
}

int ring_probe(Ring *ring, bool supported[RING_OPCODES]) {
  union { /* on the stack: only the kernel can fail */
    struct io_uring_probe probe;
    char space[sizeof(struct io_uring_probe) +
               RING_OPCODES * sizeof(struct io_uring_probe_op)];
  } u;
  memset(&u, 0, sizeof u);
  int code = kernel_register(&ring->uring, IORING_REGISTER_PROBE, &u.probe,
                             RING_OPCODES);
  for (int op = 0; code >= 0 && op < RING_OPCODES; op++)
    supported[op] = io_uring_opcode_supported(&u.probe, op) != 0;
  return code;
}

/* The kernel has forgotten the numbers of the buffer rings. */
static void close_bufrings(Ring *ring) {
  for (BufRing *at = ring->bufrings; at != NULL; at = at->next)
    at->uring = NULL;
}

static void drop_bufrings(Ring *ring, bool mine) {
  while (ring->bufrings != NULL) {
    BufRing *bufring = ring->bufrings;
    ring->bufrings = bufring->next;
    if (!mine) /* the child never had this mapping */
      bufring->entries = NULL;
    bufring_drop(bufring);
  }
}

void ring_close(Ring *ring) {
  if (!ring->open)
    return;
  ring->open = false;
  bool mine = *ring->alive;
  bool drained = true;
  if (mine) {
    drained = ring_drain(ring);
    mapping_close(&ring->uring);
  } else { /* the kernel writes to the parent's memory, not to ours */
    if (ring->uring.ring_fd >= 0)
      close(ring->uring.ring_fd);
    ring_forget(ring);
  }
  close_bufrings(ring);
  unmap_alive(ring);
  if (!drained) /* the kernel may still write: what it sees stays for good */
    return;
  drop_bufrings(ring, mine);
  pins_free(&ring->pins);
  if (ring->region != NULL)
    mem_drop(ring->region);
  ring->region = NULL;
  slot_table_free(&ring->slots);
}

struct io_uring_sqe *ring_sqe(Ring *ring) {
  struct io_uring_sqe *sqe = enter_sqe(&ring->uring);
  if (sqe == NULL && ring_submit(ring) >= 0)
    sqe = enter_sqe(&ring->uring);
  return sqe;
}

bool ring_make_room(Ring *ring, unsigned count) {
  struct io_uring *uring = &ring->uring;
  if (count > uring->sq.ring_entries)
    return false;
  while (io_uring_sq_space_left(uring) < count) {
    bool thread = uring->flags & IORING_SETUP_SQPOLL;
    int taken = ring_submit(ring);
    if (taken < 0 || (taken == 0 && !thread))
      return false;
    if (thread && enter_wait_for_room(uring) < 0)
      return false;
  }
  return true;
}

int ring_submit(Ring *ring) {
  ring->epoch++;
  return enter_submit(&ring->uring);
}

int ring_submit_and_wait(Ring *ring, unsigned count, const EnterWait *wait) {
  ring->epoch++;
  return enter_submit_and_wait(&ring->uring, count, wait);
}

void ring_unpark(Ring *ring) {
  while (ring->parked != NULL) {
    struct io_uring_sqe *sqe = enter_sqe(&ring->uring);
    if (sqe == NULL)
      return;
    ParkedSqe *first = ring->parked;
    *sqe = first->sqe;
    ring->parked = first->next;
    if (ring->parked == NULL)
      ring->parked_end = &ring->parked;
    free(first);
  }
}

bool ring_park(Ring *ring, const struct io_uring_sqe *sqe) {
  ParkedSqe *last = malloc(sizeof *last);
  if (last == NULL)
    return false;
  last->sqe = *sqe;
  last->next = NULL;
  *ring->parked_end = last;
  ring->parked_end = &last->next;
  return true;
}

static bool brings_pair(const Slot *slot) {
  return slot->op->result == RESULT_PIPE || slot->op->result == RESULT_SLOTS;
}

static bool lend_bytes(const Slot *slot, const struct io_uring_cqe *cqe) {
  uint32_t size = cqe->res > 0 ? (uint32_t)cqe->res : 0;
  return (cqe->flags & IORING_CQE_F_BUFFER) &&
         bufring_lend(slot->bufring, cqe->flags, size, slot->bundles);
}

static bool is_used_elsewhere(const Ring *ring, const Slot *slot) {
  const Slot *other;
  for (uint32_t i = 0; (other = slot_next_live(&ring->slots, &i)) != NULL;)
    if (other != slot && other->bufring == slot->bufring)
      return true;
  return false;
}

bool ring_lend(const Ring *ring, const Slot *slot,
               const struct io_uring_cqe *cqe) {
  const OpMemory *memory = &slot->memory;
  if (brings_pair(slot) && cqe->res >= 0)
    memcpy(memory->pipe.buffer, memory->pipe.pair, sizeof memory->pipe.pair);
  if (slot->bufring == NULL)
    return false;
  bool lent = lend_bytes(slot, cqe);
  if (cqe->res == -ENOBUFS)
    bufring_extend(slot->bufring);
  if (slot->bufring->shape.source && !(cqe->flags & IORING_CQE_F_MORE) &&
      !is_used_elsewhere(ring, slot))
    bufring_settle_source(slot->bufring);
  return lent;
}

/*
** Whether an op in flight selects from a closed buffer ring of this number:
** the kernel would pick for it from the next ring that has the number.
*/
static bool still_selected(const Ring *ring, uint16_t bgid) {
  const Slot *slot;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    if (slot->bufring != NULL && slot->bufring->shape.bgid == bgid)
      return true;
  return false;
}

static bool is_selected(const Ring *ring, const BufRing *bufring) {
  const Slot *slot;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    if (slot->bufring == bufring)
      return true;
  return false;
}

/* Lets go of those that are closed and of no use to any op. */
static void sweep_bufrings(Ring *ring) {
  BufRing **at = &ring->bufrings;
  while (*at != NULL) {
    BufRing *bufring = *at;
    if (bufring->uring == NULL && !is_selected(ring, bufring)) {
      *at = bufring->next;
      bufring_drop(bufring);
    } else {
      at = &bufring->next;
    }
  }
}

int ring_add_bufring(Ring *ring, const BufRingShape *shape, BufRing **made) {
  BufRing *bufring;
  sweep_bufrings(ring);
  if (still_selected(ring, shape->bgid))
    return -EBUSY;
  int code = bufring_new(&ring->uring, shape, ring->alive, &bufring);
  if (code < 0)
    return code;
  bufring->next = ring->bufrings;
  ring->bufrings = bufring;
  *made = bufring_hold(bufring); /* the list's, and the caller's */
  return 0;
}

BufRing *ring_find_bufring(const Ring *ring, uint16_t bgid) {
  for (BufRing *at = ring->bufrings; at != NULL; at = at->next)
    if (at->shape.bgid == bgid && at->uring != NULL)
      return at;
  return NULL;
}
