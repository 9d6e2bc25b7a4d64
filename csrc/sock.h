/*
** sock.h - sockets before they are ready for the ring: made, bound, asked.
*/
#ifndef uring_sock_h
#define uring_sock_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void sock_open(lua_State *L);

#endif
