/*
** arg.h - Lua values become an op's arguments, by kind.
*/
#ifndef uring_arg_h
#define uring_arg_h

#include "bufring.h"
#include "op.h"
#include "slot.h"

#include <lua.h>

typedef struct {
  const struct io_uring *uring; /* of the op; set before arg_check */
  Arg a[OP_ARGS_MAX];
  Mem *mem[SLOT_MEMS]; /* what the op must hold */
  int mem_count;
  int anchor; /* stack index of what Lua must keep for it, or 0 */
  BufRing *bufring;
} Args;

/*
** Checks the arguments of a row, which stand on the stack from 'first' on
** (OP_ARGS_MAX of them, absent ones nil).  Raises an error that names the
** op and the argument: "recv: bad argument 'buf' (uring.Buffer expected,
** got number)", and the line of the function at 'level' (as luaL_where).
** Whatever comes after must not raise.
*/
void arg_check(lua_State *L, const Op *op, int first, int level, Args *args);

const char *arg_kind_name(ArgKind kind);

#endif
