/*
** sys.c - the few system calls that have no opcode, or none everywhere.
** All descriptors are close-on-exec.
*/
#include "sys.h"
#include "clock.h"
#include "fail.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_KEPT (60 << 20) /* bytes: glibc takes no hint from 64 MiB on */

static int check_fd(lua_State *L, int arg) {
  lua_Integer fd = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 0 <= fd && fd <= INT_MAX, arg, "not a descriptor");
  return (int)fd;
}

/* Pushes a descriptor, or nil, message, code. */
static int push_fd(lua_State *L, const char *what, int fd) {
  if (fd < 0)
    return fail_push(L, what, errno);
  lua_pushinteger(L, fd);
  return 1;
}

static int push_pair(lua_State *L, const char *what, int code,
                     const int fds[2]) {
  if (code != 0)
    return fail_push(L, what, errno);
  lua_pushinteger(L, fds[0]);
  lua_pushinteger(L, fds[1]);
  return 2;
}

/*
** pipe([size]) -> fd to read, fd to write; or nil, message, code.  It holds
** so many bytes, where the kernel allows that.  pipe2(2), F_SETPIPE_SZ
*/
static int sys_pipe(lua_State *L) {
  lua_Integer size = luaL_optinteger(L, 1, 0);
  luaL_argcheck(L, 0 <= size && size <= INT_MAX, 1, "out of range");
  int fds[2];
  int code = pipe2(fds, O_CLOEXEC);
  if (code == 0 && size > 0)
    fcntl(fds[1], F_SETPIPE_SZ, (int)size);
  return push_pair(L, "pipe", code, fds);
}

/*
** socketpair([type]) -> fd, fd of two connected Unix sockets; or nil,
** message, code.  socketpair(2)
*/
static int sys_socketpair(lua_State *L) {
  int type = (int)luaL_optinteger(L, 1, SOCK_STREAM);
  int fds[2];
  int code = socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds);
  return push_pair(L, "socketpair", code, fds);
}

/* eventfd([count]) -> fd, or nil, message, code.  eventfd(2) */
static int sys_eventfd(lua_State *L) {
  lua_Integer count = luaL_optinteger(L, 1, 0);
  luaL_argcheck(L, 0 <= count && count <= UINT_MAX, 1, "out of range");
  return push_fd(L, "eventfd", eventfd((unsigned)count, EFD_CLOEXEC));
}

/* epoll() -> fd of an epoll instance, or nil, message, code.  epoll_create1(2)
 */
static int sys_epoll(lua_State *L) {
  return push_fd(L, "epoll", epoll_create1(EPOLL_CLOEXEC));
}

/* pidfd(pid) -> fd of a process, or nil, message, code.  pidfd_open(2) */
static int sys_pidfd(lua_State *L) {
  lua_Integer pid = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 0 < pid && pid <= INT_MAX, 1, "not a process");
  return push_fd(L, "pidfd", (int)syscall(SYS_pidfd_open, (int)pid, 0));
}

/* close(fd) -> true, or nil, message, code.  close(2) */
static int sys_close(lua_State *L) {
  if (close(check_fd(L, 1)) != 0)
    return fail_push(L, "close", errno);
  lua_pushboolean(L, 1);
  return 1;
}

/*
** lseek(fd, offset, whence) -> the file's position; or nil, message, code.
** whence is SEEK_SET, SEEK_CUR or SEEK_END.  lseek(2)
*/
static int sys_lseek(lua_State *L) {
  lua_Integer offset = luaL_checkinteger(L, 2);
  lua_Integer whence = luaL_checkinteger(L, 3);
  luaL_argcheck(L, 0 <= whence && whence <= INT_MAX, 3, "out of range");
  lua_Integer position = lseek(check_fd(L, 1), offset, (int)whence);
  if (position < 0)
    return fail_push(L, "lseek", errno);
  lua_pushinteger(L, position);
  return 1;
}

/* memfd(string) -> fd of a file in memory that reads as these bytes from the
** start; or nil, message, code.  memfd_create(2) */
static int sys_memfd(lua_State *L) {
  size_t size, done = 0;
  const char *bytes = luaL_checklstring(L, 1, &size);
  int fd = memfd_create("uring", MFD_CLOEXEC);
  if (fd < 0)
    return fail_push(L, "memfd", errno);
  while (done < size) {
    ssize_t count = pwrite(fd, bytes + done, size - done, (off_t)done);
    if (count < 0) {
      int code = errno;
      close(fd);
      return fail_push(L, "memfd", code);
    }
    done += (size_t)count;
  }
  lua_pushinteger(L, fd);
  return 1;
}

