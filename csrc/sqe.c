/*
** sqe.c - uring.SQE: one entry of the SQ, from get_sqe to submit.
**
** The userdata holds its ring (user value 1) and the epoch in which it was
** made.  A submit starts a new epoch: from then on the kernel owns the
** entry, and touching it raises.
*/
#include "sqe.h"
#include "argcheck.h"
#include "flight.h"
#include "luaring.h"

#include <string.h>

#define SQE_RING 1

static const Op *const NOP = &OPS[0];

/* A row that needs 128 bytes and takes no arguments: nop128. */
static const Op *wide_nop(void) {
  const Op *op = OPS;
  while (!(op->traits & TRAIT_WIDE) || op->args[0].name != NULL)
    op++;
  return op;
}

/* Two entries of 64 bytes: the kernel takes them for one only by the opcode. */
static bool is_double(const Sqe *sqe) {
  return sqe->size == 128 && !(sqe->ring->uring.flags & IORING_SETUP_SQE128);
}

static bool is_fresh(const Sqe *sqe) {
  return sqe->sqe != NULL && (sqe->staged || sqe->epoch == sqe->ring->epoch);
}

Sqe *sqe_check_fresh(lua_State *L) {
  Sqe *sqe = luaL_checkudata(L, 1, SQE_TYPE);
  luaring_check_usable(L, sqe->ring);
  if (!is_fresh(sqe))
    luaL_error(L, "stale SQE: it was submitted");
  return sqe;
}

void sqe_push_held(lua_State *L) {
  lua_getiuservalue(L, 1, SQE_RING);
  luaring_push_held(L, -1);
  lua_remove(L, -2);
}

/* Pushes the userdata, of which nothing is in the SQ yet. */
static Sqe *push_empty(lua_State *L, int index, size_t staged) {
  Ring *ring = luaring_check(L, index);
  Sqe *sqe = lua_newuserdatauv(L, sizeof *sqe + staged, 1);
  *sqe = (Sqe){ .ring = ring, .epoch = ring->epoch, .size = 64, .bgid = -1 };
  luaL_setmetatable(L, SQE_TYPE);
  lua_pushvalue(L, index);
  lua_setiuservalue(L, -2, SQE_RING);
  luaring_push_held(L, index);
  flight_reserve(L, ring, lua_gettop(L));
  lua_pop(L, 1);
  return sqe;
}

/* Makes it the nop that it is until a row is prepared; it is on the top. */
static void start_nop(lua_State *L, int index, Sqe *sqe) {
  sqe->slot = slot_take(&sqe->ring->slots, is_double(sqe) ? wide_nop() : NOP);
  Args nothing = { .mem_count = 0 };
  flight_prepare(sqe->sqe, sqe->size, sqe->slot, &nothing);
  luaring_push_held(L, index);
  lua_pushnil(L);
  flight_set_data(L, lua_gettop(L) - 1, sqe->slot);
  lua_pop(L, 1);
}

static bool is_wide(const Ring *ring) {
  return ring->uring.flags & IORING_SETUP_SQE128;
}

/*
** ring:get_sqe() -> SQE, or nil where the SQ is full: submit, then ask
** again.  Submitted as it is, it completes as a nop.  io_uring_get_sqe(3)
*/
static int ring_get_sqe(lua_State *L) {
  Sqe *sqe = push_empty(L, 1, 0);
  sqe->sqe = enter_sqe(&sqe->ring->uring);
  if (is_wide(sqe->ring))
    sqe->size = 128;
  if (sqe->sqe == NULL)
    lua_pushnil(L);
  else
    start_nop(L, 1, sqe);
  return 1;
}

static void check_can_be_wide(lua_State *L, const Ring *ring) {
  if (!is_wide(ring) && !(ring->uring.flags & IORING_SETUP_SQE_MIXED))
    luaL_error(L, "get_sqe128: the ring was set up with neither sqe128 nor "
                  "sqe_mixed");
}

/*
** ring:get_sqe128() -> SQE of 128 bytes, or nil where the SQ has no room.
** The ring is one with sqe128 or sqe_mixed.  io_uring_get_sqe128(3)
*/
static int ring_get_sqe128(lua_State *L) {
  check_can_be_wide(L, luaring_check(L, 1));
  Sqe *sqe = push_empty(L, 1, 0);
  sqe->sqe = enter_sqe128(&sqe->ring->uring);
  sqe->size = 128;
  if (sqe->sqe == NULL)
    lua_pushnil(L);
  else
    start_nop(L, 1, sqe);
  return 1;
}

void sqe_push_staged(lua_State *L, int ring, bool wide) {
  if (wide)
    check_can_be_wide(L, luaring_check(L, ring));
  Sqe *sqe = push_empty(L, ring, 2 * sizeof sqe->stage[0]);
  sqe->sqe = sqe->stage;
  sqe->staged = true;
  sqe->size = wide || is_wide(sqe->ring) ? 128 : 64;
  start_nop(L, ring, sqe);
  sqe->slot->staged = true;
}

unsigned sqe_entries(const Sqe *sqe) {
  if (sqe->size == 64 || is_wide(sqe->ring))
    return 1;
  return 3; /* two, and one to fill the SQ up before them */
}

void sqe_commit(Sqe *sqe, uint8_t link) {
  struct io_uring *uring = &sqe->ring->uring;
  struct io_uring_sqe *place =
      sqe->size == 128 ? enter_sqe128(uring) : enter_sqe(uring);
  memcpy(place, sqe->stage, sqe->size);
  place->flags |= link;
  sqe->slot->staged = false;
  sqe->slot->skips = place->flags & IOSQE_CQE_SKIP_SUCCESS;
  sqe->sqe = NULL;
  sqe->slot = NULL;
}

