/*
** sqe.h - uring.SQE: one entry of the SQ, from get_sqe to submit.
*/
#ifndef uring_sqe_h
#define uring_sqe_h

#include <lua.h>

/* Makes the type known, adds ring:get_sqe. */
void sqe_open(lua_State *L);

#endif
