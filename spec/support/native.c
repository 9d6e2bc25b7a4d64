/*
** native.c - what specs need of the system and Lua does not have: fork(2),
** and a second thread.  Compiled by native.lua.
*/
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

int luaopen_native(lua_State *L);

/* fork() -> pid, 0 in the child, -1 where it failed */
static int native_fork(lua_State *L) {
  lua_pushinteger(L, fork());
  return 1;
}

/* wait(pid) -> the exit status, or nil and the signal that ended it */
static int native_wait(lua_State *L) {
  int status = 0;
  if (waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0) < 0)
    return luaL_error(L, "no such child");
  if (WIFEXITED(status)) {
    lua_pushinteger(L, WEXITSTATUS(status));
    return 1;
  }
  lua_pushnil(L);
  lua_pushinteger(L, WTERMSIG(status));
  return 2;
}

static void *call(void *data) {
  lua_State *L = data;
  lua_pushboolean(L, lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0) == LUA_OK);
  lua_insert(L, 1);
  return NULL;
}

/* in_thread(function, ...) is pcall, on another thread while this one waits */
static int native_in_thread(lua_State *L) {
  pthread_t thread;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  if (pthread_create(&thread, NULL, call, L) != 0)
    return luaL_error(L, "no thread");
  pthread_join(thread, NULL);
  return lua_gettop(L);
}

int luaopen_native(lua_State *L) {
  static const luaL_Reg functions[] = {
    { "fork", native_fork },
    { "in_thread", native_in_thread },
    { "wait", native_wait },
    { NULL, NULL },
  };
  luaL_newlib(L, functions);
  return 1;
}
