/*
** sqeset.h - what can be set on an SQE besides its row.
*/
#ifndef uring_sqeset_h
#define uring_sqeset_h

#include <lua.h>

/* Adds its methods to all SQEs. */
void sqeset_open(lua_State *L);

#endif
