/*
** start.h - starting an op for a coroutine: one closure for each row.
*/
#ifndef uring_start_h
#define uring_start_h

#include "luaring.h"

/* The function 'fail_op' of uring.core. */
int start_fail_op(lua_State *L);
/*
** Adds two tables of closures, by the name and by the number of a row, to
** the table on the top: 'wait' and 'start_for'.  The ring is at one index,
** what a coroutine yields that waits at another.
*/
void start_add_rows(lua_State *L, int ring, int sentinel,
                    const bool *supported);

#endif
