/*
** result.c - what a CQE says becomes Lua values, by kind.
*/
#include "result.h"

#include <errno.h>
#include <unistd.h>

static const char *const names[] = {
  [RESULT_NONE] = "none", [RESULT_COUNT] = "count",     [RESULT_FD] = "fd",
  [RESULT_MASK] = "mask", [RESULT_EXPIRED] = "expired",
};

const char *result_kind_name(ResultKind kind) {
  return names[kind];
}

lua_Integer result_push(lua_State *L, const Op *op, int res, unsigned flags) {
  if (op->result == RESULT_EXPIRED && res == -ETIME)
    res = 0;
  if (res < 0) {
    lua_pushnil(L);
    return -res;
  }
  if (op->result == RESULT_NONE || op->result == RESULT_EXPIRED)
    lua_pushboolean(L, 1);
  else
    lua_pushinteger(L, res);
  return flags;
}

void result_dispose(const Op *op, int res) {
  if (op->result == RESULT_FD && res >= 0)
    close(res);
}
