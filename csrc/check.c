/*
** check.c - what the checks of all kinds of arguments have in common.
*/
#include "check.h"

#include <lauxlib.h>

void check_refuse(lua_State *L, const Source *from, const char *why) {
  luaL_where(L, from->level);
  lua_pushfstring(L, "%s: bad argument '%s' (%s)", from->op->name,
                  from->spec->name, why);
  lua_concat(L, 2);
  lua_error(L);
}

void check_wrong(lua_State *L, const Source *from, const char *expected) {
  const char *got = luaL_typename(L, from->index);
  if (luaL_getmetafield(L, from->index, "__name") == LUA_TSTRING)
    got = lua_tostring(L, -1);
  check_refuse(L, from,
               lua_pushfstring(L, "%s expected, got %s", expected, got));
}
