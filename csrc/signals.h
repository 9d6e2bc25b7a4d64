/*
** signals.h - signals by name: blocked, read from a descriptor, ignored.
*/
#ifndef uring_signals_h
#define uring_signals_h

#include <lua.h>

/* The number of the signal at an index: a name as in kill(1), or a number. */
int signals_check(lua_State *L, int arg);

/* Adds its functions to the table on the top. */
void signals_open(lua_State *L);

#endif
