/*
** core.c - opens the module 'uring.core' and shows the table to Lua.
*/
#include "addr.h"
#include "argcheck.h"
#include "bind.h"
#include "blind.h"
#include "buffer.h"
#include "cached.h"
#include "chain.h"
#include "clone.h"
#include "consts.h"
#include "cqe.h"
#include "fork.h"
#include "futexes.h"
#include "inotify.h"
#include "interrupt.h"
#include "iovecs.h"
#include "luabufring.h"
#include "luaring.h"
#include "msg.h"
#include "offload.h"
#include "regbufs.h"
#include "regfiles.h"
#include "registers.h"
#include "regrare.h"
#include "regring.h"
#include "regtask.h"
#include "result.h"
#include "resume.h"
#include "ringinfo.h"
#include "signals.h"
#include "sock.h"
#include "sockpath.h"
#include "spawn.h"
#include "sqe.h"
#include "sqeraw.h"
#include "sqeset.h"
#include "status.h"
#include "submit.h"
#include "sys.h"
#include "thread.h"
#include "widen.h"
#include "writer.h"

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
  lua_createtable(L, 0, 12);
  lua_pushinteger(L, op - OPS + 1);
  lua_setfield(L, -2, "number");
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
  lua_pushboolean(L, op->traits & TRAIT_NOTIF);
  lua_setfield(L, -2, "notif");
  lua_pushboolean(L, op->traits & TRAIT_WIDE);
  lua_setfield(L, -2, "wide");
  lua_pushboolean(L, op->traits & TRAIT_SURE);
  lua_setfield(L, -2, "sure");
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
  luabufring_open(L);
  consts_open(L);
  iovecs_open(L);
  msg_open(L);
  futexes_open(L);
  sock_open(L);
  sockpath_open(L);
  sys_open(L);
  cached_open(L);
  status_open(L);
  widen_open(L);
  signals_open(L);
  spawn_open(L);
  fork_open(L);
  interrupt_open(L);
  inotify_open(L);
  offload_open(L);
  blind_open(L);
  registers_open(L);
  luaring_open(L);
  ringinfo_open(L);
  submit_open(L);
  regbufs_open(L);
  clone_open(L);
  regfiles_open(L);
  regring_open(L);
  regtask_open(L);
  regrare_open(L);
  sqe_open(L);
  sqeset_open(L);
  sqeraw_open(L);
  chain_open(L);
  cqe_open(L);
  bind_open(L);
  writer_open(L);
  resume_open(L);
  thread_open(L);
  push_rows(L);
  lua_setfield(L, -2, "ops");
  return 1;
}
