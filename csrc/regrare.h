/*
** regrare.h - register calls that need a network card, or a filter program.
*/
#ifndef uring_regrare_h
#define uring_regrare_h

#include <lua.h>

/* Adds its methods to all rings. */
void regrare_open(lua_State *L);

#endif
