/*
** addr.c - uring.Address: a socket's address, IPv4, IPv6 or Unix.
*/
#include "addr.h"
#include "buffer.h"
#include "fail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"
#define PATH_OFFSET offsetof(struct sockaddr_un, sun_path)

Address *addr_test(lua_State *L, int index) {
  return luaL_testudata(L, index, ADDRESS_TYPE);
}

static Address *check_self(lua_State *L) {
  return luaL_checkudata(L, 1, ADDRESS_TYPE);
}

void addr_push(lua_State *L, const struct sockaddr_storage *storage,
               socklen_t length) {
  Address *address = lua_newuserdatauv(L, sizeof *address, 0);
  memset(address, 0, sizeof *address);
  address->length = length;
  memcpy(&address->storage, storage, length);
  luaL_setmetatable(L, ADDRESS_TYPE);
}

/* "unix:/path", or "unix:@name" for an abstract one */
static int push_unix(lua_State *L, const char *path, size_t length) {
  struct sockaddr_storage storage = { 0 };
  struct sockaddr_un *un = (struct sockaddr_un *)&storage;
  int abstract = path[0] == '@';
  if (length == 0 || length >= sizeof un->sun_path || strlen(path) != length)
    return fail_push(L, path, EINVAL);
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, path, length);
  if (abstract)
    un->sun_path[0] = '\0';
  size_t used = PATH_OFFSET + length + (abstract ? 0 : 1);
  addr_push(L, &storage, (socklen_t)used);
  return 1;
}

/*
** sockaddr(host, port) -> Address of a numeric host, IPv4 or IPv6
** sockaddr("unix:/path") -> Address of a Unix socket; "unix:@name" abstract
** nil, message, code where it is neither.  getaddrinfo(3), numeric only.
*/
static int addr_new(lua_State *L) {
  size_t length;
  const char *host = luaL_checklstring(L, 1, &length);
  size_t prefix = sizeof UNIX_PREFIX - 1;
  if (strncmp(host, UNIX_PREFIX, prefix) == 0)
    return push_unix(L, host + prefix, length - prefix);
  lua_Integer port = luaL_checkinteger(L, 2);
  char service[8] = "none";
  if (0 <= port && port <= 65535)
    snprintf(service, sizeof service, "%d", (int)port);
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                            .ai_socktype = SOCK_STREAM };
  struct addrinfo *found;
  if (getaddrinfo(host, service, &hints, &found) != 0) {
    lua_pushnil(L);
    lua_pushfstring(L, "%s, port %I: not a numeric address", host, port);
    lua_pushinteger(L, EINVAL);
    return 3;
  }
  struct sockaddr_storage storage = { 0 };
  socklen_t used = found->ai_addrlen;
  memcpy(&storage, found->ai_addr, used);
  freeaddrinfo(found);
  addr_push(L, &storage, used);
  return 1;
}

/*
** How long an address is that the kernel wrote to zeroed memory: a Unix one
** reaches to its last byte that is not zero, and a path's zero after it.
*/
static socklen_t length_of(const struct sockaddr_storage *storage,
                           size_t size) {
  const struct sockaddr_un *un = (const struct sockaddr_un *)storage;
  if (storage->ss_family == AF_INET)
    return sizeof(struct sockaddr_in);
  if (storage->ss_family == AF_INET6)
    return sizeof(struct sockaddr_in6);
  if (size > sizeof *un)
    size = sizeof *un;
  while (size > PATH_OFFSET && un->sun_path[size - PATH_OFFSET - 1] == '\0')
    size--;
  bool path = size > PATH_OFFSET && un->sun_path[0] != '\0';
  return (socklen_t)(size + path);
}

/*
** unpack_sockaddr(string_or_buffer) -> Address that accept wrote to a
** Buffer, which was zeroed, as new ones are; or bytes that came otherwise
*/
static int addr_unpack(lua_State *L) {
  const Buffer *buffer = buffer_test(L, 1);
  size_t size;
  const char *bytes;
  if (buffer != NULL) {
    bytes = buffer->bytes;
    size = buffer->size;
  } else {
    bytes = luaL_checklstring(L, 1, &size);
  }
  luaL_argcheck(L, bytes != NULL, 1, "the buffer is closed");
  struct sockaddr_storage storage = { 0 };
  if (size > sizeof storage)
    size = sizeof storage;
  memcpy(&storage, bytes, size);
  addr_push(L, &storage, length_of(&storage, size));
  return 1;
}