void sqe_abandon(lua_State *L, int held, Sqe *sqe) {
  flight_abandon(L, sqe->ring, held, sqe->slot);
  sqe->sqe = NULL;
  sqe->slot = NULL;
}

/*
** Where a buffer is consumed piece by piece, the kernel says only how much it
** has filled, and may have taken all that was asked for.  So an op asks for
** what is left, and what it fills must be one piece.
*/
static const char *select_pieces(Sqe *sqe, const BufRing *bufring) {
  const Op *op = sqe->slot->op;
  for (int i = 0; i < OP_ARGS_MAX && op->args[i].name != NULL; i++)
    if (op->args[i].kind == ARG_VECTOR || op->args[i].kind == ARG_MSGOUT)
      return "an incremental buffer ring is not for vectors";
  if (sqe->sqe->msg_flags & MSG_WAITALL)
    return "an incremental buffer ring is not for MSG_WAITALL";
  if (!(op->traits & (TRAIT_MULTISHOT | TRAIT_BUNDLE)))
    sqe->sqe->len = bufring->shape.size;
  return NULL;
}

const char *sqe_select(Sqe *sqe) {
  Slot *slot = sqe->slot;
  uint16_t bgid = (uint16_t)sqe->bgid;
  BufRing *bufring = ring_find_bufring(sqe->ring, bgid);
  const char *why = NULL;
  if (bufring == NULL && !pins_has_group(&sqe->ring->pins, bgid))
    return "no buffer ring of this ring";
  if (bufring != NULL && bufring->shape.incremental)
    why = select_pieces(sqe, bufring);
  if (why != NULL)
    return why;
  if (bufring != NULL && slot->bufring != bufring) {
    if (slot->mem_count == SLOT_MEMS)
      return "set too often";
    slot_hold(slot, bufring->mem);
  }
  slot->bufring = bufring;
  sqe->given |= IOSQE_BUFFER_SELECT;
  sqe->sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->sqe->buf_group = bgid;
  return NULL;
}

/* What was set before the row was prepared. */
static void apply_settings(Sqe *sqe) {
  sqe->sqe->flags |= sqe->flags;
  sqe->sqe->ioprio |= sqe->ioprio;
  sqe->slot->bundles = sqe->sqe->ioprio & IORING_RECVSEND_BUNDLE;
  sqe->sqe->personality = sqe->personality;
  if (sqe->bgid >= 0 && sqe->slot->bufring == NULL)
    sqe_select(sqe);
}

static void check_size(lua_State *L, const Sqe *sqe, const Op *op) {
  if ((op->traits & TRAIT_WIDE) && sqe->size == 64)
    luaL_error(L, "%s: needs an SQE of 128 bytes (ring:get_sqe128)", op->name);
  if (!(op->traits & TRAIT_WIDE) && is_double(sqe))
    luaL_error(L, "%s: needs an SQE of 64 bytes (ring:get_sqe)", op->name);
}

/*
** sqe:prep_<row>(...) -> id, which cancel takes.  One function serves every
** row; its row is upvalue 1.  What was set before stays, but for a group of
** buffers where the row has its own.
*/
static int sqe_prep(lua_State *L) {
  const Op *op = lua_touserdata(L, lua_upvalueindex(1));
  Sqe *sqe = sqe_check_fresh(L);
  Args args;
  args.uring = &sqe->ring->uring;
  args.pins = &sqe->ring->pins;
  args.copies = sqe->ring->restricted;
  args.command = sqe->size == 128 ? ARG_COMMAND_ROOM_WIDE : ARG_COMMAND_ROOM;
  lua_settop(L, 1 + OP_ARGS_MAX);
  arg_check(L, op, 2, 1, &args);
  check_size(L, sqe, op);
  flight_pin(L, sqe->ring, op, &args);
  sqe_push_held(L);
  int held = lua_gettop(L);
  flight_unload(L, held, sqe->slot); /* of an earlier prep */
  sqe->slot->op = op;
  flight_load(L, held, sqe->slot, &args);
  flight_prepare(sqe->sqe, sqe->size, sqe->slot, &args);
  sqe->given = sqe->sqe->flags;
  apply_settings(sqe);
  lua_pushinteger(L, (lua_Integer)slot_id(sqe->slot));
  return 1;
}

/* sqe:id() -> what prep returned */
static int sqe_id(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)slot_id(sqe_check_fresh(L)->slot));
  return 1;
}

/* tostring(sqe) -> "uring.SQE (recv)" or "uring.SQE (stale)" */
static int sqe_tostring(lua_State *L) {
  const Sqe *sqe = luaL_checkudata(L, 1, SQE_TYPE);
  bool fresh = sqe->sqe != NULL && sqe->ring->open && is_fresh(sqe);
  lua_pushfstring(L, "%s (%s)", SQE_TYPE,
                  fresh ? sqe->slot->op->name : "stale");
  return 1;
}

static const luaL_Reg ring_methods[] = {
  { "get_sqe", ring_get_sqe },
  { "get_sqe128", ring_get_sqe128 },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "id", sqe_id },
  { NULL, NULL },
};

void sqe_add_methods(lua_State *L, const luaL_Reg *more) {
  luaL_getmetatable(L, SQE_TYPE);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, more, 0);
  lua_pop(L, 2);
}

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
