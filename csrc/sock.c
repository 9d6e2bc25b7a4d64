/*
** sock.c - sockets before they are ready for the ring: made, bound, asked.
** None of these calls blocks.  Descriptors are close-on-exec.
*/
#include "sock.h"
#include "addr.h"
#include "fail.h"

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

static int check_int(lua_State *L, int arg) {
  lua_Integer value = luaL_checkinteger(L, arg);
  luaL_argcheck(L, INT_MIN <= value && value <= INT_MAX, arg, "out of range");
  return (int)value;
}

static int push_done(lua_State *L, const char *what, int code) {
  if (code != 0)
    return fail_push(L, what, errno);
  lua_pushboolean(L, 1);
  return 1;
}

/* socket(domain, type [, protocol]) -> fd, or nil, message, code */
static int sock_socket(lua_State *L) {
  int type = check_int(L, 2) | SOCK_CLOEXEC;
  int protocol = (int)luaL_optinteger(L, 3, 0);
  int fd = socket(check_int(L, 1), type, protocol);
  if (fd < 0)
    return fail_push(L, "socket", errno);
  lua_pushinteger(L, fd);
  return 1;
}

/*
** bind_socket(fd, address [, mode]) -> true, or nil, message, code.  bind(2).
** A mode is that of a Unix socket's file, which has no wider one meanwhile.
*/
static int sock_bind(lua_State *L) {
  int fd = check_int(L, 1);
  const Address *address = luaL_checkudata(L, 2, ADDRESS_TYPE);
  mode_t mode = (mode_t)luaL_optinteger(L, 3, 0);
  const struct sockaddr *storage = (const void *)&address->storage;
  const struct sockaddr_un *un = (const void *)storage;
  bool has_mode = !lua_isnoneornil(L, 3) && addr_is_path(address);
  if (has_mode && fchmod(fd, mode) != 0)
    return fail_push(L, "bind", errno);
  int code = bind(fd, storage, address->length);
  if (code == 0 && has_mode)
    code = chmod(un->sun_path, mode);
  return push_done(L, "bind", code);
}

/* listen(fd [, backlog]) -> true, or nil, message, code.  listen(2) */
static int sock_listen(lua_State *L) {
  int backlog = (int)luaL_optinteger(L, 2, SOMAXCONN);
  return push_done(L, "listen", listen(check_int(L, 1), backlog));
}

/*
** setsockopt(fd, level, name, value) -> true, or nil, message, code.  The
** value is an integer, or the bytes of a structure.
*/
static int sock_setsockopt(lua_State *L) {
  int integer;
  const void *value = &integer;
  size_t size = sizeof integer;
  if (lua_type(L, 4) == LUA_TSTRING)
    value = lua_tolstring(L, 4, &size);
  else
    integer = check_int(L, 4);
  int code = setsockopt(check_int(L, 1), check_int(L, 2), check_int(L, 3),
                        value, (socklen_t)size);
  return push_done(L, "setsockopt", code);
}

static int push_structure(lua_State *L, size_t room) {
  char bytes[256] = { 0 };
  luaL_argcheck(L, 0 < room && room <= sizeof bytes, 4, "out of range");
  socklen_t size = (socklen_t)room;
  if (getsockopt(check_int(L, 1), check_int(L, 2), check_int(L, 3), bytes,
                 &size) != 0)
    return fail_push(L, "getsockopt", errno);
  lua_pushlstring(L, bytes, size);
  return 1;
}

/*
** getsockopt(fd, level, name [, size]) -> integer, or nil, message, code.
** With a size it is the bytes of a structure, so many at most.
*/
static int sock_getsockopt(lua_State *L) {
  if (!lua_isnoneornil(L, 4))
    return push_structure(L, (size_t)luaL_checkinteger(L, 4));
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(check_int(L, 1), check_int(L, 2), check_int(L, 3), &value,
                 &size) != 0)
    return fail_push(L, "getsockopt", errno);
  lua_pushinteger(L, value);
  return 1;
}

typedef int Asked(int, struct sockaddr *, socklen_t *);

static int push_name(lua_State *L, const char *what, Asked *ask) {
  struct sockaddr_storage storage = { 0 };
  socklen_t size = sizeof storage;
  if (ask(check_int(L, 1), (struct sockaddr *)&storage, &size) != 0)
    return fail_push(L, what, errno);
  addr_push(L, &storage, size);
  return 1;
}

/* getsockname(fd) -> Address of our side, or nil, message, code */
static int sock_getsockname(lua_State *L) {
  return push_name(L, "getsockname", getsockname);
}

/* getpeername(fd) -> Address of the other side, or nil, message, code */
static int sock_getpeername(lua_State *L) {
  return push_name(L, "getpeername", getpeername);
}

/* interface(name) -> its index, or nil, message, code.  if_nametoindex(3) */
static int sock_interface(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  unsigned index = if_nametoindex(name);
  if (index == 0)
    return fail_push(L, name, errno);
  lua_pushinteger(L, index);
  return 1;
}

static const luaL_Reg functions[] = {
  { "bind_socket", sock_bind },
  { "getpeername", sock_getpeername },
  { "getsockname", sock_getsockname },
  { "getsockopt", sock_getsockopt },
  { "interface", sock_interface },
  { "listen", sock_listen },
  { "setsockopt", sock_setsockopt },
  { "socket", sock_socket },
  { NULL, NULL },
};

void sock_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
