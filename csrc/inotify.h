/*
** inotify.h - being told of changes to files.
*/
#ifndef uring_inotify_h
#define uring_inotify_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void inotify_open(lua_State *L);

#endif