/* environ() -> {NAME = value, ...} of this process */
static int sys_environ(lua_State *L) {
  lua_newtable(L);
  for (char **each = environ; each != NULL && *each != NULL; each++) {
    const char *equals = strchr(*each, '=');
    if (equals == NULL)
      continue;
    lua_pushlstring(L, *each, (size_t)(equals - *each));
    lua_pushstring(L, equals + 1);
    lua_rawset(L, -3);
  }
  return 1;
}

/* now() -> CLOCK_MONOTONIC in nanoseconds */
static int sys_now(lua_State *L) {
  lua_pushinteger(L, clock_now());
  return 1;
}

/* The descriptors and events of two lists, in memory that Lua frees. */
static struct pollfd *check_polls(lua_State *L, nfds_t count) {
  size_t size = count * sizeof(struct pollfd);
  struct pollfd *polls = lua_newuserdatauv(L, size, 0);
  for (nfds_t i = 0; i < count; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    polls[i] = (struct pollfd){ .fd = check_fd(L, -2),
                                .events = (short)luaL_checkinteger(L, -1) };
    lua_pop(L, 2);
  }
  return polls;
}

/*
** poll(fds, events) -> {[place] = POLL*}, what holds now of the events that
** are asked for each descriptor, where one does; -EBADF where there is no
** such descriptor.  Or nil, message, code.  Does not wait.  poll(2)
*/
static int sys_poll(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  nfds_t count = lua_rawlen(L, 1);
  struct pollfd *polls = check_polls(L, count);
  if (poll(polls, count, 0) < 0)
    return fail_push(L, "poll", errno);
  lua_newtable(L);
  for (nfds_t i = 0; i < count; i++)
    if (polls[i].revents != 0) {
      bool none = polls[i].revents & POLLNVAL;
      lua_pushinteger(L, none ? -EBADF : polls[i].revents);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
  return 1;
}

/* wall() -> CLOCK_REALTIME, what a clock on the wall shows, in nanoseconds */
static int sys_wall(lua_State *L) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  lua_pushinteger(L, time.tv_sec * CLOCK_SECOND + time.tv_nsec);
  return 1;
}

/* release() -> "6.1.176-1", what the kernel calls itself.  uname(2) */
static int sys_release(lua_State *L) {
  return fail_push_release(L);
}

/* strerror(code) -> what an errno means */
static int sys_strerror(lua_State *L) {
  return fail_push_reason(L, (int)luaL_checkinteger(L, 1));
}

/* fail(what, code) -> nil, "what: reason", code; what may be nil */
static int sys_fail(lua_State *L) {
  int code = (int)luaL_checkinteger(L, 2);
  return fail_push(L, luaL_optstring(L, 1, NULL), code);
}

/*
** keep_freed(size): from now on malloc(3) keeps about so many bytes that are
** free, 60 MiB at most, in place of giving them back to the kernel, where
** it is glibc's.  mallopt(3), M_TRIM_THRESHOLD
*/
static int sys_keep_freed(lua_State *L) {
  lua_Number bytes = luaL_checknumber(L, 1);
  luaL_argcheck(L, bytes >= 0, 1, "out of range");
  mem_keep_freed(bytes < MOST_KEPT ? (size_t)bytes : MOST_KEPT);
  return 0;
}

static const luaL_Reg functions[] = {
  { "close", sys_close },
  { "environ", sys_environ },
  { "epoll", sys_epoll },
  { "eventfd", sys_eventfd },
  { "fail", sys_fail },
  { "keep_freed", sys_keep_freed },
  { "lseek", sys_lseek },
  { "memfd", sys_memfd },
  { "now", sys_now },
  { "pidfd", sys_pidfd },
  { "pipe", sys_pipe },
  { "poll", sys_poll },
  { "release", sys_release },
  { "socketpair", sys_socketpair },
  { "strerror", sys_strerror },
  { "wall", sys_wall },
  { NULL, NULL },
};

void sys_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
