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
  int code = io_uring_queue_init_params(entries, &ring->uring, params);
  if (code < 0) {
    unmap_alive(ring);
    return code;
  }
  io_uring_ring_dontfork(&ring->uring);
  ring->params = *params;
  ring->open = true;
  return 0;
}

bool ring_usable(const Ring *ring) {
  return ring->open && *ring->alive;
}

int ring_probe(Ring *ring, bool supported[RING_OPCODES]) {
  union { /* on the stack: only the kernel can fail */
    struct io_uring_probe probe;
    char space[sizeof(struct io_uring_probe) +
               RING_OPCODES * sizeof(struct io_uring_probe_op)];
  } u;
  memset(&u, 0, sizeof u);
  int code = io_uring_register_probe(&ring->uring, &u.probe, RING_OPCODES);
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
    io_uring_queue_exit(&ring->uring);
  } else { /* the kernel writes to the parent's memory, not to ours */
    close(ring->uring.ring_fd);
    ring_forget(ring);
  }
  close_bufrings(ring);
  unmap_alive(ring);
  if (!drained) /* the kernel may still write: what it sees stays for good */
    return;
  drop_bufrings(ring, mine);
  slot_table_free(&ring->slots);
}

struct io_uring_sqe *ring_sqe(Ring *ring) {
  struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
  if (sqe == NULL && ring_submit(ring) >= 0)
    sqe = io_uring_get_sqe(&ring->uring);
  return sqe;
}

int ring_submit(Ring *ring) {
  ring->epoch++;
  return io_uring_submit(&ring->uring);
}

int ring_submit_and_wait(Ring *ring, unsigned count,
                         struct __kernel_timespec *time) {
  struct io_uring_cqe *cqe;
  ring->epoch++;
  if (count == 0) /* DEFER_TASKRUN makes progress only where asked to */
    return io_uring_submit_and_get_events(&ring->uring);
  if (time == NULL)
    return io_uring_submit_and_wait(&ring->uring, count);
  return io_uring_submit_and_wait_timeout(&ring->uring, &cqe, count, time,
                                          NULL);
}

void ring_unpark(Ring *ring) {
  while (ring->parked != NULL) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);
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

Slot *ring_slot_of(const Ring *ring, const struct io_uring_cqe *cqe) {
  return slot_find(&ring->slots, io_uring_cqe_get_data64(cqe));
}

int ring_lend(const Slot *slot, const struct io_uring_cqe *cqe) {
  if (slot->bufring == NULL || !(cqe->flags & IORING_CQE_F_BUFFER))
    return -1;
  uint32_t bid = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
  bufring_lend(slot->bufring, bid);
  return (int)bid;
}

/*
** Whether an op in flight selects from a closed buffer ring of this number:
** the kernel would pick for it from the next ring that has the number.
*/
static bool still_selected(const Ring *ring, uint16_t bgid) {
  for (uint32_t i = 0; i < slot_table_count(&ring->slots); i++) {
    const Slot *slot = slot_table_at(&ring->slots, i);
    if (slot->op != NULL && slot->bufring != NULL &&
        slot->bufring->bgid == bgid)
      return true;
  }
  return false;
}

int ring_add_bufring(Ring *ring, uint16_t bgid, uint32_t count, uint32_t size,
                     BufRing **made) {
  BufRing *bufring;
  if (still_selected(ring, bgid))
    return -EBUSY;
  int code = bufring_new(&ring->uring, bgid, count, size, &bufring);
  if (code < 0)
    return code;
  bufring->alive = ring->alive;
  bufring->next = ring->bufrings;
  ring->bufrings = bufring;
  bufring->holders++; /* the list's, and the caller's */
  *made = bufring;
  return 0;
}

BufRing *ring_find_bufring(const Ring *ring, uint16_t bgid) {
  for (BufRing *at = ring->bufrings; at != NULL; at = at->next)
    if (at->bgid == bgid && at->uring != NULL)
      return at;
  return NULL;
}
