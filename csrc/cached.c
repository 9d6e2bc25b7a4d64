/*
** cached.c - what the kernel has of an open file without a wait: bytes in the
** page cache.  For these an op costs more than what it brings.
*/
#include "cached.h"
#include "buffer.h"
#include "compat.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <sys/uio.h>

enum { SMALL = 1 << 14 }; /* bytes that come by way of the C stack */

/*
** Arguments 1 and 3: a descriptor, and where to read.  Whoever calls for a
** user leaves it to us to see what is no offset.
*/
static bool is_place(lua_State *L, int *fd, off_t *offset) {
  *fd = (int)luaL_checkinteger(L, 1);
  if (lua_isnone(L, 3)) {
    *offset = -1;
    return true;
  }
  *offset = (off_t)lua_tointeger(L, 3);
  return lua_isinteger(L, 3) && *offset >= 0;
}

static ssize_t read_now(int fd, void *bytes, size_t size, off_t offset) {
  struct iovec iovec = { .iov_base = bytes, .iov_len = size };
  return preadv2(fd, &iovec, 1, offset, RWF_NOWAIT);
}

/*
** read_cached(fd, size [, offset]) -> the bytes, 1 to 16384, as far as they
** are in the page cache from the first one on; or nil, errno: EINVAL for what
** is no such size or offset.  None are the end, or an old kernel's error: ask
** again by an op.  Without an offset it is the file's own position, which
** moves.  preadv2(2), RWF_NOWAIT
*/
static int cached_read(lua_State *L) {
  char bytes[SMALL];
  int fd;
  off_t offset;
  lua_Integer size = lua_isinteger(L, 2) ? lua_tointeger(L, 2) : 0;
  if (!is_place(L, &fd, &offset) || size < 1 || size > SMALL)
    return fail_push_code(L, EINVAL);
  ssize_t count = read_now(fd, bytes, (size_t)size, offset);
  if (count < 0)
    return fail_push_code(L, errno);
  lua_pushlstring(L, bytes, (size_t)count);
  return 1;
}

/*
** fill_cached(fd, buffer [, offset]) -> how many bytes the Buffer was filled
** with, from its first one on; else as read_cached
*/
static int cached_fill(lua_State *L) {
  int fd;
  off_t offset;
  const Buffer *buffer = buffer_test(L, 2);
  if (!is_place(L, &fd, &offset) || buffer == NULL || buffer->mem == NULL)
    return fail_push_code(L, EINVAL);
  ssize_t count = read_now(fd, (void *)buffer->bytes, buffer->size, offset);
  if (count < 0)
    return fail_push_code(L, errno);
  lua_pushinteger(L, count);
  return 1;
}

static const luaL_Reg functions[] = {
  { "fill_cached", cached_fill },
  { "read_cached", cached_read },
  { NULL, NULL },
};

void cached_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
