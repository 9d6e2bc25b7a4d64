/*
** sqeset.c - what can be set on an SQE besides its row.
*/
#include "sqeset.h"
#include "flags.h"
#include "flight.h"
#include "sqe.h"

/*
** sqe:set_flags(...) -> sqe.  Names ("io_link", "async", ...), lists of
** them, or integers; they replace those that were set, as
** io_uring_sqe_set_flags(3) does.  cqe_skip_success only in a chain.
*/
static int sqe_set_flags(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  uint32_t flags = 0;
  for (int i = 2; i <= lua_gettop(L); i++)
    flags |= flags_check(L, i, "set_flags", FLAGS_SQE);
  if (flags & IOSQE_BUFFER_SELECT & ~(uint32_t)sqe->given)
    return luaL_error(L, "set_flags: set_buf_group selects buffers");
  if ((flags & IOSQE_CQE_SKIP_SUCCESS) && !sqe->staged)
    return luaL_error(L, "set_flags: cqe_skip_success needs ring:chain: the "
                         "CQE of the last op says that this one is over");
  sqe->flags = (uint8_t)(flags | (sqe->fixed ? IOSQE_FIXED_FILE : 0));
  sqe->sqe->flags = sqe->given | sqe->flags;
  lua_settop(L, 1);
  return 1;
}

/* sqe:set_fixed_file() -> sqe, whose descriptor is a slot, see register_files
 */
static int sqe_set_fixed_file(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  sqe->fixed = true;
  sqe->flags |= IOSQE_FIXED_FILE;
  sqe->sqe->flags |= IOSQE_FIXED_FILE;
  lua_settop(L, 1);
  return 1;
}

/*
** sqe:set_ioprio(bits) -> sqe.  For files the priority, as ioprio_set(2) has
** it; for sockets flags such as IORING_RECVSEND_POLL_FIRST, which add to
** those of the row.
*/
static int sqe_set_ioprio(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  lua_Integer bits = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 <= bits && bits <= UINT16_MAX, 2, "out of range");
  luaL_argcheck(L, !(bits & IORING_SEND_VECTORIZED), 2,
                "IORING_SEND_VECTORIZED reads pointers: sendmsg takes several "
                "parts");
  sqe->ioprio |= (uint16_t)bits;
  sqe->sqe->ioprio |= (uint16_t)bits;
  sqe->slot->bundles = sqe->sqe->ioprio & IORING_RECVSEND_BUNDLE;
  lua_settop(L, 1);
  return 1;
}

/*
** sqe:set_personality(id) -> sqe, which acts with the credentials that
** register_personality gave this number
*/
static int sqe_set_personality(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  lua_Integer id = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 <= id && id <= UINT16_MAX, 2, "out of range");
  sqe->personality = (uint16_t)id;
  sqe->sqe->personality = (uint16_t)id;
  lua_settop(L, 1);
  return 1;
}

/*
** sqe:set_data(value) -> sqe.  The value comes back with each CQE of this
** op, unchanged, and is let go after the last.  io_uring_sqe_set_data(3)
*/
static int sqe_set_data(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  lua_settop(L, 2);
  sqe_push_held(L);
  lua_pushvalue(L, 2);
  flight_set_data(L, 3, sqe->slot);
  lua_settop(L, 1);
  return 1;
}

/*
** sqe:set_buf_group(bgid) -> sqe.  Its buffer comes from the BufRing of
** this number, or from what provide_buffers gave; raises where the ring has
** neither.
*/
static int sqe_set_buf_group(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  lua_Integer bgid = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 <= bgid && bgid <= UINT16_MAX, 2,
                "no buffer ring of this ring");
  int32_t before = sqe->bgid;
  sqe->bgid = (int32_t)bgid;
  const char *why = sqe_select(sqe);
  if (why != NULL) {
    sqe->bgid = before;
    return luaL_argerror(L, 2, why);
  }
  lua_settop(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  { "set_buf_group", sqe_set_buf_group },
  { "set_data", sqe_set_data },
  { "set_fixed_file", sqe_set_fixed_file },
  { "set_flags", sqe_set_flags },
  { "set_ioprio", sqe_set_ioprio },
  { "set_personality", sqe_set_personality },
  { NULL, NULL },
};

void sqeset_open(lua_State *L) {
  sqe_add_methods(L, methods);
}
