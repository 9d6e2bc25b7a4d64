/*
** registers.h - the register calls, as a table for documentation and specs.
*/
#ifndef uring_registers_h
#define uring_registers_h

#include <lua.h>

/*
** Pushes nil, message, code for a call that failed, by the last part of its
** name: which kernel it needs, where this one is too old.  Returns 3.
*/
int registers_push_failure(lua_State *L, const char *call, int code);
/* Pushes true, or that for a negative code.  Returns how many. */
int registers_push_done(lua_State *L, const char *call, int code);
/* Sets the field "registers" of the table on the top. */
void registers_open(lua_State *L);

#endif
