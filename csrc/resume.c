/*
** resume.c - resuming coroutines, of which most are to be heard nothing of.
**
** RATIONALE: a coroutine of the loop nearly always waits again, and yields
** the sentinel that says so.  coroutine.resume returns that as it returns
** any number of values, and taking those in Lua costs as much as the resume.
** Here they stay on the coroutine's stack until somebody asks for them.  Who
** is resumed, and when, and what becomes of one that does not wait, is Lua's
** business.
*/
#include "resume.h"

#include <lauxlib.h>

#define UP_SENTINEL lua_upvalueindex(1) /* what one yields that waits */

static lua_State *check_thread(lua_State *L, int index) {
  lua_State *thread = lua_tothread(L, index);
  if (thread == NULL)
    luaL_typeerror(L, index, "coroutine");
  return thread;
}

/*
** How many values wait on a coroutine's stack that were there before it began,
** see thread.c: none where it runs, or has ended.
*/
static int waiting_in(lua_State *thread) {
  lua_Debug frame;
  if (lua_status(thread) != LUA_OK || lua_getstack(thread, 0, &frame))
    return 0;
  int there = lua_gettop(thread);
  return there > 0 ? there - 1 : 0; /* one of them is what it calls */
}

Outcome resume_one(lua_State *L, lua_State *thread, int given,
                   const void *sentinel) {
  Outcome outcome = { .waits = false, .count = 1 };
  if (!lua_checkstack(thread, given)) {
    lua_settop(L, -given - 1);
    lua_pushliteral(L, "too many arguments to resume");
    lua_xmove(L, thread, 1);
    return outcome;
  }
  int waiting = waiting_in(thread);
  lua_xmove(L, thread, given);
  given += waiting;
  int status = lua_resume(thread, L, given, &outcome.count);
  if (status == LUA_YIELD && outcome.count == 1 &&
      lua_topointer(thread, -1) == sentinel) {
    lua_settop(thread, -2);
    outcome.waits = true;
    return outcome;
  }
  outcome.ok = status == LUA_OK || status == LUA_YIELD;
  if (!outcome.ok)
    outcome.count = 1;
  return outcome;
}

/*
** resume(coroutine, ...) -> true where the coroutine has yielded the
** sentinel.  Otherwise false, whether it did not fail, and how many values
** it has for taken(), which is to be called before anything else.
*/
static int resume(lua_State *L) {
  lua_State *thread = check_thread(L, 1);
  Outcome outcome =
      resume_one(L, thread, lua_gettop(L) - 1, lua_topointer(L, UP_SENTINEL));
  lua_pushboolean(L, outcome.waits);
  if (outcome.waits)
    return 1;
  lua_pushboolean(L, outcome.ok);
  lua_pushinteger(L, outcome.count);
  return 3;
}

/*
** taken(coroutine, ok, count) -> what coroutine.resume would have returned:
** ok, and that many values
*/
static int taken(lua_State *L) {
  lua_State *thread = check_thread(L, 1);
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
