/*
** thread.c - coroutines that have what they begin with.
**
** RATIONALE: coroutine.create takes a function and no arguments, which then
** wait in a table until the coroutine is resumed for the first time.  Its own
** stack has room for them.
*/
#include "thread.h"

#include <lauxlib.h>

/*
** thread(body, ...) -> a coroutine that calls body(...): resume of a resumer
** starts it without a value
*/
static int thread(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  int count = lua_gettop(L);
  lua_State *made = lua_newthread(L);
  if (!lua_checkstack(made, count))
    return luaL_error(L, "too many arguments");
  lua_insert(L, 1);
  lua_xmove(L, made, count);
  return 1;
}

static const luaL_Reg functions[] = {
  { "thread", thread },
  { NULL, NULL },
};

void thread_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
