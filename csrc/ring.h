/*
** ring.h - an io_uring instance and its ops in flight.  Knows no Lua.
*/
#ifndef uring_ring_h
#define uring_ring_h

#include "bufring.h"
#include "enter.h"
#include "pins.h"
#include "slot.h"

#define RING_OPCODES 256

/* An op that has its slot, but for which the SQ had no room yet. */
typedef struct ParkedSqe {
  struct ParkedSqe *next;
  struct io_uring_sqe sqe;
} ParkedSqe;

typedef struct {
  struct io_uring uring;
  struct io_uring_params params;
  SlotTable slots;
  BufRing *bufrings;
  Pins pins;
  Mem *region;           /* that register_region has shown to the kernel */
  uint32_t region_waits; /* that it has room for */
  ParkedSqe *parked, **parked_end;
  volatile uint32_t *alive; /* 0 in a forked child: RATIONALE in ring.c */
  uint32_t epoch;           /* counts submits: SQEs of older ones are stale */
  uint32_t lent_at;         /* the CQ head up to which buffers are lent */
  bool open;
  bool restricted; /* so that it may be unable to cancel */
} Ring;

/* 0, or -errno with the ring still closed. */
int ring_setup(Ring *ring, unsigned entries, struct io_uring_params *params);
/* Cancels and drains what is in flight first; idempotent. */
void ring_close(Ring *ring);
/* Part of closing, see drain.c; false: something is still in flight. */
bool ring_drain(Ring *ring);
/* Lets go of every op without a word to the kernel. */
void ring_forget(Ring *ring);
/* Whether this process may use it. */
static inline bool ring_usable(const Ring *ring) {
  return ring->open && *ring->alive;
}

/* Which opcodes this kernel has; 0, or -errno. */
int ring_probe(Ring *ring, bool supported[RING_OPCODES]);

/* The next SQE, submitting the batch where the SQ is full; or NULL. */
struct io_uring_sqe *ring_sqe(Ring *ring);
/* Makes room for so many SQEs in a row, submitting the batch; false: none. */
bool ring_make_room(Ring *ring, unsigned count);
/* Hands all SQEs over: how many, or -errno. */
int ring_submit(Ring *ring);
/* The same, then waits until 'count' CQEs are there; see enter.h. */
int ring_submit_and_wait(Ring *ring, unsigned count, const EnterWait *wait);
/* Moves parked SQEs to the SQ while it has room. */
void ring_unpark(Ring *ring);
/* Parks what 'sqe' holds in line; false: there is no memory. */
bool ring_park(Ring *ring, const struct io_uring_sqe *sqe);

/* The live slot that a CQE is for, or NULL. */
static inline Slot *ring_slot_of(const Ring *ring,
                                 const struct io_uring_cqe *cqe) {
  return slot_find(&ring->slots, io_uring_cqe_get_data64(cqe));
}
/* Whether a CQE of a slot may bring something besides its res. */
static inline bool ring_may_lend(const Slot *slot) {
  return slot->bufring != NULL || slot->op->result == RESULT_PIPE ||
         slot->op->result == RESULT_SLOTS;
}
/*
** What a CQE brings besides its res becomes ours, once: a pipe goes to its
** Buffer, and bytes of a buffer ring are marked as lent; false: none.
*/
bool ring_lend(const Ring *ring, const Slot *slot,
               const struct io_uring_cqe *cqe);

/* Registers a BufRing and enters it in the list; 0 or -errno. */
int ring_add_bufring(Ring *ring, const BufRingShape *shape, BufRing **made);
BufRing *ring_find_bufring(const Ring *ring, uint16_t bgid);

#endif
