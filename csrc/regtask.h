/*
** regtask.h - what a ring tells and asks others: events, credentials, workers.
*/
#ifndef uring_regtask_h
#define uring_regtask_h

#include <lua.h>

/* Adds its methods to all rings. */
void regtask_open(lua_State *L);

#endif
