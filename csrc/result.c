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

/* What the kernel says to itself when a signal or a cancel interrupts it. */
#define ERESTARTSYS           512
#define ERESTART_RESTARTBLOCK 516

static int errno_of(int res) {
  int code = -res;
  return ERESTARTSYS <= code && code <= ERESTART_RESTARTBLOCK ? EINTR : code;
}

lua_Integer result_push(lua_State *L, const Op *op, int res, unsigned flags) {
  if (op->result == RESULT_EXPIRED && res == -ETIME)
    res = 0;
  if (res < 0) {
    lua_pushnil(L);
    return errno_of(res);
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
