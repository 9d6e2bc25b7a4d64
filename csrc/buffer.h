/*
** buffer.h - uring.Buffer: bytes that the kernel may read or fill.
**
** A Buffer owns a share of a Mem, or is a read-only slice of a Lua string,
** which it keeps alive.  Slices share their bytes with what they are of.  A
** view of a buffer ring is a Buffer as well: what it shows stays as it is
** until the view and every slice of it are closed or collected, and no op
** in flight uses them.
*/
#ifndef uring_buffer_h
#define uring_buffer_h

#include "mem.h"

#include <lua.h>

#define BUFFER_TYPE "uring.Buffer"

typedef struct {
  Mem *mem;          /* NULL: a slice of the string in user value 1 */
  const char *bytes; /* NULL: closed */
  size_t size;
} Buffer;

/* The Buffer at an index of the stack, or NULL. */
Buffer *buffer_test(lua_State *L, int index);
/*
** Pushes an empty Buffer: a raise further on finds a whole one.  What is
** put in it is held by it.
*/
Buffer *buffer_push(lua_State *L);
/* Pushes one of so many zero bytes, or raises for want of memory. */
Buffer *buffer_push_new(lua_State *L, size_t size, size_t alignment);
/* Lets go of the bytes before the collector does. */
void buffer_close(Buffer *buffer);
/* Makes the type known, adds its functions to the table on the top. */
void buffer_open(lua_State *L);

#endif
