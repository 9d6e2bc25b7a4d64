/*
** bind.c - a ring as the loop uses it: one closure for each row, one step.
**
** An op that is started remembers the running thread, which is what its
** CQE shall bring: step.c hands it over, and Lua resumes.  C resumes
** nothing.  The closures hold the ring and its table as upvalues, so that
** nothing is looked up or checked twice.
*/
#include "bind.h"
#include "argcheck.h"
#include "fail.h"
#include "flight.h"
#include "luaring.h"
#include "step.h"

#include <errno.h>

#define UP_RING  STEP_RING
#define UP_HELD  STEP_HELD
#define UP_OP    lua_upvalueindex(3)
#define UP_KNOWN lua_upvalueindex(4)
#define CALLER   2 /* level of who called the Lua function around us */
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
static void check_args(lua_State *L, Ring *ring, int first, Args *args) {
  args->uring = &ring->uring;
  args->pins = &ring->pins;
  args->copies = ring->restricted;
  args->command = ARG_COMMAND_ROOM;
  luaring_check_usable(L, ring);
  lua_settop(L, first - 1 + OP_ARGS_MAX);
  arg_check(L, lua_touserdata(L, UP_OP), first, CALLER, args);
}

/*
** Starts an op whose arguments stand from 'first' on; before them, what its
** CQE shall bring.  Without it, that is the running thread.
*/
static int start(lua_State *L, int first) {
  Ring *ring = lua_touserdata(L, UP_RING);
  const Op *op = lua_touserdata(L, UP_OP);
  Args args;
  check_args(L, ring, first, &args);
  flight_pin(L, ring, op, &args);
  flight_reserve(L, ring, UP_HELD);
  /* nothing raises from here on */
  Slot *slot = slot_take(&ring->slots, op);
  flight_load(L, UP_HELD, slot, &args);
  if (first == 1)
    lua_pushthread(L);
  else
    lua_pushvalue(L, 1);
  flight_set_data(L, UP_HELD, slot);
  lua_pushnil(L);
  lua_pushinteger(L, (lua_Integer)slot_id(slot));
  if (launch(ring, slot, &args))
    return 2;
  flight_abandon(L, ring, UP_HELD, slot);
  lua_pushinteger(L, ENOMEM);
  return 1;
}

/*
** start.<row>(...) starts an op for the running coroutine, which must
** yield then: a step will name it.  Returns nil and the op's id, or an errno
** where the op could not be started.  Raises for wrong arguments, and where
** the coroutine cannot yield.
*/
static int start_here(lua_State *L) {
  if (!lua_isyieldable(L)) {
    luaL_where(L, CALLER);
    lua_pushliteral(L, "cannot wait for I/O here: not inside a task, or "
                       "called through a C function (table.sort, "
                       "string.gsub, require, a __gc ...)");
    lua_concat(L, 2);
    return lua_error(L);
  }
  return start(L, 1);
}

/*
** start_for.<row>(coroutine, ...) starts an op for a coroutine that has
** yielded or not begun, or for nobody: nil.  Returns nil and the op's id,
** or an errno.
*/
static int start_for(lua_State *L) {
  if (!lua_isnil(L, 1))
    luaL_checktype(L, 1, LUA_TTHREAD);
  return start(L, 2);
}

static int refuse(lua_State *L, int first) {
  Args args;
  const Op *op = lua_touserdata(L, UP_OP);
  check_args(L, lua_touserdata(L, UP_RING), first, &args);
  bool known = lua_toboolean(L, UP_KNOWN);
  lua_pushinteger(L, known && (op->traits & TRAIT_WIDE) ? EINVAL : ENOSYS);
  return 1;
}

/*
** start.<row>(...) where the kernel lacks the opcode -> ENOSYS, or the ring
** wide SQEs -> EINVAL
*/
static int refuse_here(lua_State *L) {
  return refuse(L, 1);
}

/* start_for.<row>(coroutine, ...) likewise */
static int refuse_for(lua_State *L) {
  return refuse(L, 2);
}

/*
** ids(threads) -> the ids of the ops that these coroutines wait for, but
** for those that end in any case.
** threads is a set: [coroutine] = true.  One walk over what is in flight.
*/
static int ids_of(lua_State *L) {
  const Ring *ring = lua_touserdata(L, UP_RING);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_newtable(L);
  const Slot *slot;
  lua_Integer count = 0;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;) {
    flight_push_data(L, UP_HELD, slot);
    bool asked = !lua_isnil(L, -1) && lua_rawget(L, 1) != LUA_TNIL &&
                 !(slot->op->traits & TRAIT_SURE);
    lua_pop(L, 1);
    if (!asked)
      continue;
    lua_pushinteger(L, (lua_Integer)slot_id(slot));
    lua_rawseti(L, 2, ++count);
  }
  return 1;
}

