/*
** submit.c - a ring's ways to submit and wait, also with registered waits.
*/
#include "submit.h"
#include "clock.h"
#include "fail.h"
#include "luaring.h"
#include "op.h"
#include "registers.h"

#include <errno.h>

#define REGION_WAITS_MAX 4096

/* Pushes how many SQEs were taken, or the failure of a submit. */
static int push_submitted(lua_State *L, const char *what, int code) {
  if (code < 0)
    return luaring_push_failure(L, what, -code);
  lua_pushinteger(L, code);
  return 1;
}

/* ring:submit() -> how many SQEs went to the kernel, or nil, message, code */
static int submit_now(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  ring_unpark(ring);
  return push_submitted(L, "submit", ring_submit(ring));
}

static unsigned check_count(lua_State *L, const Ring *ring) {
  lua_Integer count = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 <= count && count <= ring->params.cq_entries, 2,
                "more than the CQ has entries");
  return (unsigned)count;
}

/*
** Where the kernel took SQEs it says how many, and not why it waits no
** longer: waits for the rest of the time.
*/
static int wait_for(Ring *ring, unsigned count, LuaDeadline *deadline) {
  int code = ring_submit_and_wait(ring, count, &deadline->wait);
  while (code >= 0 && deadline->wait.time != NULL &&
         io_uring_cq_ready(&ring->uring) < count) {
    if (!luaring_shorten(deadline))
      return -ETIME;
    int again = ring_submit_and_wait(ring, count, &deadline->wait);
    if (again < 0)
      return again;
  }
  return code;
}

/* The same, but after so many nanoseconds one CQE is enough. */
static int wait_least(Ring *ring, unsigned count, LuaDeadline *deadline,
                      int64_t least) {
  int64_t enough = clock_now() + least;
  int code, first = 0;
  bool started = false;
  do {
    int64_t left = enough - clock_now();
    deadline->wait.min_wait_us = left > 0 ? (unsigned)(left / 1000) : 0;
    code = ring_submit_and_wait(ring, count, &deadline->wait);
    if (code < 0)
      return code == -ETIME && io_uring_cq_ready(&ring->uring) > 0 && started
                 ? first
                 : code;
    if (!started)
      first = code;
    started = true;
    unsigned ready = io_uring_cq_ready(&ring->uring);
    if (ready >= count || (ready > 0 && clock_now() >= enough))
      return first;
  } while (luaring_shorten(deadline));
  return io_uring_cq_ready(&ring->uring) > 0 ? first : -ETIME;
}

/*
** ring:submit_and_wait(count [, seconds]) -> how many SQEs went to the
** kernel; nil, "timeout", ETIMEDOUT where fewer CQEs came in time; or nil,
** message, code.  One io_uring_enter(2); another where something cut a wait
** with a time short.
*/
static int submit_and_wait(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  unsigned count = check_count(L, ring);
  LuaDeadline deadline;
  luaring_check_deadline(L, 3, &deadline);
  return push_submitted(L, "submit_and_wait", wait_for(ring, count, &deadline));
}

/*
** ring:submit_and_wait_min_timeout(count, seconds, least) -> how many SQEs
** went to the kernel.  Waits at least 'least' seconds for all the CQEs, and
** from then on for one.  Otherwise as submit_and_wait.
** io_uring_submit_and_wait_min_timeout(3), Linux 6.12.
*/
static int submit_and_wait_min_timeout(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  unsigned count = check_count(L, ring);
  LuaDeadline deadline;
  luaL_checknumber(L, 3);
  luaring_check_deadline(L, 3, &deadline);
  lua_Number least = luaL_checknumber(L, 4);
  luaL_argcheck(L, 0 <= least && least < 4294, 4, "seconds out of range");
  if (!(ring->uring.features & IORING_FEAT_MIN_TIMEOUT))
    return fail_push_needing(L, "submit_and_wait_min_timeout", OP_KERNEL(6, 12),
                             ENOSYS);
  int code = wait_least(ring, count, &deadline, (int64_t)(least * 1e9));
  return push_submitted(L, "submit_and_wait_min_timeout", code);
}

/*
** ring:register_region(count) -> true, or nil, message, code: room for so
** many registered waits, which the kernel need not copy.  The ring must be
** set up with r_disabled, and not be enabled yet.
** io_uring_register_region(3), Linux 6.13.
*/
static int register_region(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer count = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= count && count <= REGION_WAITS_MAX, 2, "out of range");
  if (ring->region != NULL)
    return registers_push_failure(L, "register_region", EBUSY);
  /* The kernel takes the last of a region for its first: one more. */
  size_t size = ((size_t)count + 1) * sizeof(UapiRegWait);
  size = (size + 4095) & ~(size_t)4095;
  Mem *region = mem_new(size, 4096);
  if (region == NULL)
    return registers_push_failure(L, "register_region", ENOMEM);
  UapiRegionDesc description = { .user_addr = (uintptr_t)region->bytes,
                                 .size = size,
                                 .flags = IORING_MEM_REGION_TYPE_USER };
  UapiMemRegion reg = { .region_uptr = (uintptr_t)&description,
                        .flags = IORING_MEM_REGION_REG_WAIT_ARG };
  int code = kernel_register(&ring->uring, IORING_REGISTER_MEM_REGION, &reg, 1);
  if (code < 0) {
    mem_drop(region);
    return registers_push_failure(L, "register_region", -code);
  }
  ring->region = region;
  ring->region_waits = (uint32_t)count;
  lua_pushboolean(L, 1);
  return 1;
}

