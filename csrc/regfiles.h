/*
** regfiles.h - a ring's registered files: slots that ops use as descriptors.
*/
#ifndef uring_regfiles_h
#define uring_regfiles_h

#include <lua.h>

/* Adds its methods to all rings. */
void regfiles_open(lua_State *L);

#endif
