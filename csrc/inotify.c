/*
** inotify.c - being told of changes to files.  These system calls have no
** opcode, and take no time.
*/
#include "inotify.h"
#include "fail.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int check_int(lua_State *L, int arg) {
  lua_Integer value = luaL_checkinteger(L, arg);
  luaL_argcheck(L, INT_MIN <= value && value <= INT_MAX, arg, "out of range");
  return (int)value;
}

static int push_number(lua_State *L, const char *what, lua_Integer number) {
  if (number < 0)
    return fail_push(L, what, errno);
  lua_pushinteger(L, number);
  return 1;
}

/* inotify() -> fd, close-on-exec; or nil, message, code.  inotify_init1(2) */
static int inotify_new(lua_State *L) {
  return push_number(L, "inotify", inotify_init1(IN_CLOEXEC));
}

/*
** inotify_add(fd, path, mask) -> number of the watch; or nil, message, code.
** inotify_add_watch(2)
*/
static int inotify_add(lua_State *L) {
  size_t size;
  const char *path = luaL_checklstring(L, 2, &size);
  luaL_argcheck(L, strlen(path) == size, 2, "it contains a zero byte");
  lua_Integer mask = luaL_checkinteger(L, 3);
  luaL_argcheck(L, 0 < mask && mask <= UINT_MAX, 3, "out of range");
  int watch = inotify_add_watch(check_int(L, 1), path, (uint32_t)mask);
  return push_number(L, "inotify_add", watch);
}

/*
** inotify_remove(fd, watch) -> true; or nil, message, code.
** inotify_rm_watch(2)
*/
static int inotify_remove(lua_State *L) {
  if (inotify_rm_watch(check_int(L, 1), check_int(L, 2)) != 0)
    return fail_push(L, "inotify_remove", errno);
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg functions[] = {
  { "inotify", inotify_new },
  { "inotify_add", inotify_add },
  { "inotify_remove", inotify_remove },
  { NULL, NULL },
};

void inotify_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
