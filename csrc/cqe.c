/*
** cqe.c - uring.CQE: what the CQ says, one entry at a time or all in a row.
*/
#include "cqe.h"
#include "flags.h"
#include "flight.h"
#include "luaring.h"

#include <errno.h>
#include <string.h>

#define CQE_TYPE "uring.CQE"
#define CQE_DATA 1

typedef struct {
  const Ring *ring; /* only compared */
  uint32_t position;
  uint32_t flags;
  int32_t res;
  bool is_big;
  uint64_t big[2]; /* of a CQE of 32 bytes */
} Cqe;

static uint32_t head_of(const Ring *ring) {
  return *ring->uring.cq.khead;
}

/* The buffer that the CQE at the head lends becomes ours, once. */
static void lend_once(Ring *ring, const Slot *slot,
                      const struct io_uring_cqe *cqe) {
  if (slot == NULL || ring->lent_at == head_of(ring) + 1)
    return;
  ring->lent_at = head_of(ring) + 1;
  ring_lend(ring, slot, cqe);
}

/*
** The CQE at the head.  A zero-copy send that a broken link has cancelled
** notifies all the same, after its last CQE: of that nobody hears.
*/
static struct io_uring_cqe *peek(Ring *ring) {
  struct io_uring_cqe *cqe;
  while ((cqe = enter_peek(&ring->uring)) != NULL &&
         (cqe->flags & IORING_CQE_F_NOTIF) && slot_is_id(cqe->user_data) &&
         ring_slot_of(ring, cqe) == NULL)
    enter_seen(&ring->uring, cqe);
  return cqe;
}

/*
** Pushes what set_data gave the op; for a CQE that no SQE of this ring
** announced (msg_ring), its 64-bit user_data.
*/
static void push_data(lua_State *L, int held, const Slot *slot,
                      const struct io_uring_cqe *cqe) {
  if (slot != NULL)
    flight_push_data(L, held, slot);
  else
    lua_pushinteger(L, (lua_Integer)cqe->user_data);
}

/* Advances the CQ over the CQE at its head. */
static void take(lua_State *L, Ring *ring, int held, struct io_uring_cqe *cqe,
                 Slot *slot) {
  int final = !(cqe->flags & IORING_CQE_F_MORE);
  enter_seen(&ring->uring, cqe);
  if (slot != NULL && final)
    flight_land(L, ring, held, slot);
}

/* Pushes the CQE at the head as a userdata, which stays at the head. */
static void push_cqe(lua_State *L, Ring *ring, struct io_uring_cqe *cqe) {
  Cqe *copy = lua_newuserdatauv(L, sizeof *copy, 1);
  *copy = (Cqe){ .ring = ring,
                 .position = head_of(ring),
                 .flags = cqe->flags,
                 .res = cqe->res };
  copy->is_big = (ring->uring.flags & IORING_SETUP_CQE32) ||
                 ((ring->uring.flags & IORING_SETUP_CQE_MIXED) &&
                  (cqe->flags & IORING_CQE_F_32));
  if (copy->is_big)
    memcpy(copy->big, cqe->big_cqe, sizeof copy->big);
  luaL_setmetatable(L, CQE_TYPE);
  const Slot *slot = ring_slot_of(ring, cqe);
  lend_once(ring, slot, cqe);
  luaring_push_held(L, 1);
  push_data(L, lua_gettop(L), slot, cqe);
  lua_setiuservalue(L, -3, CQE_DATA);
  lua_pop(L, 1);
}

/*
** ring:peek_cqe() -> CQE at the head of the CQ, or nil: there is none.  Enters
** the kernel only where the ring says that it must: one with defer_taskrun
** and without taskrun_flag shows what submit or a wait has brought.
*/
static int ring_peek_cqe(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  struct io_uring_cqe *cqe = peek(ring);
  if (cqe != NULL)
    push_cqe(L, ring, cqe);
  else
    lua_pushnil(L);
  return 1;
}

/*
** ring:wait_cqe([seconds]) -> CQE; nil, "timeout", ETIMEDOUT; or nil,
** message, code.  Submits nothing.  io_uring_wait_cqe_timeout(3)
*/
static int ring_wait_cqe(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  LuaDeadline deadline;
  luaring_check_deadline(L, 2, &deadline);
  struct io_uring_cqe *cqe;
  while ((cqe = peek(ring)) == NULL) {
    int code = enter_wait(&ring->uring, 1, &deadline.wait);
    if (code >= 0 && !luaring_shorten(&deadline))
      code = -ETIME;
    if (code < 0)
      return luaring_push_failure(L, "wait_cqe", -code);
  }
  push_cqe(L, ring, cqe);
  return 1;
}

