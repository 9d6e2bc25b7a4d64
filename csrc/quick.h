/*
** quick.h - receiving and sending where there is nothing to refuse.
*/
#ifndef uring_quick_h
#define uring_quick_h

#include "starter.h"

/*
** Adds 'receive' and 'transmit' to the table at an index, each where the
** kernel knows its row.
*/
void quick_add(lua_State *L, int table, const Starter *rows, StarterUps ups);

#endif
