/*
** regring.c - what a ring may do and how: its state, limits and helpers.
*/
#include "regring.h"
#include "fail.h"
#include "fields.h"
#include "flags.h"
#include "luaring.h"
#include "mapping.h"
#include "registers.h"

#include <errno.h>
#include <time.h>

#define RESTRICTIONS_MAX 256

/*
** ring:enable_rings() -> true, or nil, message, code: a ring that was set up
** with r_disabled takes SQEs from now on.  io_uring_enable_rings(3), Linux
** 5.10.
*/
static int enable_rings(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int code =
      kernel_register(&ring->uring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
  if (code >= 0) {
    ring->uring.flags &= ~IORING_SETUP_R_DISABLED;
    ring->params.flags &= ~IORING_SETUP_R_DISABLED;
  }
  return registers_push_done(L, "enable_rings", code);
}

typedef struct {
  struct io_uring_restriction list[RESTRICTIONS_MAX];
  unsigned count;
} Restrictions;

static void restrict_to(lua_State *L, Restrictions *to, uint16_t kind,
                        lua_Integer value, const char *what) {
  if (value < 0 || value > UINT8_MAX)
    luaL_error(L, "register_restrictions: '%s' is out of range", what);
  if (to->count == RESTRICTIONS_MAX)
    luaL_error(L, "register_restrictions: more than %d", RESTRICTIONS_MAX);
  struct io_uring_restriction *next = &to->list[to->count++];
  *next = (struct io_uring_restriction){ .opcode = kind };
  next->register_op = (uint8_t)value;
}

/* The integers of a list in the field of the table at index 2. */
static void read_list(lua_State *L, Restrictions *to, uint16_t kind,
                      const char *name) {
  if (lua_getfield(L, 2, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  if (!lua_istable(L, -1))
    luaL_error(L, "register_restrictions: '%s' must be a list", name);
  lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
  for (lua_Integer i = 1; i <= count; i++) {
    int exact;
    lua_rawgeti(L, -1, i);
    lua_Integer value = lua_tointegerx(L, -1, &exact);
    restrict_to(L, to, kind, exact ? value : -1, name);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void read_flags(lua_State *L, Restrictions *to, uint16_t kind,
                       const char *name) {
  if (lua_getfield(L, 2, name) != LUA_TNIL)
    restrict_to(
        L, to, kind,
        flags_check(L, lua_gettop(L), "register_restrictions", FLAGS_SQE),
        name);
  lua_pop(L, 1);
}

/*
** ring:register_restrictions{register_ops=, sqe_ops=, sqe_flags_allowed=,
** sqe_flags_required=} -> true, or nil, message, code: what this ring may do
** once it is enabled, for good.  The first two are lists of numbers, the
** others flags as for set_flags.  The ring was set up with r_disabled.  What
** it cannot cancel may outlive Lua: its ops copy strings.
** io_uring_register_restrictions(3), Linux 5.10.
*/
static int register_restrictions(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  static const char *const known[] = { "register_ops", "sqe_ops",
                                       "sqe_flags_allowed",
                                       "sqe_flags_required", NULL };
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  fields_check_names(L, 2, "register_restrictions", known);
  Restrictions to;
  to.count = 0;
  read_list(L, &to, IORING_RESTRICTION_REGISTER_OP, "register_ops");
  read_list(L, &to, IORING_RESTRICTION_SQE_OP, "sqe_ops");
  read_flags(L, &to, IORING_RESTRICTION_SQE_FLAGS_ALLOWED, "sqe_flags_allowed");
  read_flags(L, &to, IORING_RESTRICTION_SQE_FLAGS_REQUIRED,
             "sqe_flags_required");
  ring->restricted = true;
  return registers_push_done(L, "register_restrictions",
                             kernel_register(&ring->uring,
                                             IORING_REGISTER_RESTRICTIONS,
                                             to.list, to.count));
}

/*
** ring:register_ring_fd() -> true, or nil, message, code: cheaper enters.
** io_uring_register_ring_fd(3), Linux 5.18.
*/
static int register_ring_fd(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  return registers_push_done(L, "register_ring_fd",
                             mapping_register_fd(&ring->uring));
}

/*
** ring:unregister_ring_fd() -> true, or nil, message, code.
** io_uring_unregister_ring_fd(3)
*/
static int unregister_ring_fd(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  if (ring->uring.ring_fd < 0)
    return luaL_error(L, "unregister_ring_fd: the ring has no descriptor");
  return registers_push_done(L, "unregister_ring_fd",
                             mapping_unregister_fd(&ring->uring));
}

/*
** ring:close_ring_fd() -> true, or nil, message, code: gives the descriptor
** of a ring back that has registered it.  io_uring_close_ring_fd(3), Linux
** 6.3.
*/
static int close_ring_fd(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  return registers_push_done(L, "close_ring_fd",
                             mapping_close_fd(&ring->uring));
}

/*
** ring:resize_rings(entries [, cq_entries]) -> true, or nil, message, code.
** Submits what is in the SQ first; CQEs stay.  The ring is one with
** defer_taskrun and no_sqarray.  io_uring_resize_rings(3), Linux 6.13.
*/
static int resize_rings(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer entries = luaL_checkinteger(L, 2);
  lua_Integer cq_entries = luaL_optinteger(L, 3, 0);
  luaL_argcheck(L, 1 <= entries && entries <= 32768, 2, "out of range");
  luaL_argcheck(L, 0 <= cq_entries && cq_entries <= 65536, 3, "out of range");
  struct io_uring_params params = { .sq_entries = (uint32_t)entries,
                                    .cq_entries = (uint32_t)cq_entries };
  if (cq_entries > 0)
    params.flags |= IORING_SETUP_CQSIZE;
  ring_unpark(ring);
  if ((ring->uring.flags & IORING_SETUP_DEFER_TASKRUN) &&
      !(ring->uring.flags & IORING_SETUP_NO_SQARRAY))
    return fail_push(L, "resize_rings: needs a ring with no_sqarray",
                     EOPNOTSUPP);
  int code = ring_submit(ring);
  if (code >= 0)
    code = mapping_resize(&ring->uring, &params);
  if (code >= 0) {
    ring->params.sq_entries = params.sq_entries;
    ring->params.cq_entries = params.cq_entries;
    ring->params.sq_off = params.sq_off;
    ring->params.cq_off = params.cq_off;
  }
  return registers_push_done(L, "resize_rings", code);
}

/*
** ring:register_clock(name) -> true, or nil, message, code: "monotonic" or
** "boottime", the clock of its waits.  io_uring_register_clock(3), Linux
** 6.12.
*/
static int register_clock(lua_State *L) {
  static const char *const names[] = { "monotonic", "boottime", NULL };
  static const clockid_t clocks[] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME };
  Ring *ring = luaring_check(L, 1);
  int choice = luaL_checkoption(L, 2, NULL, names);
  UapiClock reg = { .clockid = (uint32_t)clocks[choice] };
  return registers_push_done(
      L, "register_clock",
      kernel_register(&ring->uring, IORING_REGISTER_CLOCK, &reg, 0));
}

/*
** ring:register_napi(seconds [, prefer]) -> true, or nil, message, code:
** how long a wait polls network cards, and whether that goes before their
** interrupts.  io_uring_register_napi(3), Linux 6.9.
*/
static int register_napi(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, 0 <= seconds && seconds < 4294, 2, "seconds out of range");
  UapiNapi napi = { .busy_poll_to = (uint32_t)(seconds * 1e6),
                    .prefer_busy_poll = (uint8_t)lua_toboolean(L, 3) };
  return registers_push_done(
      L, "register_napi",
      kernel_register(&ring->uring, IORING_REGISTER_NAPI, &napi, 1));
}

/*
** ring:unregister_napi() -> true, or nil, message, code.
** io_uring_unregister_napi(3)
*/
static int unregister_napi(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  UapiNapi napi = { 0 };
  return registers_push_done(
      L, "unregister_napi",
      kernel_register(&ring->uring, IORING_UNREGISTER_NAPI, &napi, 1));
}

static const luaL_Reg methods[] = {
  { "close_ring_fd", close_ring_fd },
  { "enable_rings", enable_rings },
  { "register_clock", register_clock },
  { "register_napi", register_napi },
  { "register_restrictions", register_restrictions },
  { "register_ring_fd", register_ring_fd },
  { "resize_rings", resize_rings },
  { "unregister_napi", unregister_napi },
  { "unregister_ring_fd", unregister_ring_fd },
  { NULL, NULL },
};

void regring_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
