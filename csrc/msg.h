/*
** msg.h - uring.Message: what sendmsg sends and recvmsg fills.
**
** One Mem holds the msghdr with everything that it points to but the bytes
** of Buffers, which are its parts, and of strings, which the Message keeps
** alive.
*/
#ifndef uring_msg_h
#define uring_msg_h

#include "mem.h"

#include <lua.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MESSAGE_TYPE "uring.Message"

typedef struct {
  struct msghdr header;
  struct iovec one; /* where there is but one part */
  struct sockaddr_storage name;
  size_t control_size; /* of what follows */
  _Alignas(max_align_t) char control[];
} MessageMemory;

typedef struct {
  Mem *mem;      /* a MessageMemory */
  bool writable; /* no strings in it: the kernel may fill it */
  bool borrows;  /* strings that it keeps alive are among its parts */
} Message;

/* The Message at an index of the stack, or NULL. */
Message *msg_test(lua_State *L, int index);
struct msghdr *msg_header(const Message *message);
/* Gives the kernel all the room again that there is for name and control. */
void msg_make_room(const Message *message);
/* Makes the type known, adds its functions to the table on the top. */
void msg_open(lua_State *L);

#endif
