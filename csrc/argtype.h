/*
** argtype.h - whether an argument is a Buffer or a BufRing.
**
** Each type has one metatable in a Lua state.  Its address, once it is known,
** tells as much as its name does, and costs less to compare.
*/
#ifndef uring_argtype_h
#define uring_argtype_h

#include "buffer.h"
#include "luabufring.h"

#include <lua.h>

typedef struct {
  const void *buffer, *bufring; /* the addresses of their metatables */
} ArgTypes;

/* Learns the addresses of a state, whose types are known. */
void argtype_learn(lua_State *L, ArgTypes *types);

/* As buffer_test and luabufring_test; by the name where types is NULL. */
Buffer *argtype_buffer(lua_State *L, int index, const ArgTypes *types);
BufRing *argtype_bufring(lua_State *L, int index, const ArgTypes *types);

#endif
