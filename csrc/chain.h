/*
** chain.h - uring.Chain: ops that run one after the other.
*/
#ifndef uring_chain_h
#define uring_chain_h

#include <lua.h>

/* Makes the type known. */
void chain_open(lua_State *L);

#endif
