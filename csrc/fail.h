/*
** fail.h - errno becomes nil, message, code.  The only place that does.
*/
#ifndef uring_fail_h
#define uring_fail_h

#include <lua.h>

/* Pushes nil, "what: reason", code; what may be NULL.  Returns 3. */
int fail_push(lua_State *L, const char *what, int code);
/*
** The same for what came with a kernel, (major << 8 | minor): where this one
** is older and the code says that it does not know it, "what: needs Linux
** 6.1; this is 5.15".
*/
int fail_push_needing(lua_State *L, const char *what, int since, int code);
/* Pushes nil, code, for Lua that has no use for a message.  Returns 2. */
int fail_push_code(lua_State *L, int code);
/* Pushes "6.1.176-1", the release of this kernel.  Returns 1. */
int fail_push_release(lua_State *L);
/* Pushes the reason alone.  Returns 1. */
int fail_push_reason(lua_State *L, int code);

#endif
