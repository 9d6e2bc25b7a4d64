/*
** futexes.h - uring.Futexes: several futexes to wait for at once.
*/
#ifndef uring_futexes_h
#define uring_futexes_h

#include "mem.h"

#include <lua.h>

#define FUTEXES_TYPE "uring.Futexes"
#define FUTEXES_MAX  128 /* FUTEX_WAITV_MAX */

typedef struct {
  Mem *mem; /* the array of struct futex_waitv; its parts are the Buffers' */
  unsigned count;
} Futexes;

/* The Futexes at an index of the stack, or NULL. */
Futexes *futexes_test(lua_State *L, int index);
/* Makes the type known, adds its functions to the table on the top. */
void futexes_open(lua_State *L);

#endif
