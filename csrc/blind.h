/*
** blind.h - register calls that need no ring.
*/
#ifndef uring_blind_h
#define uring_blind_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void blind_open(lua_State *L);

#endif