/*
** ring:cqe_seen(cqe) gives the entry at the head back to the kernel; the
** op is over if it was its last.  Each CQE once.  io_uring_cqe_seen(3)
*/
static int ring_cqe_seen(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  const Cqe *seen = luaL_checkudata(L, 2, CQE_TYPE);
  if (seen->ring != ring)
    return luaL_argerror(L, 2, "a CQE of another ring");
  struct io_uring_cqe *cqe = peek(ring);
  if (seen->position != head_of(ring) || cqe == NULL)
    return luaL_argerror(L, 2, "this CQE was seen already");
  luaring_push_held(L, 1);
  take(L, ring, lua_gettop(L), cqe, ring_slot_of(ring, cqe));
  return 0;
}

/* One step of cqes(): res, flags, data of the next CQE, and it is taken. */
static int next_cqe(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  struct io_uring_cqe *cqe = peek(ring);
  if (cqe == NULL)
    return 0;
  Slot *slot = ring_slot_of(ring, cqe);
  lend_once(ring, slot, cqe);
  lua_settop(L, 1);
  luaring_push_held(L, 1);
  lua_pushinteger(L, cqe->res);
  lua_pushinteger(L, cqe->flags);
  push_data(L, 2, slot, cqe);
  take(L, ring, 2, cqe, slot);
  return 3;
}

/*
** for res, flags, data in ring:cqes() do ... end takes every CQE that is
** there, without an object for each.  res comes first: data may be nil.
*/
static int ring_cqes(lua_State *L) {
  luaring_check(L, 1);
  lua_pushcfunction(L, next_cqe);
  lua_pushvalue(L, 1);
  return 2;
}

static Cqe *check_self(lua_State *L) {
  return luaL_checkudata(L, 1, CQE_TYPE);
}

/* cqe:more() -> whether the op will post further CQEs */
static int cqe_more(lua_State *L) {
  lua_pushboolean(L, (check_self(L)->flags & IORING_CQE_F_MORE) != 0);
  return 1;
}

/* cqe:notif() -> whether this is the notification of a zero-copy send */
static int cqe_notif(lua_State *L) {
  lua_pushboolean(L, (check_self(L)->flags & IORING_CQE_F_NOTIF) != 0);
  return 1;
}

/* cqe:buffer_id() -> the bid of the buffer it lends, or nil */
static int cqe_buffer_id(lua_State *L) {
  const Cqe *cqe = check_self(L);
  if (cqe->flags & IORING_CQE_F_BUFFER)
    lua_pushinteger(L, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
  else
    lua_pushnil(L);
  return 1;
}

/*
** cqe:big() -> two integers, the further 16 bytes of a CQE of 32 bytes; or
** nil: this one has but 16 (see the setup flags cqe32 and cqe_mixed)
*/
static int cqe_big(lua_State *L) {
  const Cqe *cqe = check_self(L);
  if (!cqe->is_big)
    return 0;
  lua_pushinteger(L, (lua_Integer)cqe->big[0]);
  lua_pushinteger(L, (lua_Integer)cqe->big[1]);
  return 2;
}

/* cqe.data, cqe.res, cqe.flags; methods are upvalue 1 */
static int cqe_index(lua_State *L) {
  const Cqe *cqe = check_self(L);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "res") == 0)
    lua_pushinteger(L, cqe->res);
  else if (strcmp(key, "flags") == 0)
    lua_pushinteger(L, cqe->flags);
  else if (strcmp(key, "data") == 0)
    lua_getiuservalue(L, 1, CQE_DATA);
  else
    lua_getfield(L, lua_upvalueindex(1), key);
  return 1;
}

/* tostring(cqe) -> "uring.CQE (res 5, flags 0)" */
static int cqe_tostring(lua_State *L) {
  const Cqe *cqe = check_self(L);
  lua_pushfstring(L, "%s (res %d, flags %d)", CQE_TYPE, (int)cqe->res,
                  (int)cqe->flags);
  return 1;
}

/* cqe_flag_names(flags) -> the set of IORING_CQE_F_* names */
static int cqe_flag_names(lua_State *L) {
  flags_push(L, (uint32_t)luaL_checkinteger(L, 1), FLAGS_CQE);
  return 1;
}

static const luaL_Reg functions[] = {
  { "cqe_flag_names", cqe_flag_names },
  { NULL, NULL },
};

static const luaL_Reg ring_methods[] = {
  { "cqe_seen", ring_cqe_seen },
  { "cqes", ring_cqes },
  { "peek_cqe", ring_peek_cqe },
  { "wait_cqe", ring_wait_cqe },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "big", cqe_big },   { "buffer_id", cqe_buffer_id },
  { "more", cqe_more }, { "notif", cqe_notif },
  { NULL, NULL },
};

void cqe_open(lua_State *L) {
  luaL_newmetatable(L, CQE_TYPE);
  lua_pushcfunction(L, cqe_tostring);
  lua_setfield(L, -2, "__tostring");
  luaL_newlib(L, methods);
  lua_pushcclosure(L, cqe_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaring_add_methods(L, ring_methods);
  luaL_setfuncs(L, functions, 0);
}
