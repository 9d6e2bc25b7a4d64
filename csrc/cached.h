/*
** cached.h - bytes of an open file that the kernel has without a wait.
*/
#ifndef uring_cached_h
#define uring_cached_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void cached_open(lua_State *L);

#endif
