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
#include "step.h"

#include <lauxlib.h>
#include <stdbool.h>

/* What a coroutine yields that waits; a table with the one resumed last. */
#define UP_SENTINEL lua_upvalueindex(1)
#define UP_LAST     lua_upvalueindex(2)

/* How a coroutine came out of being resumed. */
typedef struct {
  bool waits; /* it has yielded the sentinel, which is gone */
  bool ok;    /* it did not fail */
  int count;  /* of the values on its stack, where it does not wait */
} Outcome;

static lua_State *check_thread(lua_State *L, int index) {
  lua_State *thread = lua_tothread(L, index);
  if (thread == NULL)
    luaL_typeerror(L, index, "coroutine");
  return thread;
}

/* Resumes one with so many values from the top of the stack. */
static Outcome go_on(lua_State *L, lua_State *thread, int given,
                     const void *sentinel) {
  Outcome outcome = { .waits = false, .count = 1 };
  if (!lua_checkstack(thread, given)) {
    lua_settop(L, -given - 1);
    lua_pushliteral(L, "too many arguments to resume");
    lua_xmove(L, thread, 1);
    return outcome;
  }
  int there = lua_gettop(thread);
  lua_xmove(L, thread, given);
  if (there > 0 && lua_status(thread) == LUA_OK) /* it is new: see thread.c */
    given += there - 1;
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
      go_on(L, thread, lua_gettop(L) - 1, lua_topointer(L, UP_SENTINEL));
  lua_pushboolean(L, outcome.waits);
  if (outcome.waits)
    return 1;
  lua_pushboolean(L, outcome.ok);
  lua_pushinteger(L, outcome.count);
  return 3;
}

/*
** resume_all(batch, first, filled) resumes those whom a step has named, from
** a place of its table on, each with its value and what comes with it.  Who
** is resumed stands in last[1].  Returns nothing once they have all yielded
** the sentinel; otherwise the place of the first that has not, and the rest
** of what resume returns.
*/
static int resume_all(lua_State *L) {
  const void *sentinel = lua_topointer(L, UP_SENTINEL);
  lua_Integer first = luaL_checkinteger(L, 2);
  lua_Integer filled = luaL_checkinteger(L, 3);
  for (lua_Integer place = first; place < filled; place += STEP_PLACES) {
    lua_settop(L, 3);
    lua_geti(L, 1, place);
    lua_State *thread = check_thread(L, 4);
    lua_pushvalue(L, 4);
    lua_seti(L, UP_LAST, 1);
    lua_geti(L, 1, place + 1);
    lua_geti(L, 1, place + 2);
    Outcome outcome = go_on(L, thread, 2, sentinel);
    if (outcome.waits)
      continue;
    lua_pushinteger(L, place);
    lua_pushboolean(L, outcome.ok);
    lua_pushinteger(L, outcome.count);
    return 3;
  }
  return 0;
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
** resumer(sentinel, last) -> three functions: resume(coroutine, ...),
** resume_all(batch, first, filled), and taken(coroutine, ok, count)
*/
static int resumer(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, resume, 1);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, resume_all, 2);
  lua_pushcfunction(L, taken);
  return 3;
}

static const luaL_Reg functions[] = {
  { "resumer", resumer },
  { NULL, NULL },
};

void resume_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
