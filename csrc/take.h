/*
** take.h - a CQE becomes what a coroutine gets.
*/
#ifndef uring_take_h
#define uring_take_h

#include "ring.h"

#include <lua.h>

/*
** CQEs are taken off the CQ one by one, so that code may run in between: a
** finalizer too, while what a CQE brings is made.
*/
typedef struct {
  Ring *ring;
  unsigned left;            /* CQEs to take yet, at most */
  Slot *slot;               /* of the CQE in hand; NULL: there is none */
  struct io_uring_cqe *cqe; /* room for that */
} Taking;

/*
** Takes CQEs up to one for which a coroutine waits, which it returns; pushes
** the coroutine, the value (nil: failed), and the CQE's flags or the errno.
** NULL, and nothing pushed: there are no more; or, where it is not guarded, a
** CQE is in hand whose value needs memory.  Raises only where it is guarded,
** and has the CQE in hand then.  'held' is the index of the ring's table.
*/
lua_State *take_next(lua_State *L, int held, Taking *taking, bool guarded);
/* There was no memory for the value of the CQE in hand: ENOMEM likewise. */
lua_State *take_failed(lua_State *L, int held, Taking *taking);

#endif
