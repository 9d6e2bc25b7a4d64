/*
** widen.c - how much a pipe holds.
*/
#include "widen.h"

#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>

/*
** widen(fd, size) -> how many bytes the pipe holds by now, more where the
** kernel allows that, never fewer; or nil: it is no pipe.  F_SETPIPE_SZ
*/
static int widen(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
  lua_Integer size = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 < size && size <= INT_MAX, 2, "out of range");
  int now = fcntl(fd, F_GETPIPE_SZ);
  if (now >= 0 && now < size && fcntl(fd, F_SETPIPE_SZ, (int)size) >= 0)
    now = fcntl(fd, F_GETPIPE_SZ);
  if (now < 0)
    return 0;
  lua_pushinteger(L, now);
  return 1;
}

void widen_open(lua_State *L) {
  lua_pushcfunction(L, widen);
  lua_setfield(L, -2, "widen");
}
