/*
** registers.h - the register calls, as a table for documentation and specs.
*/
#ifndef uring_registers_h
#define uring_registers_h

#include <lua.h>

/* Sets the field "registers" of the table on the top. */
void registers_open(lua_State *L);

#endif
