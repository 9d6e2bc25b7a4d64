/*
** enter.c - submitting and waiting: the ring's side of io_uring_enter(2).
*/
#include "enter.h"

#include <sched.h>
#include <string.h>

static const EnterWait FOR_EVER = { .region = -1 };

static unsigned sq_head(const struct io_uring *uring) {
  return io_uring_smp_load_acquire(uring->sq.khead);
}

struct io_uring_sqe *enter_sqe(struct io_uring *uring) {
  struct io_uring_sq *sq = &uring->sq;
  unsigned shift = uring->flags & IORING_SETUP_SQE128 ? 1 : 0;
  if (sq->sqe_tail - sq_head(uring) >= sq->ring_entries)
    return NULL;
  return &sq->sqes[(sq->sqe_tail++ & sq->ring_mask) << shift];
}

/* An entry that only fills the SQ up to its end. */
static void fill(struct io_uring *uring) {
  struct io_uring_sqe *sqe = enter_sqe(uring);
  memset(sqe, 0, sizeof *sqe);
  io_uring_prep_nop(sqe);
  sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
}

struct io_uring_sqe *enter_sqe128(struct io_uring *uring) {
  struct io_uring_sq *sq = &uring->sq;
  if (uring->flags & IORING_SETUP_SQE128)
    return enter_sqe(uring);
  bool at_end = (sq->sqe_tail & sq->ring_mask) == sq->ring_mask;
  unsigned needed = at_end ? 3 : 2;
  if (!(uring->flags & IORING_SETUP_SQE_MIXED) ||
      sq->sqe_tail - sq_head(uring) + needed > sq->ring_entries)
    return NULL;
  if (at_end)
    fill(uring);
  struct io_uring_sqe *sqe = &sq->sqes[sq->sqe_tail & sq->ring_mask];
  sq->sqe_tail += 2;
  return sqe;
}

/* Shows the kernel what is in the SQ: how many entries wait for it. */
static unsigned flush(struct io_uring *uring) {
  struct io_uring_sq *sq = &uring->sq;
  if (uring->flags & IORING_SETUP_SQ_REWIND)
    return sq->sqe_tail;
  sq->sqe_head = sq->sqe_tail;
  io_uring_smp_store_release(sq->ktail, sq->sqe_tail);
  return sq->sqe_tail - sq_head(uring);
}

/* A rewinding SQ starts from its first entry again. */
static void rewind_sq(struct io_uring *uring, unsigned taken) {
  struct io_uring_sq *sq = &uring->sq;
  unsigned shift = uring->flags & IORING_SETUP_SQE128 ? 1 : 0;
  sq->sqe_tail -= taken;
  memmove(sq->sqes, &sq->sqes[taken << shift],
          (sq->sqe_tail << shift) * sizeof *sq->sqes);
}

/* Whether the SQPOLL thread sleeps; the tail must be seen before. */
static bool needs_wakeup(const struct io_uring *uring) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  return IO_URING_READ_ONCE(*uring->sq.kflags) & IORING_SQ_NEED_WAKEUP;
}

static int enter_for(struct io_uring *uring, unsigned submit, unsigned count,
                     unsigned flags, const EnterWait *wait) {
  UapiGetevents arg = { .min_wait_usec = wait->min_wait_us,
                        .ts = (uintptr_t)wait->time };
  if (wait->region >= 0) {
    flags |= IORING_ENTER_EXT_ARG | IORING_ENTER_EXT_ARG_REG;
    uintptr_t offset = (uintptr_t)wait->region * sizeof(UapiRegWait);
    return kernel_enter(uring, submit, count, flags, (void *)offset,
                        sizeof(UapiRegWait));
  }
  if (wait->time == NULL)
    return kernel_enter(uring, submit, count, flags, NULL, 0);
  flags |= IORING_ENTER_EXT_ARG;
  return kernel_enter(uring, submit, count, flags, &arg, sizeof arg);
}

static int submit_with(struct io_uring *uring, unsigned count, unsigned flags,
                       const EnterWait *wait) {
  unsigned submit = flush(uring);
  if (uring->flags & IORING_SETUP_SQPOLL) {
    if (submit > 0 && needs_wakeup(uring))
      flags |= IORING_ENTER_SQ_WAKEUP;
    if (flags == 0)
      return (int)submit;
  } else if (submit == 0 && flags == 0) {
    return 0;
  }
  int taken = enter_for(uring, submit, count, flags, wait);
  if (taken > 0 && uring->flags & IORING_SETUP_SQ_REWIND)
    rewind_sq(uring, (unsigned)taken);
  return taken;
}

int enter_submit(struct io_uring *uring) {
  return submit_with(uring, 0, 0, &FOR_EVER);
}

int enter_submit_and_wait(struct io_uring *uring, unsigned count,
                          const EnterWait *wait) {
  bool enough = count > 0 && enter_count(uring) >= count;
  /* Without a thread of its own the kernel goes on only where it is entered. */
  if (enough && (uring->flags & IORING_SETUP_SQPOLL) && !enter_is_due(uring))
    return enter_submit(uring);
  return submit_with(uring, count, IORING_ENTER_GETEVENTS, wait);
}

int enter_wait(struct io_uring *uring, unsigned count, const EnterWait *wait) {
  int code = enter_for(uring, 0, count, IORING_ENTER_GETEVENTS, wait);
  return code < 0 ? code : 0;
}

bool enter_is_due(const struct io_uring *uring) {
  return (uring->flags & IORING_SETUP_IOPOLL) ||
         (IO_URING_READ_ONCE(*uring->sq.kflags) &
          (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN));
}

/* The CQE at the head without a look at the kernel. */
static struct io_uring_cqe *first(struct io_uring *uring) {
  struct io_uring_cq *cq = &uring->cq;
  unsigned shift = uring->flags & IORING_SETUP_CQE32 ? 1 : 0;
  while (enter_count(uring) > 0) {
    struct io_uring_cqe *cqe = &cq->cqes[(*cq->khead & cq->ring_mask) << shift];
    if (!(cqe->flags & IORING_CQE_F_SKIP))
      return cqe;
    io_uring_cq_advance(uring, 1);
  }
  return NULL;
}

struct io_uring_cqe *enter_peek(struct io_uring *uring) {
  struct io_uring_cqe *cqe = first(uring);
  if (cqe != NULL || !enter_is_due(uring))
    return cqe;
  enter_wait(uring, 0, &FOR_EVER);
  return first(uring);
}

void enter_seen(struct io_uring *uring, const struct io_uring_cqe *cqe) {
  bool two =
      (uring->flags & IORING_SETUP_CQE_MIXED) && (cqe->flags & IORING_CQE_F_32);
  io_uring_cq_advance(uring, two ? 2 : 1);
}

unsigned enter_more(struct io_uring *uring, unsigned count) {
  enter_wait(uring, count, &FOR_EVER);
  return enter_count(uring);
}

unsigned enter_ready(struct io_uring *uring) {
  unsigned ready = enter_count(uring);
  if (ready > 0 || !enter_is_due(uring))
    return ready;
  return enter_more(uring, 0);
}

int enter_wait_for_room(struct io_uring *uring) {
  const struct io_uring_sq *sq = &uring->sq;
  if (!(uring->flags & IORING_SETUP_SQPOLL))
    return 0;
  /* The thread tells what it has taken only after a while. */
  while (sq->sqe_tail - sq_head(uring) >= sq->ring_entries) {
    int code = kernel_enter(uring, 0, 0, IORING_ENTER_SQ_WAIT, NULL, 0);
    if (code < 0)
      return code;
    sched_yield();
  }
  return 0;
}
