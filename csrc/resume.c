/*
** resume.c - resuming a coroutine of which most often is to hear nothing.
**
** RATIONALE: a coroutine of the loop nearly always waits again, and yields
** the sentinel that says so.  coroutine.resume returns that as it returns
** any number of values, and taking those in Lua costs as much as the resume.
** Here they stay on the coroutine's stack until somebody asks for them.  Who
** is resumed, and when, is Lua's business.
*/
#include "resume.h"

#include <lauxlib.h>
#include <stdbool.h>

#define UP_SENTINEL lua_upvalueindex(1)

static lua_State *check_thread(lua_State *L) {
  lua_State *thread = lua_tothread(L, 1);
  if (thread == NULL)
    luaL_typeerror(L, 1, "coroutine");
  return thread;
}

/*
** resume(coroutine, ...) -> true where the coroutine has yielded the
** sentinel.  Otherwise false, whether it did not fail, and how many values
** it has for taken(), which is to be called before anything else.
*/
static int resume(lua_State *L) {
  lua_State *thread = check_thread(L);
  int given = lua_gettop(L) - 1;
  if (!lua_checkstack(thread, given))
    return luaL_error(L, "too many arguments to resume");
  lua_xmove(L, thread, given);
  int count;
  int status = lua_resume(thread, L, given, &count);
  if (status == LUA_YIELD && count == 1 &&
      lua_topointer(thread, -1) == lua_topointer(L, UP_SENTINEL)) {
    lua_settop(thread, -2);
    lua_pushboolean(L, 1);
    return 1;
  }
  bool ok = status == LUA_OK || status == LUA_YIELD;
  lua_pushboolean(L, 0);
  lua_pushboolean(L, ok);
  lua_pushinteger(L, ok ? count : 1);
  return 3;
}

/*
** taken(coroutine, ok, count) -> what coroutine.resume would have returned:
** ok, and that many values
*/
static int taken(lua_State *L) {
  lua_State *thread = check_thread(L);
  int count = (int)luaL_checkinteger(L, 3);
  lua_settop(L, 2);
  if (!lua_checkstack(L, count)) {
    lua_settop(thread, -count - 1);
    lua_pushboolean(L, 0);
    lua_pushliteral(L, "too many results to resume");
    return 2;
  }
  lua_xmove(thread, L, count);
  return 1 + count;
}

/*
** resumer(sentinel) -> two functions: resume(coroutine, ...) and
** taken(coroutine, ok, count)
*/
static int resumer(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushcclosure(L, resume, 1);
  lua_pushcfunction(L, taken);
  return 2;
}

static const luaL_Reg functions[] = {
  { "resumer", resumer },
  { NULL, NULL },
};

void resume_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
