/*
** argtype.c - whether an argument is a Buffer or a BufRing.
*/
#include "argtype.h"

#include <lauxlib.h>

static const void *metatable_of(lua_State *L, const char *type) {
  luaL_getmetatable(L, type);
  const void *metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  return metatable;
}

void argtype_learn(lua_State *L, ArgTypes *types) {
  types->buffer = metatable_of(L, BUFFER_TYPE);
  types->bufring = metatable_of(L, BUFRING_TYPE);
}

/* The userdata at an index that has this metatable, or NULL. */
static void *test(lua_State *L, int index, const void *metatable) {
  void *userdata = lua_touserdata(L, index);
  if (userdata == NULL || !lua_getmetatable(L, index))
    return NULL;
  bool same = lua_topointer(L, -1) == metatable;
  lua_pop(L, 1);
  return same ? userdata : NULL;
}

Buffer *argtype_buffer(lua_State *L, int index, const ArgTypes *types) {
  if (types == NULL)
    return buffer_test(L, index);
  return test(L, index, types->buffer);
}

BufRing *argtype_bufring(lua_State *L, int index, const ArgTypes *types) {
  if (types == NULL)
    return luabufring_test(L, index);
  BufRing **box = test(L, index, types->bufring);
  return box != NULL ? *box : NULL;
}
