/*
** fork.h - copies of the process: workers.
*/
#ifndef uring_fork_h
#define uring_fork_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void fork_open(lua_State *L);

#endif