static void push_host(lua_State *L, const Address *address) {
  char host[INET6_ADDRSTRLEN + 32];
  if (getnameinfo((const struct sockaddr *)&address->storage, address->length,
                  host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
    host[0] = '\0';
  lua_pushstring(L, host);
}

static void push_path(lua_State *L, const Address *address) {
  const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
  size_t length =
      address->length > PATH_OFFSET ? address->length - PATH_OFFSET : 0;
  if (length > 0 && un->sun_path[0] == '\0') {
    lua_pushliteral(L, "@");
    lua_pushlstring(L, un->sun_path + 1, length - 1);
    lua_concat(L, 2);
  } else {
    lua_pushlstring(L, un->sun_path, strnlen(un->sun_path, length));
  }
}

static lua_Integer port_of(const Address *address) {
  const void *storage = &address->storage;
  if (address->storage.ss_family == AF_INET)
    return ntohs(((const struct sockaddr_in *)storage)->sin_port);
  return ntohs(((const struct sockaddr_in6 *)storage)->sin6_port);
}

bool addr_is_path(const Address *address) {
  const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
  return un->sun_family == AF_UNIX && address->length > PATH_OFFSET &&
         un->sun_path[0] != '\0';
}

static const char *family_name(const Address *address) {
  switch (address->storage.ss_family) {
    case AF_INET:
      return "inet";
    case AF_INET6:
      return "inet6";
    case AF_UNIX:
      return "unix";
    default:
      return "unspec";
  }
}

/* address:key() -> string, the same for equal ones: to index a table by */
static int addr_key(lua_State *L) {
  const Address *address = check_self(L);
  lua_pushlstring(L, (const char *)&address->storage, address->length);
  return 1;
}

/* address.host, .port, .family ("inet", "inet6", "unix"), .path (Unix) */
static int addr_index(lua_State *L) {
  const Address *address = check_self(L);
  const char *key = luaL_checkstring(L, 2);
  int inet = address->storage.ss_family == AF_INET ||
             address->storage.ss_family == AF_INET6;
  if (strcmp(key, "family") == 0)
    lua_pushstring(L, family_name(address));
  else if (inet && strcmp(key, "host") == 0)
    push_host(L, address);
  else if (inet && strcmp(key, "port") == 0)
    lua_pushinteger(L, port_of(address));
  else if (!inet && strcmp(key, "path") == 0)
    push_path(L, address);
  else if (strcmp(key, "key") == 0)
    lua_pushcfunction(L, addr_key);
  else
    lua_pushnil(L);
  return 1;
}

/* tostring(address) -> "127.0.0.1:80", "[::1]:80" or "unix:/path" */
static int addr_tostring(lua_State *L) {
  const Address *address = check_self(L);
  switch (address->storage.ss_family) {
    case AF_INET:
      push_host(L, address);
      lua_pushfstring(L, "%s:%I", lua_tostring(L, -1), port_of(address));
      return 1;
    case AF_INET6:
      push_host(L, address);
      lua_pushfstring(L, "[%s]:%I", lua_tostring(L, -1), port_of(address));
      return 1;
    case AF_UNIX:
      lua_pushliteral(L, UNIX_PREFIX);
      push_path(L, address);
      lua_concat(L, 2);
      return 1;
    default:
      lua_pushliteral(L, ADDRESS_TYPE);
      return 1;
  }
}

/* a == b: the same family, host and port, or path */
static int addr_eq(lua_State *L) {
  const Address *a = check_self(L);
  const Address *b = addr_test(L, 2);
  lua_pushboolean(L, b != NULL && a->length == b->length &&
                         memcmp(&a->storage, &b->storage, a->length) == 0);
  return 1;
}

static const luaL_Reg functions[] = {
  { "sockaddr", addr_new },
  { "unpack_sockaddr", addr_unpack },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__eq", addr_eq },
  { "__index", addr_index },
  { "__tostring", addr_tostring },
  { NULL, NULL },
};

void addr_open(lua_State *L) {
  luaL_newmetatable(L, ADDRESS_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
