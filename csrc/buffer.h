/*
** buffer.h - uring.Buffer: bytes that the kernel may read or fill.
**
** A Buffer owns a share of a Mem, or is a read-only slice of a Lua string,
** which it keeps alive.  Slices share their bytes with what they are of.
*/
#ifndef uring_buffer_h
#define uring_buffer_h

#include "mem.h"

#include <lua.h>

#define BUFFER_TYPE "uring.Buffer"

typedef struct {
  Mem *mem; /* NULL: a slice of the string in user value 1 */
  const char *bytes;
  size_t size;
} Buffer;

/* The Buffer at an index of the stack, or NULL. */
Buffer *buffer_test(lua_State *L, int index);
/* Makes the type known, adds its functions to the table on the top. */
void buffer_open(lua_State *L);

#endif
