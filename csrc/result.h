/*
** result.h - what a CQE says becomes Lua values, by kind.
*/
#ifndef uring_result_h
#define uring_result_h

#include "slot.h"

#include <lua.h>

/*
** Pushes the value of a result, or nil where it failed.  Returns what comes
** with it: the CQE's flags, or the errno.
*/
lua_Integer result_push(lua_State *L, const Slot *slot, int res,
                        unsigned flags);
/* Closes the descriptors in a result that nobody will take. */
void result_dispose(const struct io_uring *uring, const Slot *slot, int res);

const char *result_kind_name(ResultKind kind);

#endif
