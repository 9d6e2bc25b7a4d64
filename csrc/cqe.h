/*
** cqe.h - uring.CQE: what the CQ says, one entry at a time or all in a row.
*/
#ifndef uring_cqe_h
#define uring_cqe_h

#include <lua.h>

/* Makes the type known, adds the methods that take CQEs to all rings. */
void cqe_open(lua_State *L);

#endif
