/*
** spawn.h - child processes: started, signalled, reaped.
*/
#ifndef uring_spawn_h
#define uring_spawn_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void spawn_open(lua_State *L);

#endif
