/*
** step.c - one turn of the loop: submit, wait, and hand over what completed.
*/
#include "step.h"
#include "clock.h"
#include "flight.h"
#include "interrupt.h"
#include "luabufring.h"
#include "luaring.h"
#include "result.h"

#include <errno.h>

#define STEP_CQES 512 /* at most, in one step; the rest wait for the next */

/* Some kernels swallow EINTR, so no wait is without an end: 60 s. */
#define LONGEST_WAIT (60 * CLOCK_SECOND)

/* What one step has in hand.  A raise may interrupt it, and it goes on. */
typedef struct {
  Ring *ring;
  struct io_uring_cqe *cqes[STEP_CQES];
  unsigned count, next;
  int filled; /* places of the table */
} Batch;

/* The buffers that a CQE has lent, if any, are the kernel's again. */
static void give_back(const Ring *ring, const Slot *slot,
                      const struct io_uring_cqe *cqe) {
  if (ring_may_lend(slot) && ring_lend(ring, slot, cqe))
    bufring_take_piece(slot->bufring, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
}

/* What this CQE, a notification or the last part, says with those before. */
static int whole_result(const Slot *slot, const struct io_uring_cqe *cqe) {
  if (slot->op->traits & TRAIT_NOTIF)
    return slot->res;
  if (cqe->res >= 0)
    return slot->res + cqe->res;
  return slot->res > 0 ? slot->res : cqe->res;
}

/*
** Pushes the value of a CQE, or nil; returns what comes with it.  What a
** buffer ring received becomes a string or a view.  Where that raises,
** nothing has happened yet.
*/
static lua_Integer push_value(lua_State *L, const Ring *ring, const Slot *slot,
                              const struct io_uring_cqe *cqe) {
  BufRing *bufring = slot->bufring;
  lua_Integer extra = cqe->flags;
  if (slot->flags & IORING_CQE_F_MORE)
    extra = result_push(L, slot, whole_result(slot, cqe), cqe->flags);
  else if (bufring == NULL || bufring->shape.source || cqe->res < 0)
    extra = result_push(L, slot, cqe->res, cqe->flags);
  else if (cqe->flags & IORING_CQE_F_BUFFER)
    luabufring_push_ahead(L, bufring, cqe->flags, (uint32_t)cqe->res,
                          slot->bundles);
  else
    lua_pushliteral(L, ""); /* the end, for which no buffer was taken */
  give_back(ring, slot, cqe);
  return extra;
}

/* Whether the op goes on, and nobody is to hear of this CQE alone. */
static bool is_early(const Slot *slot, const struct io_uring_cqe *cqe) {
  return (slot->op->traits & (TRAIT_NOTIF | TRAIT_PARTS)) &&
         (cqe->flags & IORING_CQE_F_MORE);
}

static void keep_early(const Ring *ring, Slot *slot,
                       const struct io_uring_cqe *cqe) {
  bool parts = slot->flags & IORING_CQE_F_MORE;
  slot->res = (parts ? slot->res : 0) + cqe->res;
  slot->flags = cqe->flags;
  give_back(ring, slot, cqe);
}

/* Enters a coroutine and its news in the table (index 1). */
static void hand_over(lua_State *L, Batch *batch, lua_Integer extra) {
  int place = batch->filled; /* stack: ..., coroutine, value */
  batch->filled += STEP_PLACES;
  lua_pushinteger(L, extra);
  lua_seti(L, 1, place + 3); /* see flight.c */
  lua_seti(L, 1, place + 2);
  lua_seti(L, 1, place + 1);
}

static void finish(lua_State *L, Batch *batch, Slot *slot,
                   const struct io_uring_cqe *cqe) {
  batch->next++;
  if (!(cqe->flags & IORING_CQE_F_MORE))
    flight_land(L, batch->ring, 2, slot);
}

/* Nobody waits for what this CQE brings. */
static void dispose(const Batch *batch, const Slot *slot,
                    const struct io_uring_cqe *cqe) {
  give_back(batch->ring, slot, cqe);
  result_dispose(&batch->ring->uring, slot, cqe->res);
}

/* Whether a coroutine was closed while it waited. */
static bool has_ended(lua_State *waiting) {
  int status = lua_status(waiting);
  return status != LUA_YIELD && (status != LUA_OK || lua_gettop(waiting) == 0);
}

/* Something for whoever waits, if anybody does. */
static void land(lua_State *L, Batch *batch, Slot *slot,
                 const struct io_uring_cqe *cqe) {
  lua_State *waiting = flight_push_thread(L, 2, slot);
  if (waiting == NULL) {
    lua_pop(L, 1);
    dispose(batch, slot, cqe);
  } else if (has_ended(waiting)) { /* who resumed it may wait for it yet */
    dispose(batch, slot, cqe);
    lua_pushnil(L);
    hand_over(L, batch, ECANCELED);
  } else {
    lua_Integer extra = push_value(L, batch->ring, slot, cqe); /* may raise */
    hand_over(L, batch, extra);
  }
  finish(L, batch, slot, cqe);
}

/* Whether to hand a CQE over needs memory, so that it may raise. */
static bool may_raise(const Slot *slot) {
  return slot->bufring != NULL;
}

/* Works off a batch, or as much of it as cannot raise. */
static void work_off(lua_State *L, Batch *batch, bool guarded) {
  while (batch->next < batch->count) {
    const struct io_uring_cqe *cqe = batch->cqes[batch->next];
    Slot *slot = ring_slot_of(batch->ring, cqe);
    if (slot == NULL) {
      batch->next++;
    } else if (is_early(slot, cqe)) {
      keep_early(batch->ring, slot, cqe);
      batch->next++;
    } else if (!guarded && may_raise(slot)) {
      return;
    } else {
      land(L, batch, slot, cqe);
    }
  }
}

/* In a protected call: arguments are the table, the ring's, and the batch. */
static int reap(lua_State *L) {
  work_off(L, lua_touserdata(L, 3), true);
  return 0;
}

/* There was no memory for what a CQE brings: that op failed with ENOMEM. */
static void hand_over_failure(lua_State *L, Batch *batch) {
  const struct io_uring_cqe *cqe = batch->cqes[batch->next];
  Slot *slot = ring_slot_of(batch->ring, cqe);
  if (slot == NULL) {
    batch->next++;
    return;
  }
  dispose(batch, slot, cqe);
  if (flight_push_thread(L, 2, slot) != NULL) {
    lua_pushnil(L);
    hand_over(L, batch, ENOMEM);
  } else {
    lua_pop(L, 1);
  }
  finish(L, batch, slot, cqe);
}

/* Goes to the kernel once.  Raises where the ring is beyond use. */
static void enter(lua_State *L, Ring *ring, bool wait,
                  lua_Integer nanoseconds) {
  if (nanoseconds < 0 || nanoseconds > LONGEST_WAIT)
    nanoseconds = LONGEST_WAIT;
  struct __kernel_timespec time = {
    .tv_sec = nanoseconds / CLOCK_SECOND,
    .tv_nsec = nanoseconds % CLOCK_SECOND,
  };
  EnterWait limit = { .time = wait ? &time : NULL, .region = -1 };
  ring_unpark(ring);
  interrupt_guard(wait ? &time : NULL);
  int code = ring_submit_and_wait(ring, wait ? 1 : 0, &limit);
  interrupt_guard(NULL);
  if (code >= 0 || code == -EINTR || code == -ETIME || code == -EAGAIN ||
      code == -EBUSY)
    return;
  luaring_push_failure(L, "io_uring_enter", -code);
  lua_pop(L, 1);
  lua_error(L);
}

/* What the last step left in the table behind this one's may be collected. */
static void clear(lua_State *L, int filled, int left) {
  for (int i = filled + 1; i <= left; i++) {
    lua_pushboolean(L, 0);
    lua_seti(L, 1, i);
  }
}

/*
** step(table, left, wait, nanoseconds) -> filled, now [, signal].  Submits
** what was started, waits (if 'wait') for a completion or until the time is
** over, and takes what is there; one io_uring_enter(2).  For each awaited op
** the table receives a coroutine, a value (nil: failed), and the CQE's flags
** or the errno; 'filled' places of it in all.  'left' is what the step before
** filled.  'now' is CLOCK_MONOTONIC in nanoseconds.  'signal' is one that
** came meanwhile, see interrupt.h.  Returns nothing where a wait without a
** time (negative) could never end: no op is in flight.
*/
int step_turn(lua_State *L) {
  Batch batch; /* not zeroed as a whole: cqes is large */
  batch.ring = lua_touserdata(L, STEP_RING);
  batch.next = 0;
  batch.filled = 0;
  luaring_check_usable(L, batch.ring);
  bool wait = lua_toboolean(L, 3);
  lua_Integer nanoseconds = lua_tointeger(L, 4);
  if (wait && nanoseconds < 0 && batch.ring->slots.in_flight == 0)
    return 0;
  int left = (int)lua_tointeger(L, 2);
  enter(L, batch.ring, wait, nanoseconds);
  struct io_uring *uring = &batch.ring->uring;
  batch.count = enter_peek_batch(uring, batch.cqes, STEP_CQES);
  lua_settop(L, 1);
  lua_pushvalue(L, STEP_HELD);
  work_off(L, &batch, false);
  while (batch.next < batch.count) {
    lua_pushcfunction(L, reap);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushlightuserdata(L, &batch);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
      lua_settop(L, 2);
      hand_over_failure(L, &batch);
    }
  }
  clear(L, batch.filled, left);
  io_uring_cq_advance(uring, batch.count);
  lua_pushinteger(L, batch.filled);
  lua_pushinteger(L, clock_now());
  int signal = interrupt_take();
  if (signal == 0)
    return 2;
  lua_pushinteger(L, signal);
  return 3;
}
