/*
** usertype.h - types of userdata that are told by an address, which costs less
** than their name: it is the registry's key of their metatable.
*/
#ifndef uring_usertype_h
#define uring_usertype_h

#include <lua.h>
#include <stdbool.h>

/* The metatable on the top is that of the type with this address. */
static inline void usertype_set(lua_State *L, const void *type) {
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

/* The userdata of this type at an index of the stack, or NULL. */
static inline void *usertype_test(lua_State *L, int index, const void *type) {
  void *userdata = lua_touserdata(L, index);
  if (userdata == NULL || !lua_getmetatable(L, index))
    return NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? userdata : NULL;
}

#endif
