/*
** clone.h - registered buffers of one ring become those of another.
*/
#ifndef uring_clone_h
#define uring_clone_h

#include <lua.h>

/* Adds its method to all rings. */
void clone_open(lua_State *L);

#endif
