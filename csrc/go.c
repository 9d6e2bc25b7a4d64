/*
** go.c - whoever waits for what has completed goes on.
**
** Each CQE is taken off the CQ just before its coroutine is resumed.  What is
** not taken stays in the CQ, also where a coroutine closes the ring, which
** drains it.
*/
#include "go.h"
#include "luaring.h"
#include "resume.h"
#include "step.h"
#include "take.h"

/* The stack of what follows: the ring's table, who was last, a Going. */
#define HELD  1
#define LAST  2
#define GOING 3

typedef struct {
  Taking taking;
  const void *sentinel;
  Outcome outcome;
} Going;

/* Resumes who stands below what it gets; false: it is on the top yet. */
static bool wakes(lua_State *L, Going *going, lua_State *thread) {
  lua_pushvalue(L, -3);
  lua_seti(L, LAST, 1); /* see flight.c */
  going->outcome = resume_one(L, thread, 2, going->sentinel);
  if (!going->outcome.waits)
    return false;
  lua_settop(L, -2);
  return true;
}

/* False: one that does not wait again is on the top. */
static bool wake_all(lua_State *L, Going *going, bool guarded) {
  lua_State *thread;
  while ((thread = take_next(L, HELD, &going->taking, guarded)) != NULL)
    if (!wakes(L, going, thread))
      return false;
  return true;
}

/* In a protected call, with the three as arguments; likewise. */
static int guarded_wake_all(lua_State *L) {
  return wake_all(L, lua_touserdata(L, GOING), true) ? 0 : 1;
}

/*
** The same from a CQE in hand on, whose value may raise for want of memory:
** that fails this op alone.
*/
static bool wake_guarded(lua_State *L, Going *going) {
  lua_pushcfunction(L, guarded_wake_all);
  for (int i = HELD; i <= GOING; i++)
    lua_pushvalue(L, i);
  if (lua_pcall(L, GOING, LUA_MULTRET, 0) == LUA_OK)
    return lua_gettop(L) == GOING;
  lua_settop(L, GOING);
  if (going->taking.slot == NULL)
    return true;
  lua_State *thread = take_failed(L, HELD, &going->taking);
  return thread == NULL || wakes(L, going, thread);
}

/* Of as many CQEs as argument 1 says. */
static Taking taking_of(lua_State *L, struct io_uring_cqe *cqe) {
  lua_Integer left = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 0 <= left && left <= UINT32_MAX, 1, "out of range");
  return (Taking){
    .ring = lua_touserdata(L, STEP_RING),
    .left = (unsigned)left,
    .cqe = cqe,
  };
}

/*
** go(left) takes so many completions, at most, and resumes who waits for
** them, with a value and what comes with it.  Who is resumed stands in
** last[1].  Returns nothing once they have all yielded the sentinel;
** otherwise how many are left, the first that has not, whether it did not
** fail, and how many values it has for taken().
*/
int go_on(lua_State *L) {
  struct io_uring_cqe cqe;
  Going going = {
    .taking = taking_of(L, &cqe),
    .sentinel = lua_topointer(L, GO_SENTINEL),
  };
  lua_settop(L, 0);
  lua_pushvalue(L, STEP_HELD);
  lua_pushvalue(L, GO_LAST);
  lua_pushlightuserdata(L, &going);
  bool all;
  do {
    all = wake_all(L, &going, false);
    if (all && going.taking.slot != NULL)
      all = wake_guarded(L, &going);
  } while (all && going.taking.left > 0);
  if (all)
    return 0;
  lua_pushinteger(L, going.taking.left);
  lua_insert(L, -2);
  lua_pushboolean(L, going.outcome.ok);
  lua_pushinteger(L, going.outcome.count);
  return 4;
}

/* In a protected call: one, with what it gets. */
static int guarded_take(lua_State *L) {
  Taking *taking = lua_touserdata(L, 2);
  return take_next(L, HELD, taking, true) != NULL ? 3 : 0;
}

/* The same from a CQE in hand on; false: there is none, and nothing pushed. */
static bool take_guarded(lua_State *L, Taking *taking) {
  int top = lua_gettop(L);
  lua_pushcfunction(L, guarded_take);
  lua_pushvalue(L, HELD);
  lua_pushlightuserdata(L, taking);
  if (lua_pcall(L, 2, LUA_MULTRET, 0) == LUA_OK)
    return lua_gettop(L) > top;
  lua_settop(L, top);
  return taking->slot != NULL && take_failed(L, HELD, taking) != NULL;
}

/*
** take(left) takes a completion for which a coroutine waits, and resumes
** nobody -> how many are left, the coroutine, its value, and what comes with
** it; or nothing, where there is none
*/
int go_take(lua_State *L) {
  struct io_uring_cqe cqe;
  Taking taking = taking_of(L, &cqe);
  lua_settop(L, 0);
  lua_pushvalue(L, STEP_HELD);
  bool found;
  do {
    found = take_next(L, HELD, &taking, false) != NULL;
    if (!found && taking.slot != NULL)
      found = take_guarded(L, &taking);
  } while (!found && taking.left > 0);
  if (!found)
    return 0;
  lua_pushinteger(L, taking.left);
  lua_insert(L, HELD + 1);
  return 4;
}