/* ids_on(fd) -> the ids of the ops in flight on a descriptor */
static int ids_on(lua_State *L) {
  const Ring *ring = lua_touserdata(L, UP_RING);
  lua_Integer fd = luaL_checkinteger(L, 1);
  lua_newtable(L);
  const Slot *slot;
  lua_Integer count = 0;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;)
    if (slot->op->args[0].kind == ARG_FD && slot->fd == fd &&
        !(slot->op->traits & TRAIT_SURE)) {
      lua_pushinteger(L, (lua_Integer)slot_id(slot));
      lua_rawseti(L, -2, ++count);
    }
  return 1;
}

/* living(ids) -> those of the ids whose ops are in flight yet */
static int living_of(lua_State *L) {
  const Ring *ring = lua_touserdata(L, UP_RING);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_newtable(L);
  lua_Integer count = 0;
  for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
    if (slot_find(&ring->slots, (uint64_t)lua_tointeger(L, -1)) != NULL)
      lua_rawseti(L, -2, ++count);
    else
      lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return 1;
}

/*
** flights() -> a list of {thread=, name=, fd=}, one for each op for which a
** coroutine waits; fd where it has one.
*/
static int flights_of(lua_State *L) {
  const Ring *ring = lua_touserdata(L, UP_RING);
  lua_newtable(L);
  const Slot *slot;
  lua_Integer count = 0;
  for (uint32_t i = 0; (slot = slot_next_live(&ring->slots, &i)) != NULL;) {
    lua_createtable(L, 0, 3);
    flight_push_data(L, UP_HELD, slot);
    bool waits = lua_isthread(L, -1);
    lua_setfield(L, -2, "thread");
    lua_pushstring(L, slot->op->name);
    lua_setfield(L, -2, "name");
    if (slot->op->args[0].kind == ARG_FD) {
      lua_pushinteger(L, slot->fd);
      lua_setfield(L, -2, "fd");
    }
    if (waits)
      lua_rawseti(L, 1, ++count);
    else
      lua_pop(L, 1);
  }
  return 1;
}

static void push_closure(lua_State *L, lua_CFunction function, const Op *op,
                         bool known) {
  lua_pushvalue(L, 1);
  luaring_push_held(L, 1);
  lua_pushlightuserdata(L, (void *)op);
  lua_pushboolean(L, known);
  lua_pushcclosure(L, function, 4);
}

static void push_rows(lua_State *L, const bool *supported,
                      lua_CFunction function, lua_CFunction refusal) {
  lua_createtable(L, 0, (int)OPS_COUNT);
  for (unsigned i = 0; i < OPS_COUNT; i++) {
    bool known = supported[OPS[i].opcode];
    bool fits = !(OPS[i].traits & TRAIT_WIDE);
    push_closure(L, known && fits ? function : refusal, &OPS[i], known);
    lua_setfield(L, -2, OPS[i].name);
  }
}

/*
** bind(ring) -> {start = {[row] = function},
** start_for = {[row] = function}, step = function, ids = function,
** flights = function, ids_on = function, living = function}, or nil,
** message, code
*/
static int bind_ring(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  bool supported[RING_OPCODES];
  int code = ring_probe(ring, supported);
  if (code < 0)
    return fail_push(L, "probe", -code);
  lua_settop(L, 1);
  lua_createtable(L, 0, 7);
  push_rows(L, supported, start_here, refuse_here);
  lua_setfield(L, 2, "start");
  push_rows(L, supported, start_for, refuse_for);
  lua_setfield(L, 2, "start_for");
  push_closure(L, step_turn, NULL, true);
  lua_setfield(L, 2, "step");
  push_closure(L, ids_of, NULL, true);
  lua_setfield(L, 2, "ids");
  push_closure(L, flights_of, NULL, true);
  lua_setfield(L, 2, "flights");
  push_closure(L, ids_on, NULL, true);
  lua_setfield(L, 2, "ids_on");
  push_closure(L, living_of, NULL, true);
  lua_setfield(L, 2, "living");
  return 1;
}

static const luaL_Reg functions[] = {
  { "bind", bind_ring },
  { NULL, NULL },
};

void bind_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
