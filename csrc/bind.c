/*
** bind.c - a ring as the loop uses it: what starts ops (start.c), one step,
** and who is in flight.
*/
#include "bind.h"
#include "fail.h"
#include "flight.h"
#include "go.h"
#include "luaring.h"
#include "start.h"
#include "step.h"

#define UP_RING STEP_RING
#define UP_HELD STEP_HELD

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

/* A closure over all three arguments, as a field of what bind returns. */
static void add(lua_State *L, const char *name, lua_CFunction function) {
  lua_pushvalue(L, 1);
  luaring_push_held(L, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_pushcclosure(L, function, 4);
  lua_setfield(L, 4, name);
}

/*
** bind(ring, sentinel, last) -> {wait = {[row] = function},
** claim = {[row] = function},
** start_for = {[row] = function}, receive = function, transmit = function,
** step = function, go = function, take = function, ids = function,
** flights = function, ids_on = function, living = function}, or nil, message,
** code.  Rows go by their names and their numbers; receive and transmit are
** there where the kernel can do them.
*/
static int bind_ring(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  bool supported[RING_OPCODES];
  int code = ring_probe(ring, supported);
  if (code < 0)
    return fail_push(L, "probe", -code);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  lua_createtable(L, 0, 12);
  start_add_rows(L, 1, 2, supported);
  add(L, "step", step_turn);
  add(L, "go", go_on);
  add(L, "take", go_take);
  add(L, "ids", ids_of);
  add(L, "flights", flights_of);
  add(L, "ids_on", ids_on);
  add(L, "living", living_of);
  return 1;
}

static const luaL_Reg functions[] = {
  { "bind", bind_ring },
  { "fail_op", start_fail_op },
  { NULL, NULL },
};

void bind_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
