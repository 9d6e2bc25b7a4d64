/*
** sqe.c - uring.SQE: one entry of the SQ, from get_sqe to submit.
**
** The userdata holds its ring (user value 1) and the epoch in which it was
** made.  A submit starts a new epoch: from then on the kernel owns the
** entry, and touching it raises.
*/
#include "sqe.h"
#include "flags.h"
#include "flight.h"
#include "luaring.h"

#define SQE_TYPE "uring.SQE"
#define SQE_RING 1

typedef struct {
  Ring *ring;
  struct io_uring_sqe *sqe;
  Slot *slot;
  uint32_t epoch;
} Sqe;

static const Op *const NOP = &OPS[0];

/* Checks the SQE at index 1 and leaves its ring's table in 'held'. */
static Sqe *check_fresh(lua_State *L) {
  Sqe *sqe = luaL_checkudata(L, 1, SQE_TYPE);
  luaring_check_usable(L, sqe->ring);
  if (sqe->sqe == NULL || sqe->epoch != sqe->ring->epoch)
    luaL_error(L, "stale SQE: it was submitted");
  return sqe;
}

static void push_held(lua_State *L) {
  lua_getiuservalue(L, 1, SQE_RING);
  luaring_push_held(L, -1);
  lua_remove(L, -2);
}

/*
** ring:get_sqe() -> SQE, or nil where the SQ is full: submit, then ask
** again.  Submitted as it is, it completes as a nop.  io_uring_get_sqe(3)
*/
static int ring_get_sqe(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  Sqe *sqe = lua_newuserdatauv(L, sizeof *sqe, 1);
  *sqe = (Sqe){ .ring = ring };
  luaL_setmetatable(L, SQE_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, SQE_RING);
  luaring_push_held(L, 1);
  flight_reserve(L, ring, lua_gettop(L));
  sqe->sqe = io_uring_get_sqe(&ring->uring);
  if (sqe->sqe == NULL) {
    lua_pushnil(L);
    return 1;
  }
  sqe->slot = slot_take(&ring->slots, NOP);
  sqe->epoch = ring->epoch;
  Args nothing = { .mem_count = 0 };
  flight_prepare(sqe->sqe, sqe->slot, &nothing);
  lua_pushnil(L);
  flight_set_data(L, lua_gettop(L) - 1, sqe->slot);
  lua_pop(L, 1);
  return 1;
}

/*
** sqe:prep_<row>(...) -> id, which cancel takes.  One function serves every
** row; its row is upvalue 1.  Flags that were set before are cleared, as
** liburing's helpers do; data stays.
*/
static int sqe_prep(lua_State *L) {
  const Op *op = lua_touserdata(L, lua_upvalueindex(1));
  Sqe *sqe = check_fresh(L);
  Args args;
  args.uring = &sqe->ring->uring;
  lua_settop(L, 1 + OP_ARGS_MAX);
  arg_check(L, op, 2, 1, &args);
  push_held(L);
  int held = lua_gettop(L);
  flight_unload(L, held, sqe->slot); /* of an earlier prep */
  sqe->slot->op = op;
  flight_load(L, held, sqe->slot, &args);
  flight_prepare(sqe->sqe, sqe->slot, &args);
  lua_pushinteger(L, (lua_Integer)slot_id(sqe->slot));
  return 1;
}

/*
** sqe:set_flags(...) -> sqe.  Names ("io_link", "async", ...), lists of
** them, or integers; they replace those that were set, as
** io_uring_sqe_set_flags(3) does.
*/
static int sqe_set_flags(lua_State *L) {
  Sqe *sqe = check_fresh(L);
  uint32_t flags = 0;
  for (int i = 2; i <= lua_gettop(L); i++)
    flags |= flags_check(L, i, "set_flags", FLAGS_SQE);
  if (sqe->slot->bufring != NULL)
    flags |= IOSQE_BUFFER_SELECT;
  else if (flags & IOSQE_BUFFER_SELECT)
    return luaL_error(L, "set_flags: set_buf_group selects buffers");
  sqe->sqe->flags = (uint8_t)flags;
  lua_settop(L, 1);
  return 1;
}

/*
** sqe:set_data(value) -> sqe.  The value comes back with each CQE of this
** op, unchanged, and is let go after the last.  io_uring_sqe_set_data(3)
*/
static int sqe_set_data(lua_State *L) {
  Sqe *sqe = check_fresh(L);
  lua_settop(L, 2);
  push_held(L);
  lua_pushvalue(L, 2);
  flight_set_data(L, 3, sqe->slot);
  lua_settop(L, 1);
  return 1;
}

/*
** sqe:set_buf_group(bgid) -> sqe.  Its buffer comes from the BufRing of
** this number; raises where the ring has none.
*/
static int sqe_set_buf_group(lua_State *L) {
  Sqe *sqe = check_fresh(L);
  lua_Integer bgid = luaL_checkinteger(L, 2);
  BufRing *bufring = NULL;
  if (0 <= bgid && bgid <= UINT16_MAX)
    bufring = ring_find_bufring(sqe->ring, (uint16_t)bgid);
  if (bufring == NULL)
    return luaL_argerror(L, 2, "no buffer ring of this ring");
  luaL_argcheck(L, sqe->slot->mem_count < SLOT_MEMS, 2, "set too often");
  if (sqe->slot->bufring != bufring)
    slot_hold(sqe->slot, bufring->mem);
  sqe->slot->bufring = bufring;
  sqe->sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->sqe->buf_group = (uint16_t)bgid;
  lua_settop(L, 1);
  return 1;
}

/* sqe:id() -> what prep returned */
static int sqe_id(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)slot_id(check_fresh(L)->slot));
  return 1;
}

/* tostring(sqe) -> "uring.SQE (recv)" or "uring.SQE (stale)" */
static int sqe_tostring(lua_State *L) {
  const Sqe *sqe = luaL_checkudata(L, 1, SQE_TYPE);
  int fresh =
      sqe->sqe != NULL && sqe->ring->open && sqe->epoch == sqe->ring->epoch;
  lua_pushfstring(L, "%s (%s)", SQE_TYPE,
                  fresh ? sqe->slot->op->name : "stale");
  return 1;
}

static const luaL_Reg ring_methods[] = {
  { "get_sqe", ring_get_sqe },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "id", sqe_id },
  { "set_buf_group", sqe_set_buf_group },
  { "set_data", sqe_set_data },
  { "set_flags", sqe_set_flags },
  { NULL, NULL },
};

void sqe_open(lua_State *L) {
  luaL_newmetatable(L, SQE_TYPE);
  lua_pushcfunction(L, sqe_tostring);
  lua_setfield(L, -2, "__tostring");
  luaL_newlib(L, methods);
  for (unsigned i = 0; i < OPS_COUNT; i++) {
    lua_pushfstring(L, "prep_%s", OPS[i].name);
    lua_pushlightuserdata(L, (void *)&OPS[i]);
    lua_pushcclosure(L, sqe_prep, 1);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaring_add_methods(L, ring_methods);
}
