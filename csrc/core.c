/*
** core.c - opens the module 'uring.core' and shows the table to Lua.
*/
#include "addr.h"
#include "arg.h"
#include "bind.h"
#include "buffer.h"
#include "bufring.h"
#include "consts.h"
#include "cqe.h"
#include "iovecs.h"
#include "luaring.h"
#include "result.h"
#include "ringinfo.h"
#include "sock.h"
#include "sqe.h"
#include "sys.h"

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void push_arg(lua_State *L, const ArgSpec *spec) {
  lua_createtable(L, 0, 4);
  set_string(L, "name", spec->name);
  set_string(L, "kind", arg_kind_name(spec->kind));
  lua_pushboolean(L, spec->optional);
  lua_setfield(L, -2, "optional");
  lua_pushinteger(L, spec->fallback);
  lua_setfield(L, -2, "default");
}

static void push_args(lua_State *L, const Op *op) {
  lua_newtable(L);
  for (int i = 0; i < OP_ARGS_MAX && op->args[i].name != NULL; i++) {
    push_arg(L, &op->args[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

static void push_row(lua_State *L, const Op *op) {
  lua_createtable(L, 0, 8);
  set_string(L, "name", op->name);
  set_string(L, "summary", op->summary);
  set_string(L, "helper", op->helper);
  set_string(L, "result", result_kind_name(op->result));
  lua_pushfstring(L, "%d.%d", op->since >> 8, op->since & 0xff);
  lua_setfield(L, -2, "since");
  lua_pushinteger(L, op->opcode);
  lua_setfield(L, -2, "opcode");
  lua_pushboolean(L, op->traits & TRAIT_MULTISHOT);
  lua_setfield(L, -2, "multishot");
  push_args(L, op);
  lua_setfield(L, -2, "args");
}

static void push_rows(lua_State *L) {
  lua_createtable(L, (int)OPS_COUNT, 0);
  for (unsigned i = 0; i < OPS_COUNT; i++) {
    push_row(L, &OPS[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

__attribute__((visibility("default"))) int luaopen_uring_core(lua_State *L);

int luaopen_uring_core(lua_State *L) {
  luaL_checkversion(L);
  lua_newtable(L);
  addr_open(L);
  buffer_open(L);
  bufring_open(L);
  consts_open(L);
  iovecs_open(L);
  sock_open(L);
  sys_open(L);
  luaring_open(L);
  ringinfo_open(L);
  sqe_open(L);
  cqe_open(L);
  bind_open(L);
  push_rows(L);
  lua_setfield(L, -2, "ops");
  return 1;
}
