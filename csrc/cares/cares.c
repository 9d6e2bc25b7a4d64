/*
** cares.c - opens the module 'uring.cares': c-ares for uring.dns, apart from
** uring.core, which needs none.
*/
#include "channel.h"
#include "query.h"

#include <arpa/inet.h>
#include <lauxlib.h>
#include <stdint.h>

static int push_arpa6(lua_State *L, const uint8_t bytes[16]) {
  static const char digits[] = "0123456789abcdef";
  luaL_Buffer name;
  luaL_buffinit(L, &name);
  for (int i = 15; i >= 0; i--) {
    char part[] = { digits[bytes[i] & 15], '.', digits[bytes[i] >> 4], '.' };
    luaL_addlstring(&name, part, sizeof part);
  }
  luaL_addstring(&name, "ip6.arpa");
  luaL_pushresult(&name);
  return 1;
}

/*
** arpa(host) -> the domain name under which one looks for the names of a
** numeric host: "1.0.0.127.in-addr.arpa"; nil where it is none
*/
static int cares_arpa(lua_State *L) {
  const char *host = luaL_checkstring(L, 1);
  uint8_t bytes[16];
  if (inet_pton(AF_INET6, host, bytes) == 1)
    return push_arpa6(L, bytes);
  if (inet_pton(AF_INET, host, bytes) == 1)
    lua_pushfstring(L, "%d.%d.%d.%d.in-addr.arpa", bytes[3], bytes[2], bytes[1],
                    bytes[0]);
  else
    lua_pushnil(L);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_uring_cares(lua_State *L);

int luaopen_uring_cares(lua_State *L) {
  luaL_checkversion(L);
  int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS)
    return luaL_error(L, "c-ares: %s", ares_strerror(status));
  lua_newtable(L);
  query_open(L);
  channel_open(L);
  lua_pushcfunction(L, cares_arpa);
  lua_setfield(L, -2, "arpa");
  lua_pushstring(L, ares_version(NULL));
  lua_setfield(L, -2, "version");
  return 1;
}
