/*
** fail.c - errno becomes nil, message, code.
*/
#include "fail.h"

#include <string.h>

int fail_push_reason(lua_State *L, int code) {
  lua_pushstring(L, strerror(code));
  return 1;
}

int fail_push(lua_State *L, const char *what, int code) {
  lua_pushnil(L);
  fail_push_reason(L, code);
  if (what != NULL) {
    lua_pushfstring(L, "%s: %s", what, lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  lua_pushinteger(L, code);
  return 3;
}
