/*
** submit.h - a ring's ways to submit and wait, also with registered waits.
*/
#ifndef uring_submit_h
#define uring_submit_h

#include <lua.h>

/* Adds its methods to all rings. */
void submit_open(lua_State *L);

#endif
