/*
** result.c - what a CQE says becomes Lua values, by kind.
*/
#include "result.h"
#include "kernel.h"

#include <errno.h>
#include <unistd.h>

static const char *const names[] = {
  [RESULT_NONE] = "none",       [RESULT_COUNT] = "count",
  [RESULT_NUMBER] = "number",   [RESULT_FD] = "fd",
  [RESULT_SLOT] = "slot",       [RESULT_PIPE] = "pipe",
  [RESULT_SLOTS] = "slots",     [RESULT_MASK] = "mask",
  [RESULT_MATCHES] = "matches", [RESULT_EXPIRED] = "expired",
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

/* Whether there is nothing to say but that it went well. */
static bool is_true(ResultKind kind, int res) {
  switch (kind) {
    case RESULT_NONE:
    case RESULT_EXPIRED:
    case RESULT_PIPE:
    case RESULT_SLOTS:
      return true;
    case RESULT_MATCHES:
      return res == 0;
    default:
      return false;
  }
}

lua_Integer result_push(lua_State *L, const Slot *slot, int res,
                        unsigned flags) {
  const Op *op = slot->op;
  if (op->result == RESULT_EXPIRED && res == -ETIME)
    res = 0;
  if (res < 0) {
    lua_pushnil(L);
    return errno_of(res);
  }
  if (op->result == RESULT_SLOT && !slot->picks)
    res = slot->res; /* the one that the program chose */
  if (is_true(op->result, res))
    lua_pushboolean(L, 1);
  else
    lua_pushinteger(L, res);
  return flags;
}

static void empty(const struct io_uring *uring, int slot) {
  int none = -1;
  struct io_uring_rsrc_update update = { .offset = (uint32_t)slot,
                                         .data = (uintptr_t)&none };
  kernel_register(uring, IORING_REGISTER_FILES_UPDATE, &update, 1);
}

void result_dispose(const struct io_uring *uring, const Slot *slot, int res) {
  if (res < 0)
    return;
  const int *pair = slot->memory.pipe.pair;
  switch ((ResultKind)slot->op->result) {
    case RESULT_FD:
      close(res);
      break;
    case RESULT_PIPE:
      close(pair[0]);
      close(pair[1]);
      break;
    case RESULT_SLOT: /* one that the program chose is its own to empty */
      if (slot->picks)
        empty(uring, res);
      break;
    case RESULT_SLOTS:
      if (slot->picks) {
        empty(uring, pair[0]);
        empty(uring, pair[1]);
      }
      break;
    default:
      break;
  }
}
