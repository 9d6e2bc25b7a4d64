/*
** bind.h - a ring as the loop uses it: one closure for each row, one step.
*/
#ifndef uring_bind_h
#define uring_bind_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void bind_open(lua_State *L);

#endif
