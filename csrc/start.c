/*
** start.c - starting an op for a coroutine: one closure for each row.
**
** An op that is started remembers a thread, which is what its CQE shall
** bring: go.c resumes that.  What a closure needs of its row and ring
** stands in one place, so that nothing is looked up or checked twice.
*/
#include "start.h"
#include "argcheck.h"
#include "fail.h"
#include "flight.h"
#include "quick.h"
#include "starter.h"

#include <errno.h>

#define CALLER 2 /* level of who called the Lua function around us */

/* Starts the op of a slot; false: there is no room, not even to wait. */
static bool launch(Ring *ring, Slot *slot, const Args *args) {
  struct io_uring_sqe *sqe = NULL;
  if (ring->parked == NULL)
    sqe = ring_sqe(ring);
  if (sqe != NULL) {
    flight_prepare(sqe, sizeof *sqe, slot, args);
    return true;
  }
  struct io_uring_sqe parked = { 0 };
  flight_prepare(&parked, sizeof parked, slot, args);
  return ring_park(ring, &parked);
}

/* Checks the arguments of the closure's row, which stand from 'first' on. */
static void check_args(lua_State *L, const Starter *starter, int first,
                       Args *args) {
  Ring *ring = starter->ring;
  args->uring = &ring->uring;
  args->pins = &ring->pins;
  args->copies = ring->restricted;
  args->command = ARG_COMMAND_ROOM;
  luaring_check_usable(L, ring);
  int last = first - 1 + starter->arity;
  if (lua_gettop(L) != last)
    lua_settop(L, last);
  arg_check(L, starter->op, first, CALLER, args);
}

/*
** Starts an op whose arguments stand from 'first' on.  What its CQE shall
** bring stands before them, if they are second; else that is the running
** thread.  NULL: there is no memory for it to wait in line.
*/
static Slot *start(lua_State *L, const Starter *starter, int first) {
  Ring *ring = starter->ring;
  Args args;
  check_args(L, starter, first, &args);
  flight_pin(L, ring, starter->op, &args);
  flight_reserve(L, ring, UP_HELD);
  /* nothing raises from here on */
  Slot *slot = slot_take(&ring->slots, starter->op);
  flight_load(L, UP_HELD, slot, &args);
  if (first == 2) {
    lua_pushvalue(L, 1);
    flight_set_data(L, UP_HELD, slot);
  } else {
    flight_set_running(L, UP_HELD, slot);
  }
  if (launch(ring, slot, &args))
    return slot;
  flight_abandon(L, ring, UP_HELD, slot);
  return NULL;
}

static void refuse_to_wait(lua_State *L) {
  luaL_where(L, CALLER);
  lua_pushliteral(L, "cannot wait for I/O here: not inside a task, or "
                     "called through a C function (table.sort, "
                     "string.gsub, require, a __gc ...)");
  lua_concat(L, 2);
  lua_error(L);
}

/*
** wait.<row>(...) starts an op for the running coroutine, and yields the
** sentinel.  Returns what the coroutine is resumed with, which go.c does with
** what its CQE brings; or nil and an errno where the op could not be started.
** Raises for wrong arguments, and where the coroutine cannot yield.
*/
static int start_here(lua_State *L) {
  if (!lua_isyieldable(L))
    refuse_to_wait(L);
  if (start(L, lua_touserdata(L, UP_STARTER), 1) != NULL) {
    lua_pushvalue(L, UP_SENTINEL);
    return lua_yield(L, 1);
  }
  return fail_push_code(L, ENOMEM);
}

