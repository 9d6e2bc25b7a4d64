/*
** luabufring.h - uring.BufRing: buffers that the kernel picks from (bgid).
*/
#ifndef uring_luabufring_h
#define uring_luabufring_h

#include "bufring.h"

#include <lua.h>

#define BUFRING_TYPE "uring.BufRing"

/* The BufRing at an index of the stack, or NULL. */
BufRing *luabufring_test(lua_State *L, int index);
/* Pushes the userdata for one; what is put in it is held by it. */
BufRing **luabufring_push(lua_State *L);
/*
** Pushes a Buffer of bytes of a buffer that a CQE has lent, or is about to:
** what goes back when it is closed.  May raise, and has shown nothing then.
*/
void luabufring_push_view(lua_State *L, BufRing *ring, uint32_t bid,
                          const char *bytes, uint32_t size);
/*
** Pushes so many bytes that a CQE is about to lend: as a string, or where
** the ring is for views and they are in one buffer, as a view.
*/
void luabufring_push_ahead(lua_State *L, BufRing *ring, unsigned cqe_flags,
                           uint32_t size, bool bundle);
/* Makes the type known. */
void luabufring_open(lua_State *L);

#endif
