/*
** thread.h - coroutines that have what they begin with.
*/
#ifndef uring_thread_h
#define uring_thread_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void thread_open(lua_State *L);

#endif
