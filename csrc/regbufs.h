/*
** regbufs.h - a ring's buffers: registered ones, and buffer rings.
*/
#ifndef uring_regbufs_h
#define uring_regbufs_h

#include <lua.h>

/* Adds its methods to all rings. */
void regbufs_open(lua_State *L);

#endif
