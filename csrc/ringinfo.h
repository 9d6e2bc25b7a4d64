/*
** ringinfo.h - what a ring tells about itself: parameters, features, counts.
*/
#ifndef uring_ringinfo_h
#define uring_ringinfo_h

#include <lua.h>

/* Adds the methods to all rings. */
void ringinfo_open(lua_State *L);

#endif
