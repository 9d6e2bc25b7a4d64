/*
** start.h - starting an op for a coroutine: one closure for each row.
*/
#ifndef uring_start_h
#define uring_start_h

#include "luaring.h"

/*
** Adds two tables of closures, by the name and by the number of a row, to
** the table on the top: 'wait' and 'start_for'.  The ring is at one index,
** what a coroutine yields that waits at another.
*/
void start_add_rows(lua_State *L, int ring, int sentinel,
                    const bool *supported);

#endif
