/*
** fields.c - tables of named fields, as functions take them for options.
*/
#include "fields.h"

#include <lauxlib.h>
#include <string.h>

void fields_check_names(lua_State *L, int index, const char *what,
                        const char *const known[]) {
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    const char *name =
        lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    int i = 0;
    while (known[i] != NULL && strcmp(known[i], name) != 0)
      i++;
    if (known[i] == NULL)
      luaL_error(L, "%s: unknown field '%s'", what, name);
  }
}

lua_Integer fields_integer(lua_State *L, int index, const char *what,
                           const char *name, lua_Integer absent,
                           lua_Integer least, lua_Integer most) {
  int exact = 1;
  lua_getfield(L, index, name);
  bool given = !lua_isnil(L, -1);
  lua_Integer value = given ? lua_tointegerx(L, -1, &exact) : absent;
  if (!exact || (given && (value < least || value > most)))
    luaL_error(L, "%s: '%s' is out of range", what, name);
  lua_pop(L, 1);
  return value;
}

bool fields_boolean(lua_State *L, int index, const char *what,
                    const char *name) {
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
    luaL_error(L, "%s: '%s' must be a boolean", what, name);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}
