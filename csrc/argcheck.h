/*
** argcheck.h - Lua values become an op's arguments, by kind.
*/
#ifndef uring_argcheck_h
#define uring_argcheck_h

#include "arg.h"

#include <lua.h>

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
