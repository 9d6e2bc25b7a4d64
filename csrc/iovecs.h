/*
** iovecs.h - uring.Iovecs: several Buffers and strings for one op.
*/
#ifndef uring_iovecs_h
#define uring_iovecs_h

#include "mem.h"

#include <lua.h>
#include <stdbool.h>
#include <sys/uio.h>

#define IOVECS_TYPE "uring.Iovecs"
#define IOVECS_MAX  1024 /* UIO_MAXIOV: what the kernel takes at once */

typedef struct {
  Mem *mem; /* the array of struct iovec; its parts are the Buffers' */
  unsigned count;
  bool writable; /* no strings among them: the kernel may fill them */
} Iovecs;

/* The Iovecs at an index of the stack, or NULL. */
Iovecs *iovecs_test(lua_State *L, int index);
/* Makes the type known, adds its functions to the table on the top. */
void iovecs_open(lua_State *L);

#endif
