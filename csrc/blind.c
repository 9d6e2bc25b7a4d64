/*
** blind.c - register calls that need no ring.
*/
#include "blind.h"
#include "flags.h"
#include "registers.h"
#include "slot.h"

#include "kernel.h"

#include <lauxlib.h>
#include <limits.h>

/*
** register_sync_msg(fd, res, data [, flags]) -> true, or nil, message, code:
** posts a CQE to the ring of a descriptor without a ring of one's own, as
** the row msg_ring does.  io_uring_register_sync_msg(3), Linux 6.13.
*/
static int blind_sync_msg(lua_State *L) {
  lua_Integer fd = luaL_checkinteger(L, 1);
  lua_Integer res = luaL_checkinteger(L, 2);
  lua_Integer data = luaL_checkinteger(L, 3);
  lua_Integer flags = luaL_optinteger(L, 4, 0);
  luaL_argcheck(L, 0 <= fd && fd <= INT_MAX, 1, "not a descriptor");
  luaL_argcheck(L, INT_MIN <= res && res <= INT_MAX, 2, "out of range");
  luaL_argcheck(L, !slot_is_id((uint64_t)data), 3, "out of range");
  luaL_argcheck(L, 0 <= flags && flags <= UINT32_MAX, 4, "out of range");
  struct io_uring_sqe sqe = { 0 };
  io_uring_prep_msg_ring(&sqe, (int)fd, (unsigned)res, (uint64_t)data,
                         (unsigned)flags);
  int code = kernel_register_blind(IORING_REGISTER_SEND_MSG_RING, &sqe, 1);
  if (code < 0)
    return registers_push_failure(L, "register_sync_msg", -code);
  lua_pushboolean(L, 1);
  return 1;
}

static void set_integer(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_names(lua_State *L, const char *name, uint64_t bits,
                      const Flag *list) {
  flags_push(L, (uint32_t)bits, list);
  lua_setfield(L, -2, name);
}

/*
** register_query() -> {request_opcodes=, register_opcodes=, query_opcodes=,
** features={}, setup_flags={}, sqe_flags={}, enter_flags=}, what this kernel
** has: counts of opcodes, sets of names; or nil, message, code.
** io_uring_register_query(3), Linux 6.18.
*/
static int blind_query(lua_State *L) {
  UapiQueryOpcodes found = { 0 };
  UapiQueryHeader header = { .query_op = IO_URING_QUERY_OPCODES,
                             .query_data = (uintptr_t)&found,
                             .size = sizeof found };
  int code = kernel_register_blind(IORING_REGISTER_QUERY, &header, 0);
  if (code >= 0 && header.result < 0)
    code = header.result;
  if (code < 0)
    return registers_push_failure(L, "register_query", -code);
  lua_createtable(L, 0, 7);
  set_integer(L, "request_opcodes", found.request_opcodes);
  set_integer(L, "register_opcodes", found.register_opcodes);
  set_integer(L, "query_opcodes", found.query_opcodes);
  set_integer(L, "enter_flags", found.enter_flags);
  set_names(L, "features", found.feature_flags, FLAGS_FEATURE);
  set_names(L, "setup_flags", found.setup_flags, FLAGS_SETUP);
  set_names(L, "sqe_flags", found.sqe_flags, FLAGS_SQE);
  return 1;
}

static const luaL_Reg functions[] = {
  { "register_query", blind_query },
  { "register_sync_msg", blind_sync_msg },
  { NULL, NULL },
};

void blind_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
