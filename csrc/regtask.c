/*
** regtask.c - what a ring tells and asks others: events, credentials, workers.
*/
#include "regtask.h"
#include "clock.h"
#include "fields.h"
#include "luaring.h"
#include "registers.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static int check_fd(lua_State *L, int index) {
  lua_Integer fd = luaL_checkinteger(L, index);
  luaL_argcheck(L, 0 <= fd && fd <= INT_MAX, index, "not a descriptor");
  return (int)fd;
}

/*
** ring:register_eventfd(fd) -> true, or nil, message, code: new CQEs count up
** the eventfd; those that come together count once.
** io_uring_register_eventfd(3), Linux 5.2.
*/
static int register_eventfd(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int fd = check_fd(L, 2);
  return registers_push_done(
      L, "register_eventfd",
      kernel_register(&ring->uring, IORING_REGISTER_EVENTFD, &fd, 1));
}

/*
** ring:register_eventfd_async(fd) -> true, or nil, message, code: the same,
** but not for ops that complete at once.  io_uring_register_eventfd_async(3),
** Linux 5.6.
*/
static int register_eventfd_async(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int fd = check_fd(L, 2);
  return registers_push_done(
      L, "register_eventfd_async",
      kernel_register(&ring->uring, IORING_REGISTER_EVENTFD_ASYNC, &fd, 1));
}

/*
** ring:unregister_eventfd() -> true, or nil, message, code.
** io_uring_unregister_eventfd(3)
*/
static int unregister_eventfd(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  return registers_push_done(
      L, "unregister_eventfd",
      kernel_register(&ring->uring, IORING_UNREGISTER_EVENTFD, NULL, 0));
}

/*
** ring:register_personality() -> integer that stands for the credentials
** which we have now, for set_personality; or nil, message, code.
** io_uring_register_personality(3), Linux 5.6.
*/
static int register_personality(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int code =
      kernel_register(&ring->uring, IORING_REGISTER_PERSONALITY, NULL, 0);
  if (code < 0)
    return registers_push_failure(L, "register_personality", -code);
  lua_pushinteger(L, code);
  return 1;
}

/*
** ring:unregister_personality(id) -> true, or nil, message, code.
** io_uring_unregister_personality(3)
*/
static int unregister_personality(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer id = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 <= id && id <= UINT16_MAX, 2, "out of range");
  return registers_push_done(L, "unregister_personality",
                             kernel_register(&ring->uring,
                                             IORING_UNREGISTER_PERSONALITY,
                                             NULL, (unsigned)id));
}

/*
** ring:register_iowq_aff(cpus) -> true, or nil, message, code: the list of
** processors (from 0) that its worker threads run on.
** io_uring_register_iowq_aff(3), Linux 5.14.
*/
static int register_iowq_aff(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  cpu_set_t set;
  CPU_ZERO(&set);
  lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
  luaL_argcheck(L, count > 0, 2, "no processors");
  long there = sysconf(_SC_NPROCESSORS_CONF);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 2, i);
    lua_Integer cpu = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
    luaL_argcheck(L, 0 <= cpu && cpu < CPU_SETSIZE, 2, "no such processor");
    if (cpu >= there) /* the kernel would pass over it in silence */
      return registers_push_failure(L, "register_iowq_aff", EINVAL);
    CPU_SET((size_t)cpu, &set);
    lua_pop(L, 1);
  }
  return registers_push_done(L, "register_iowq_aff",
                             kernel_register(&ring->uring,
                                             IORING_REGISTER_IOWQ_AFF, &set,
                                             sizeof set));
}

/*
** ring:unregister_iowq_aff() -> true, or nil, message, code.
** io_uring_unregister_iowq_aff(3)
*/
static int unregister_iowq_aff(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  return registers_push_done(
      L, "unregister_iowq_aff",
      kernel_register(&ring->uring, IORING_UNREGISTER_IOWQ_AFF, NULL, 0));
}

static uint32_t workers(lua_State *L, int index) {
  lua_Integer count = luaL_optinteger(L, index, 0);
  luaL_argcheck(L, 0 <= count && count <= INT_MAX, index, "out of range");
  return (uint32_t)count;
}

/*
** ring:register_iowq_max_workers([bounded [, unbounded]]) -> two integers,
** what the limits were until now, or nil, message, code.  Bounded workers do
** I/O on files, the others all else; 0 leaves a limit as it is.
** io_uring_register_iowq_max_workers(3), Linux 5.15.
*/
static int register_iowq_max_workers(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  uint32_t limits[2] = { workers(L, 2), workers(L, 3) };
  int code = kernel_register(&ring->uring, IORING_REGISTER_IOWQ_MAX_WORKERS,
                             limits, 2);
  if (code < 0)
    return registers_push_failure(L, "register_iowq_max_workers", -code);
  lua_pushinteger(L, limits[0]);
  lua_pushinteger(L, limits[1]);
  return 2;
}

/* The field of the table at index 2, or what stands for an absent one. */
static lua_Integer field(lua_State *L, const char *name, lua_Integer absent,
                         lua_Integer most) {
  return fields_integer(L, 2, "register_sync_cancel", name, absent, 0, most);
}

/*
** ring:register_sync_cancel{id=, fd=, opcode=, flags=, seconds=} -> true, or
** nil, message, code.  Cancels an op without an SQE and waits until it is
** over: the one that prep gave this id, or with IORING_ASYNC_CANCEL_FD, _OP,
** _ANY, _ALL in flags one on a descriptor, of an opcode, any, or all.
** ETIME: the seconds were over first.  io_uring_register_sync_cancel(3),
** Linux 6.0.
*/
static int register_sync_cancel(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  static const char *const known[] = { "id",    "fd",      "opcode",
                                       "flags", "seconds", NULL };
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  fields_check_names(L, 2, "register_sync_cancel", known);
  UapiSyncCancel reg = {
    .addr = (uint64_t)field(L, "id", 0, INT64_MAX),
    .fd = (int32_t)field(L, "fd", -1, INT_MAX),
    .opcode = (uint8_t)field(L, "opcode", 0, UINT8_MAX),
    .flags = (uint32_t)field(L, "flags", 0, UINT32_MAX),
    .timeout = { .tv_sec = -1, .tv_nsec = -1 },
  };
  if (lua_getfield(L, 2, "seconds") != LUA_TNIL) {
    int exact;
    lua_Number seconds = lua_tonumberx(L, -1, &exact);
    if (!exact || !(0 <= seconds && seconds <= 1e15))
      return luaL_error(L, "register_sync_cancel: 'seconds' is out of range");
    reg.timeout = clock_timespec(seconds);
  }
  int code =
      kernel_register(&ring->uring, IORING_REGISTER_SYNC_CANCEL, &reg, 1);
  return registers_push_done(L, "register_sync_cancel", code);
}

static const luaL_Reg methods[] = {
  { "register_eventfd", register_eventfd },
  { "register_eventfd_async", register_eventfd_async },
  { "register_iowq_aff", register_iowq_aff },
  { "register_iowq_max_workers", register_iowq_max_workers },
  { "register_personality", register_personality },
  { "register_sync_cancel", register_sync_cancel },
  { "unregister_eventfd", unregister_eventfd },
  { "unregister_iowq_aff", unregister_iowq_aff },
  { "unregister_personality", unregister_personality },
  { NULL, NULL },
};

void regtask_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
