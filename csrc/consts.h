/*
** consts.h - the numbers of the UAPI, by their full names.
*/
#ifndef uring_consts_h
#define uring_consts_h

#include <lua.h>

/* Adds the tables 'consts' and 'errnos' to the table on the top. */
void consts_open(lua_State *L);

#endif
