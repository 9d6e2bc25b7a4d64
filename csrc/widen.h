/*
** widen.h - how much a pipe holds.
*/
#ifndef uring_widen_h
#define uring_widen_h

#include <lua.h>

/* Adds its function to the table on the top. */
void widen_open(lua_State *L);

#endif
