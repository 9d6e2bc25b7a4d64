/*
** regring.h - what a ring may do and how: its state, limits and helpers.
*/
#ifndef uring_regring_h
#define uring_regring_h

#include <lua.h>

/* Adds its methods to all rings. */
void regring_open(lua_State *L);

#endif
