/*
** flags.c - flags by name: "single_issuer", {"io_link", "async"}, or a number.
*/
#include "flags.h"
#include "compat.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

const Flag FLAGS_SETUP[] = {
  { "iopoll", IORING_SETUP_IOPOLL },
  { "sqpoll", IORING_SETUP_SQPOLL },
  { "sq_aff", IORING_SETUP_SQ_AFF },
  { "cqsize", IORING_SETUP_CQSIZE },
  { "clamp", IORING_SETUP_CLAMP },
  { "attach_wq", IORING_SETUP_ATTACH_WQ },
  { "r_disabled", IORING_SETUP_R_DISABLED },
  { "submit_all", IORING_SETUP_SUBMIT_ALL },
  { "coop_taskrun", IORING_SETUP_COOP_TASKRUN },
  { "taskrun_flag", IORING_SETUP_TASKRUN_FLAG },
  { "sqe128", IORING_SETUP_SQE128 },
  { "cqe32", IORING_SETUP_CQE32 },
  { "single_issuer", IORING_SETUP_SINGLE_ISSUER },
  { "defer_taskrun", IORING_SETUP_DEFER_TASKRUN },
  { "no_mmap", IORING_SETUP_NO_MMAP },
  { "registered_fd_only", IORING_SETUP_REGISTERED_FD_ONLY },
  { "no_sqarray", IORING_SETUP_NO_SQARRAY },
  { "hybrid_iopoll", IORING_SETUP_HYBRID_IOPOLL },
  { "cqe_mixed", IORING_SETUP_CQE_MIXED },
  { "sqe_mixed", IORING_SETUP_SQE_MIXED },
  { "sq_rewind", IORING_SETUP_SQ_REWIND },
  { NULL, 0 },
};

const Flag FLAGS_SQE[] = {
  { "fixed_file", IOSQE_FIXED_FILE },
  { "io_drain", IOSQE_IO_DRAIN },
  { "io_link", IOSQE_IO_LINK },
  { "io_hardlink", IOSQE_IO_HARDLINK },
  { "async", IOSQE_ASYNC },
  { "buffer_select", IOSQE_BUFFER_SELECT },
  { "cqe_skip_success", IOSQE_CQE_SKIP_SUCCESS },
  { NULL, 0 },
};

const Flag FLAGS_CQE[] = {
  { "buffer", IORING_CQE_F_BUFFER },
  { "more", IORING_CQE_F_MORE },
  { "sock_nonempty", IORING_CQE_F_SOCK_NONEMPTY },
  { "notif", IORING_CQE_F_NOTIF },
  { "buf_more", IORING_CQE_F_BUF_MORE },
  { "skip", IORING_CQE_F_SKIP },
  { "32", IORING_CQE_F_32 },
  { NULL, 0 },
};

const Flag FLAGS_FEATURE[] = {
  { "single_mmap", IORING_FEAT_SINGLE_MMAP },
  { "nodrop", IORING_FEAT_NODROP },
  { "submit_stable", IORING_FEAT_SUBMIT_STABLE },
  { "rw_cur_pos", IORING_FEAT_RW_CUR_POS },
  { "cur_personality", IORING_FEAT_CUR_PERSONALITY },
  { "fast_poll", IORING_FEAT_FAST_POLL },
  { "poll_32bits", IORING_FEAT_POLL_32BITS },
  { "sqpoll_nonfixed", IORING_FEAT_SQPOLL_NONFIXED },
  { "ext_arg", IORING_FEAT_EXT_ARG },
  { "native_workers", IORING_FEAT_NATIVE_WORKERS },
  { "rsrc_tags", IORING_FEAT_RSRC_TAGS },
  { "cqe_skip", IORING_FEAT_CQE_SKIP },
  { "linked_file", IORING_FEAT_LINKED_FILE },
  { "reg_reg_ring", IORING_FEAT_REG_REG_RING },
  { "recvsend_bundle", IORING_FEAT_RECVSEND_BUNDLE },
  { "min_timeout", IORING_FEAT_MIN_TIMEOUT },
  { "rw_attr", IORING_FEAT_RW_ATTR },
  { "no_iowait", IORING_FEAT_NO_IOWAIT },
  { NULL, 0 },
};

static uint32_t bit_of(lua_State *L, int index, const char *what,
                       const Flag *list) {
  const char *name = lua_tostring(L, index);
  for (const Flag *flag = list; flag->name != NULL; flag++)
    if (name != NULL && strcmp(flag->name, name) == 0)
      return flag->value;
  luaL_error(L, "%s: unknown flag '%s'", what, luaL_tolstring(L, index, NULL));
  return 0;
}

static uint32_t bits_of_integer(lua_State *L, int index, const char *what,
                                const Flag *list) {
  lua_Integer bits = lua_tointeger(L, index);
  lua_Integer known = 0;
  for (const Flag *flag = list; flag->name != NULL; flag++)
    known |= flag->value;
  if ((bits & ~known) != 0) {
    char hex[32];
    snprintf(hex, sizeof hex, "0x%llx", (unsigned long long)(bits & ~known));
    luaL_error(L, "%s: unknown flags %s", what, hex);
  }
  return (uint32_t)bits;
}

uint32_t flags_check(lua_State *L, int index, const char *what,
                     const Flag *list) {
  if (lua_isnil(L, index))
    return 0;
  if (lua_isinteger(L, index))
    return bits_of_integer(L, index, what, list);
  if (!lua_istable(L, index))
    return bit_of(L, index, what, list);
  uint32_t bits = 0;
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, index, i);
    bits |= bit_of(L, lua_gettop(L), what, list);
    lua_pop(L, 1);
  }
  return bits;
}

void flags_push(lua_State *L, uint32_t bits, const Flag *list) {
  lua_newtable(L);
  for (const Flag *flag = list; flag->name != NULL; flag++)
    if (bits & flag->value) {
      lua_pushboolean(L, 1);
      lua_setfield(L, -2, flag->name);
    }
}