/* The number of a registered wait at an index, from 1 on; here from 0. */
static int check_wait(lua_State *L, const Ring *ring, int index) {
  lua_Integer number = luaL_checkinteger(L, index);
  luaL_argcheck(L, 1 <= number && number <= ring->region_waits, index,
                "no registered wait has this number");
  return (int)number - 1;
}

/*
** ring:set_reg_wait(number, seconds [, least]) says how long the registered
** wait of this number lasts, the first being 1.
*/
static int set_reg_wait(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int number = check_wait(L, ring, 2);
  LuaDeadline deadline;
  luaL_checknumber(L, 3);
  luaring_check_deadline(L, 3, &deadline);
  lua_Number least = luaL_optnumber(L, 4, 0);
  luaL_argcheck(L, 0 <= least && least < 4294, 4, "seconds out of range");
  UapiRegWait *waits = (UapiRegWait *)ring->region->bytes;
  waits[number] = (UapiRegWait){ .ts = deadline.time,
                                 .flags = IORING_REG_WAIT_TS,
                                 .min_wait_usec = (uint32_t)(least * 1e6) };
  return 0;
}

/*
** ring:submit_and_wait_reg(count, number) -> how many SQEs went to the
** kernel, as submit_and_wait, for the time of the registered wait of this
** number.  io_uring_submit_and_wait_reg(3), Linux 6.13.
*/
static int submit_and_wait_reg(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  unsigned count = check_count(L, ring);
  EnterWait wait = { .region = check_wait(L, ring, 3) };
  const UapiRegWait *waits = (const UapiRegWait *)ring->region->bytes;
  struct __kernel_timespec time = waits[wait.region].ts;
  LuaDeadline left = { .time = time, .wait = { .region = -1 } };
  left.wait.time = &left.time;
  int64_t start = clock_now();
  int64_t least = (int64_t)waits[wait.region].min_wait_usec * 1000;
  left.end = start + time.tv_sec * CLOCK_SECOND + time.tv_nsec;
  int code = ring_submit_and_wait(ring, count, &wait);
  unsigned ready = io_uring_cq_ready(&ring->uring);
  int64_t passed = clock_now() - start;
  bool enough = ready >= count || (least > 0 && ready > 0 && passed >= least);
  if (code >= 0 && !enough) {
    int more = -ETIME;
    if (luaring_shorten(&left))
      more = least > 0 ? wait_least(ring, count, &left, least - passed)
                       : wait_for(ring, count, &left);
    code = more < 0 ? more : code;
  }
  return push_submitted(L, "submit_and_wait_reg", code);
}

/*
** ring:sqring_wait() -> true once the SQ has room, or nil, message, code.
** Only a ring with sqpoll ever waits.  io_uring_sqring_wait(3)
*/
static int sqring_wait(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int code = enter_wait_for_room(&ring->uring);
  if (code < 0)
    return luaring_push_failure(L, "sqring_wait", -code);
  lua_pushboolean(L, 1);
  return 1;
}

/*
** ring:set_iowait(on) -> true, or nil, message, code: whether a wait counts
** as one for I/O, which keeps the processor fast and looks busy.
** io_uring_set_iowait(3), Linux 6.15.
*/
static int set_iowait(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  if (!(ring->uring.features & IORING_FEAT_NO_IOWAIT))
    return fail_push_needing(L, "set_iowait", OP_KERNEL(6, 15), ENOSYS);
  uint8_t others = ring->uring.int_flags & (uint8_t)~IORING_ENTER_NO_IOWAIT;
  uint8_t flag = lua_toboolean(L, 2) ? 0 : (uint8_t)IORING_ENTER_NO_IOWAIT;
  ring->uring.int_flags = others | flag;
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  { "register_region", register_region },
  { "set_iowait", set_iowait },
  { "set_reg_wait", set_reg_wait },
  { "sqring_wait", sqring_wait },
  { "submit", submit_now },
  { "submit_and_wait", submit_and_wait },
  { "submit_and_wait_min_timeout", submit_and_wait_min_timeout },
  { "submit_and_wait_reg", submit_and_wait_reg },
  { NULL, NULL },
};

void submit_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
