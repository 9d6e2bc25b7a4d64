/*
** enter.h - submitting and waiting: the ring's side of io_uring_enter(2).
*/
#ifndef uring_enter_h
#define uring_enter_h

#include "kernel.h"

#include <stdbool.h>

/*
** The next entries of the SQ, one or (for an SQE_MIXED ring) two that stand
** together; NULL: there is no room.
*/
struct io_uring_sqe *enter_sqe(struct io_uring *uring);
struct io_uring_sqe *enter_sqe128(struct io_uring *uring);

/* How a wait ends, besides by completions. */
typedef struct {
  const struct __kernel_timespec *time; /* NULL: never */
  unsigned min_wait_us; /* so long it waits for all, then for one (6.12) */
  int region;           /* or the number of a registered wait, from 0; -1 */
} EnterWait;

/* Hands over what is in the SQ: how many, or -errno. */
int enter_submit(struct io_uring *uring);
/*
** The same, and waits until there are 'count' CQEs; a count of 0 lets the
** kernel post what has completed.  One system call at most.
*/
int enter_submit_and_wait(struct io_uring *uring, unsigned count,
                          const EnterWait *wait);
/* Waits likewise, without a look at the SQ; 0 or -errno. */
int enter_wait(struct io_uring *uring, unsigned count, const EnterWait *wait);

/* Whether the kernel has CQEs that it posts when it is entered. */
bool enter_is_due(const struct io_uring *uring);
/*
** The CQE at the head, entering the kernel where that may bring one; NULL:
** there is none.  Fillers (CQE_F_SKIP) are taken off.
*/
struct io_uring_cqe *enter_peek(struct io_uring *uring);
/* Takes the CQE at the head off, be it large or small. */
void enter_seen(struct io_uring *uring, const struct io_uring_cqe *cqe);
/*
** How many CQEs are in the CQ.
** Signed: Linux 6.18 loses count where a mixed CQ overflows.
*/
static inline unsigned enter_count(const struct io_uring *uring) {
  const struct io_uring_cq *cq = &uring->cq;
  int ready = (int)(io_uring_smp_load_acquire(cq->ktail) - *cq->khead);
  return ready > 0 ? (unsigned)ready : 0;
}
/* The same, entering the kernel where that may bring one. */
unsigned enter_ready(struct io_uring *uring);
/* Has the kernel do as much again as there is, without waiting; how many. */
unsigned enter_more(struct io_uring *uring, unsigned count);
/* Takes one off a ring whose CQEs are all small; false: there is none. */
static inline bool enter_take(struct io_uring *uring,
                              struct io_uring_cqe *cqe) {
  const struct io_uring_cq *cq = &uring->cq;
  if (enter_count(uring) == 0)
    return false;
  const struct io_uring_cqe *head = &cq->cqes[*cq->khead & cq->ring_mask];
  cqe->user_data = head->user_data;
  cqe->res = head->res;
  cqe->flags = head->flags;
  io_uring_cq_advance(uring, 1);
  return true;
}
/* Waits until the SQPOLL thread has made room in the SQ; 0 or -errno. */
int enter_wait_for_room(struct io_uring *uring);

#endif
