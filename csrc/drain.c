/*
** drain.c - closing a ring: what is in flight is cancelled and waited for.
**
** io_uring_queue_exit returns at once and cancels in the background: the
** kernel goes on writing to buffers that we would free by then.  So first
**
** 1. SQEs that were never submitted are taken back;
** 2. everything else is cancelled, and reaped up to its final CQE;
** 3. descriptors in results that nobody will take are closed;
** 4. where an op does not end within a second, what it uses is leaked on
**    purpose.  A Lua string cannot be leaked across lua_close: for an op
**    that reads one we wait longer, and rather abort than let the kernel
**    send freed memory.
*/
#include "clock.h"
#include "ring.h"

#include "result.h"

#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROUND_NS           100000000 /* between two rounds of cancelling */
#define ROUNDS             10
#define ROUNDS_FOR_STRINGS 300
#define CANCEL_ID          0 /* no slot has this id */

/* Whether it was one of two entries that stand together. */
static bool forget_sqe(Ring *ring, const struct io_uring_sqe *sqe) {
  Slot *slot = slot_find(&ring->slots, sqe->user_data);
  bool wide = slot != NULL && (slot->op->traits & TRAIT_WIDE);
  if (slot != NULL)
    slot_give(&ring->slots, slot);
  return wide;
}

static void forget_parked(Ring *ring) {
  while (ring->parked != NULL) {
    ParkedSqe *first = ring->parked;
    ring->parked = first->next;
    forget_sqe(ring, &first->sqe);
    free(first);
  }
  ring->parked_end = &ring->parked;
}

static void forget_staged(Ring *ring) {
  Slot *slot;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    if (slot->staged)
      slot_give(&ring->slots, slot);
}

/*
** Takes back what the kernel has not taken.  It looks at the tail only when
** it is entered, so the tail may go back to the head; but not under SQPOLL,
** whose thread may be looking now: there, only what was never shown to it.
** In a ring that was never enabled no thread looks.
*/
static void forget_unsubmitted(Ring *ring) {
  struct io_uring_sq *sq = &ring->uring.sq;
  unsigned shift = (ring->uring.flags & IORING_SETUP_SQE128) ? 1 : 0;
  bool rewinds = ring->uring.flags & IORING_SETUP_SQ_REWIND;
  bool ours = !(ring->uring.flags & IORING_SETUP_SQPOLL) ||
              (ring->uring.flags & IORING_SETUP_R_DISABLED);
  unsigned first = ours ? *sq->khead : sq->sqe_head;
  for (unsigned i = first; i != sq->sqe_tail; i++)
    if (forget_sqe(ring, &sq->sqes[(i & sq->ring_mask) << shift]) && shift == 0)
      i++; /* what follows is no SQE */
  sq->sqe_head = sq->sqe_tail = first;
  if (ours && !rewinds)
    io_uring_smp_store_release(sq->ktail, first);
  forget_parked(ring);
  forget_staged(ring);
}

static void cancel_one(Ring *ring, uint64_t id, unsigned flags) {
  struct io_uring_sqe *sqe = ring_sqe(ring);
  if (sqe == NULL)
    return;
  io_uring_prep_cancel64(sqe, id, (int)flags);
  io_uring_sqe_set_data64(sqe, CANCEL_ID);
}

/* Old kernels do not know CANCEL_ANY, so each op is named as well. */
static void cancel_each(Ring *ring) {
  const Slot *slot;
  cancel_one(ring, 0, IORING_ASYNC_CANCEL_ANY);
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    cancel_one(ring, slot_id(slot), 0);
}

static void land(Ring *ring, Slot *slot) {
  Slot *silent;
  while ((silent = slot_next_silent(&ring->slots, slot)) != NULL)
    slot_give(&ring->slots, silent);
  slot_give(&ring->slots, slot);
}

static void reap(Ring *ring) {
  struct io_uring_cqe *cqe;
  while ((cqe = enter_peek(&ring->uring)) != NULL) {
    Slot *slot = ring_slot_of(ring, cqe);
    if (slot != NULL) {
      result_dispose(&ring->uring, slot, cqe->res);
      if (!(cqe->flags & IORING_CQE_F_MORE))
        land(ring, slot);
    }
    enter_seen(&ring->uring, cqe);
  }
}

/* A cancel SQE waits behind a drained one; this call does not (6.0). */
static void cancel_at_once(Ring *ring) {
  UapiSyncCancel every = {
    .fd = -1,
    .flags = IORING_ASYNC_CANCEL_ANY,
    .timeout = { .tv_nsec = ROUND_NS },
  };
  kernel_register(&ring->uring, IORING_REGISTER_SYNC_CANCEL, &every, 1);
}

/* One round: cancels, more thoroughly if asked, and waits for what ends. */
static void drain_round(Ring *ring, bool thorough) {
  if (thorough) {
    cancel_at_once(ring);
    cancel_each(ring);
  } else {
    cancel_one(ring, 0, IORING_ASYNC_CANCEL_ANY);
  }
  struct __kernel_timespec time = { .tv_nsec = ROUND_NS };
  EnterWait wait = { .time = &time, .region = -1 };
  int64_t end = clock_now() + ROUND_NS; /* some waits end at once */
  while (ring->slots.in_flight > 0) {
    uint32_t before = ring->slots.in_flight;
    int code = ring_submit_and_wait(ring, 1, &wait);
    reap(ring);
    bool idle = ring->slots.in_flight == before;
    if (idle && (code < 0 || clock_now() >= end))
      return;
  }
}

static bool reads_strings(const Ring *ring) {
  const Slot *slot;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    if (slot->anchored)
      return true;
  return false;
}

static void give_up(void) {
  static const char text[] =
      "uring: an operation that reads a Lua string does not end; aborting "
      "before the string is freed under the kernel\n";
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
    abort();
  abort();
}

bool ring_drain(Ring *ring) {
  forget_unsubmitted(ring);
  reap(ring);
  for (int i = 0; i < ROUNDS && ring->slots.in_flight > 0; i++)
    drain_round(ring, i > 0);
  for (int i = 0; ring->slots.in_flight > 0 && reads_strings(ring); i++) {
    if (i == ROUNDS_FOR_STRINGS)
      give_up();
    drain_round(ring, true);
  }
  return ring->slots.in_flight == 0;
}

void ring_forget(Ring *ring) {
  Slot *slot;
  forget_parked(ring);
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    slot_give(&ring->slots, slot);
}
