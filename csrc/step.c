/*
** step.c - one turn of the loop: submit, and wait until something completes.
*/
#include "step.h"
#include "clock.h"
#include "interrupt.h"
#include "luaring.h"

#include <errno.h>

#define STEP_CQES 2048 /* at most, in one step; the rest wait for the next */

/*
** Of the ops that a peer or a device has brought to an end, the kernel does
** the rest when it is entered: of so many, or of as many as are waited for.
*/
#define KERNEL_SHARE 20

/* Some kernels swallow EINTR, so no wait is without an end: 60 s. */
#define LONGEST_WAIT (60 * CLOCK_SECOND)

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

/*
** How many may be taken.  What could be done at once when it was submitted is
** all there, and of the others a share.  Where there may be more of them the
** kernel is asked for as many again as there are, which does not wait, or
** whoever has a quick peer would be served again and again before the others.
*/
static unsigned count_ready(Ring *ring) {
  unsigned count = enter_ready(&ring->uring);
  bool more = ring->slots.in_flight >= count + KERNEL_SHARE;
  if (count >= KERNEL_SHARE && count < STEP_CQES && more)
    count = enter_more(&ring->uring, count);
  return count < STEP_CQES ? count : STEP_CQES;
}

/*
** step(wait, nanoseconds) -> count, now [, signal].  Submits what was
** started, and waits (if 'wait') for a completion or until the time is over;
** one io_uring_enter(2), or two.  'count' completions may be taken then, see
** go.c.  'now' is CLOCK_MONOTONIC in nanoseconds.  'signal' is one that came
** meanwhile, see interrupt.h.  Returns nothing where a wait without a time
** (negative) could never end: no op is in flight.
*/
int step_turn(lua_State *L) {
  Ring *ring = lua_touserdata(L, STEP_RING);
  luaring_check_usable(L, ring);
  bool wait = lua_toboolean(L, 1);
  lua_Integer nanoseconds = lua_tointeger(L, 2);
  if (wait && nanoseconds < 0 && ring->slots.in_flight == 0)
    return 0;
  enter(L, ring, wait, nanoseconds);
  lua_pushinteger(L, count_ready(ring));
  lua_pushinteger(L, clock_now());
  int signal = interrupt_take();
  if (signal == 0)
    return 2;
  lua_pushinteger(L, signal);
  return 3;
}
