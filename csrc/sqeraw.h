/*
** sqeraw.h - an SQE field by field, for those who explore.
*/
#ifndef uring_sqeraw_h
#define uring_sqeraw_h

#include <lua.h>

/* Adds its method to all SQEs. */
void sqeraw_open(lua_State *L);

#endif