/*
** claim.<row>(handle, flag, ...) is wait.<row>(...), but from when it yields
** handle[flag] is true.  The table has the field already.
*/
static int claim_here(lua_State *L) {
  if (!lua_isyieldable(L))
    refuse_to_wait(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  if (start(L, lua_touserdata(L, UP_STARTER), 3) != NULL) {
    lua_pushvalue(L, 2);
    lua_pushboolean(L, true);
    lua_rawset(L, 1);
    lua_pushvalue(L, UP_SENTINEL);
    return lua_yield(L, 1);
  }
  return fail_push_code(L, ENOMEM);
}

/*
** start_for.<row>(coroutine, ...) starts an op for a coroutine that will
** yield the sentinel, or for nobody: nil.  Returns nil and the op's id, or
** an errno.
*/
static int start_for(lua_State *L) {
  if (!lua_isnil(L, 1))
    luaL_checktype(L, 1, LUA_TTHREAD);
  const Slot *slot = start(L, lua_touserdata(L, UP_STARTER), 2);
  if (slot == NULL) {
    lua_pushinteger(L, ENOMEM);
    return 1;
  }
  lua_pushnil(L);
  lua_pushinteger(L, (lua_Integer)slot_id(slot));
  return 2;
}

static void push_refusal(lua_State *L, int first) {
  Args args;
  const Starter *starter = lua_touserdata(L, UP_STARTER);
  check_args(L, starter, first, &args);
  bool wide = starter->known && (starter->op->traits & TRAIT_WIDE);
  lua_pushinteger(L, wide ? EINVAL : ENOSYS);
}

/*
** wait.<row>(...) where the kernel lacks the opcode -> nil, ENOSYS, or the
** ring wide SQEs -> nil, EINVAL
*/
static int refuse_here(lua_State *L) {
  push_refusal(L, 1);
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* claim.<row>(handle, flag, ...) likewise */
static int refuse_claim(lua_State *L) {
  push_refusal(L, 3);
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* start_for.<row>(coroutine, ...) likewise -> ENOSYS or EINVAL */
static int refuse_for(lua_State *L) {
  push_refusal(L, 2);
  return 1;
}

/*
** fail_op(number, code) -> nil, message, code: an op of the row of that
** number has failed, or could not be started on the ring of a loop, which has
** SQEs of 64 bytes
*/
int start_fail_op(lua_State *L) {
  lua_Integer number = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 1 <= number && number <= OPS_COUNT, 1, "no such row");
  const Op *op = &OPS[number - 1];
  int code = (int)luaL_checkinteger(L, 2);
  if (!(op->traits & TRAIT_WIDE) || code == ENOSYS)
    return fail_push_needing(L, op->name, op->since, code);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: needs an SQE of 128 bytes: see ring:get_sqe128",
                  op->name);
  lua_pushinteger(L, code);
  return 3;
}

static int arity_of(const Op *op) {
  int arity = 0;
  while (arity < OP_ARGS_MAX && op->args[arity].name != NULL)
    arity++;
  return arity;
}

/* The closures of all rows; 'owner' is the Starters. */
static void push_rows(lua_State *L, int ring, int sentinel, int owner,
                      lua_CFunction function, lua_CFunction refusal) {
  const Starter *starters = lua_touserdata(L, owner);
  lua_createtable(L, (int)OPS_COUNT, (int)OPS_COUNT);
  for (unsigned i = 0; i < OPS_COUNT; i++) {
    const Starter *starter = &starters[i];
    bool fits = !(starter->op->traits & TRAIT_WIDE);
    starter_push_ups(L, starter, (StarterUps){ ring, sentinel, owner });
    lua_pushcclosure(L, starter->known && fits ? function : refusal,
                     STARTER_UPS);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, starter->op->name);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

void start_add_rows(lua_State *L, int ring, int sentinel,
                    const bool *supported) {
  int table = lua_gettop(L);
  Starter *starters = lua_newuserdatauv(L, OPS_COUNT * sizeof *starters, 0);
  int owner = lua_gettop(L);
  for (unsigned i = 0; i < OPS_COUNT; i++)
    starters[i] = (Starter){
      .ring = lua_touserdata(L, ring),
      .op = &OPS[i],
      .arity = arity_of(&OPS[i]),
      .known = supported[OPS[i].opcode],
    };
  push_rows(L, ring, sentinel, owner, start_here, refuse_here);
  lua_setfield(L, table, "wait");
  push_rows(L, ring, sentinel, owner, claim_here, refuse_claim);
  lua_setfield(L, table, "claim");
  push_rows(L, ring, sentinel, owner, start_for, refuse_for);
  lua_setfield(L, table, "start_for");
  quick_add(L, table, starters, (StarterUps){ ring, sentinel, owner });
  lua_settop(L, table);
}
