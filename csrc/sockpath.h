/*
** sockpath.h - the files of Unix sockets: stale ones, and ours.
*/
#ifndef uring_sockpath_h
#define uring_sockpath_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void sockpath_open(lua_State *L);

#endif
