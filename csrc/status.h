/*
** status.h - what statx(2) tells of a file, as a table.
*/
#ifndef uring_status_h
#define uring_status_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void status_open(lua_State *L);

#endif
