/*
** addr.h - uring.Address: a socket's address, IPv4, IPv6 or Unix.
*/
#ifndef uring_addr_h
#define uring_addr_h

#include <lua.h>
#include <stdbool.h>
#include <sys/socket.h>

#define ADDRESS_TYPE "uring.Address"

typedef struct {
  socklen_t length;
  struct sockaddr_storage storage;
} Address;

/* The Address at an index of the stack, or NULL. */
Address *addr_test(lua_State *L, int index);
/* Pushes a new Address. */
void addr_push(lua_State *L, const struct sockaddr_storage *storage,
               socklen_t length);
/* Whether it is the path of a Unix socket. */
bool addr_is_path(const Address *address);
/* Makes the type known, adds its functions to the table on the top. */
void addr_open(lua_State *L);

#endif
