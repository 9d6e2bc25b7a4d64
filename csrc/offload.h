/*
** offload.h - uring.Tray: where jobs lie that a thread has done.
*/
#ifndef uring_offload_h
#define uring_offload_h

#include <lua.h>

/* Makes the type known, adds its functions to the table on the top. */
void offload_open(lua_State *L);

#endif
