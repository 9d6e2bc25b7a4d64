/*
** step.h - one turn of the loop: submit, and wait until something completes.
*/
#ifndef uring_step_h
#define uring_step_h

#include <lua.h>

/* Upvalues of every closure of the loop: a ring, and its table (flight.h). */
#define STEP_RING lua_upvalueindex(1)
#define STEP_HELD lua_upvalueindex(2)

/* The function 'step' of what bind returns. */
int step_turn(lua_State *L);

#endif
