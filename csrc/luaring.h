/*
** luaring.h - uring.Ring: a ring as Lua sees it.
*/
#ifndef uring_luaring_h
#define uring_luaring_h

#include "ring.h"

#include <lauxlib.h>
#include <lua.h>

#define RING_TYPE "uring.Ring"
#define RING_HELD 1 /* its user value: see flight.h */

/* The ring at an index.  Raises where it is none, or not usable. */
Ring *luaring_check(lua_State *L, int index);
/* Raises: the ring is closed, or another process's. */
void luaring_refuse(lua_State *L, const Ring *ring);
/* Raises where that is so. */
static inline void luaring_check_usable(lua_State *L, const Ring *ring) {
  if (!ring_usable(ring))
    luaring_refuse(L, ring);
}
/* Pushes the table of flight.h of the ring at an index. */
void luaring_push_held(lua_State *L, int index);
/* Pushes nil, message, code for what entering the kernel said. */
int luaring_push_failure(lua_State *L, const char *what, int code);
/* Adds methods to all rings. */
void luaring_add_methods(lua_State *L, const luaL_Reg *methods);
/* Until when a call may wait.  It points into itself: not to be copied. */
typedef struct {
  struct __kernel_timespec time; /* that is left */
  EnterWait wait;
  int64_t end; /* see clock.h */
} LuaDeadline;

/* Seconds from now on, at an index; absent: for ever.  Raises. */
void luaring_check_deadline(lua_State *L, int index, LuaDeadline *deadline);
/* Time has passed; false: there is none left. */
bool luaring_shorten(LuaDeadline *deadline);
/* Makes the type known, adds its functions to the table on the top. */
void luaring_open(lua_State *L);

#endif
