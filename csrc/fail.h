/*
** fail.h - errno becomes nil, message, code.  The only place that does.
*/
#ifndef uring_fail_h
#define uring_fail_h

#include <lua.h>

/* Pushes nil, "what: reason", code; what may be NULL.  Returns 3. */
int fail_push(lua_State *L, const char *what, int code);
/* Pushes the reason alone.  Returns 1. */
int fail_push_reason(lua_State *L, int code);

#endif
