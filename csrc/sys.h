/*
** sys.h - the few system calls that have no opcode, or none everywhere.
*/
#ifndef uring_sys_h
#define uring_sys_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void sys_open(lua_State *L);

#endif
