/*
** step.h - one turn of the loop: submit, wait, and hand over what completed.
*/
#ifndef uring_step_h
#define uring_step_h

#include <lua.h>

/* Upvalues of every closure of the loop: a ring, and its table (flight.h). */
#define STEP_RING lua_upvalueindex(1)
#define STEP_HELD lua_upvalueindex(2)

/* Places in the table of a step: a coroutine, a value, what comes with it. */
#define STEP_PLACES 3

/* The function 'step' of what bind returns. */
int step_turn(lua_State *L);

#endif
