/*
** quick.h - receiving and sending where there is nothing to refuse.
*/
#ifndef uring_quick_h
#define uring_quick_h

#include "starter.h"

/* Adds its functions to the table on the top. */
void quick_open(lua_State *L);
/*
** Adds 'receive' and 'transmit' to the table at an index, each where the
** kernel knows its row.
*/
void quick_add(lua_State *L, int table, const Starter *rows, StarterUps ups);

#endif
