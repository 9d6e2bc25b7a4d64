/*
** fail.c - errno becomes nil, message, code.
*/
#include "fail.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

int fail_push_reason(lua_State *L, int code) {
  lua_pushstring(L, strerror(code));
  return 1;
}

int fail_push(lua_State *L, const char *what, int code) {
  lua_pushnil(L);
  fail_push_reason(L, code);
  if (what != NULL) {
    lua_pushfstring(L, "%s: %s", what, lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  lua_pushinteger(L, code);
  return 3;
}

int fail_push_code(lua_State *L, int code) {
  lua_pushnil(L);
  lua_pushinteger(L, code);
  return 2;
}

int fail_push_release(lua_State *L) {
  struct utsname name;
  lua_pushstring(L, uname(&name) == 0 ? name.release : "?");
  return 1;
}

static bool is_older_than(const char *release, int since) {
  int major, minor;
  return sscanf(release, "%d.%d", &major, &minor) == 2 &&
         (major << 8 | minor) < since;
}

/* How a kernel says that it does not know an opcode or a flag. */
static bool means_unknown(int code) {
  return code == EINVAL || code == ENOSYS || code == EOPNOTSUPP;
}

int fail_push_needing(lua_State *L, const char *what, int since, int code) {
  if (!means_unknown(code))
    return fail_push(L, what, code);
  fail_push_release(L);
  const char *release = lua_tostring(L, -1);
  if (!is_older_than(release, since))
    return fail_push(L, what, code);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: needs Linux %d.%d; this is %s", what, since >> 8,
                  since & 0xff, release);
  lua_pushinteger(L, code);
  return 3;
}
