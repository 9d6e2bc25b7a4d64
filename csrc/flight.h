/*
** flight.h - an op takes off and lands: what Lua keeps for it meanwhile.
**
** Each ring has one table, its user value 1, with two places for each slot:
** what the CQE shall bring (the loop: the coroutine that waits; by hand:
** what set_data was given), and what must stay alive until then (strings).
** The table is filled when slots are made, so that entering something in
** flight allocates nothing and cannot raise.
*/
#ifndef uring_flight_h
#define uring_flight_h

#include "arg.h"
#include "ring.h"

#include <lua.h>

/* Makes free slots; may raise for want of memory. */
void flight_make_room(lua_State *L, Ring *ring, int held);
/*
** Makes sure that there is one.
** 'held' is the stack index of the ring's table, or a pseudo-index.
*/
static inline void flight_reserve(lua_State *L, Ring *ring, int held) {
  if (ring->slots.free_head == SLOT_NONE)
    flight_make_room(L, ring, held);
}
/*
** Before that: what the kernel keeps after the op stays with the ring, and
** slots have room for what the op has in them.
*/
void flight_pin(lua_State *L, Ring *ring, const Op *op, const Args *args);
/* Gives a slot what the arguments need while they fly.  Cannot raise. */
void flight_load(lua_State *L, int held, Slot *slot, const Args *args);
/* Lets go of it again. */
void flight_unload(lua_State *L, int held, Slot *slot);
/* The op will never fly after all. */
void flight_abandon(lua_State *L, Ring *ring, int held, Slot *slot);
/* Gives back those of a slot's chain that are over without a CQE. */
void flight_land_silent(lua_State *L, Ring *ring, int held, Slot *slot);
/* The final CQE is here: does so, unloads the slot and gives it back. */
static inline void flight_land(lua_State *L, Ring *ring, int held, Slot *slot) {
  if (slot_is_chained(slot))
    flight_land_silent(L, ring, held, slot);
  flight_abandon(L, ring, held, slot);
}

/* What the CQE shall bring is on the top of the stack, and popped. */
void flight_set_data(lua_State *L, int held, const Slot *slot);
/* It is the running coroutine. */
void flight_set_running(lua_State *L, int held, const Slot *slot);
/* Pushes it, and returns it where it is a coroutine; NULL: it is none. */
lua_State *flight_push_thread(lua_State *L, int held, const Slot *slot);
/* False, and nil pushed: the CQE shall bring nothing. */
bool flight_push_data(lua_State *L, int held, const Slot *slot);

/*
** An SQE of so many bytes for a slot with an op: prepared, tagged, its
** buffers selected.
*/
void flight_prepare(struct io_uring_sqe *sqe, size_t size, Slot *slot,
                    const Args *args);

#endif
