/*
** quick.c - receiving and sending where there is nothing to refuse.
**
** RATIONALE: a connection mostly receives into a buffer ring, and sends one
** string or Buffer; what start.c has to find out about any row is known then.
** These two do just that.  Where anything is otherwise they have started
** nothing and return nothing, and never raise: start.c does it, or says why
** it cannot be done.
*/
#include "quick.h"
#include "buffer.h"
#include "flight.h"

#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#define UP_THREAD lua_upvalueindex(STARTER_UPS + 1) /* the string "thread" */

static bool can_start(lua_State *L, const Ring *ring) {
  return ring_usable(ring) && ring->slots.free_head != SLOT_NONE &&
         ring->parked == NULL && !ring->restricted && lua_isyieldable(L);
}

/* alarm.thread is who runs, where there is an alarm at an index. */
static void tell_alarm(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TTABLE)
    return;
  lua_pushvalue(L, UP_THREAD);
  lua_pushthread(L);
  lua_rawset(L, index); /* a field that it has: needs no memory */
}

bool quick_launch(lua_State *L, const Starter *starter, int held, int at,
                  Args *args) {
  Ring *ring = starter->ring;
  int is_integer;
  lua_Integer fd = lua_tointegerx(L, at, &is_integer);
  if (!is_integer || fd < 0 || fd > INT_MAX || !can_start(L, ring))
    return false;
  struct io_uring_sqe *sqe = ring_sqe(ring);
  if (sqe == NULL)
    return false;
  args->a[0].i = fd;
  Slot *slot = slot_take(&ring->slots, starter->op);
  flight_load(L, held, slot, args);
  flight_set_running(L, held, slot);
  flight_prepare(sqe, sizeof *sqe, slot, args);
  return true;
}

/* The same on the descriptor at index 1; pushes the sentinel. */
static bool start(lua_State *L, const Starter *starter, Args *args) {
  if (!quick_launch(L, starter, UP_HELD, 1, args))
    return false;
  lua_pushvalue(L, UP_SENTINEL);
  return true;
}

/*
** receive(fd, bgid, alarm) yields the sentinel until bytes are in a buffer of
** the buffer ring that has this number; returns what wait.recv(fd, bufring)
** does, or nothing.  alarm.thread is set, where there is an alarm.
*/
static int receive(lua_State *L) {
  const Starter *starter = lua_touserdata(L, UP_STARTER);
  BufRing *bufring =
      ring_find_bufring(starter->ring, (uint16_t)lua_tointeger(L, 2));
  if (bufring == NULL || bufring->shape.source)
    return 0;
  Args args; /* what is not set is not of this row */
  args.a[1].data = NULL;
  args.a[1].size = 0;
  args.a[2].i = 0;
  args.mem[0] = bufring->mem;
  args.mem_count = 1;
  args.anchor = 0;
  args.bufring = bufring;
  tell_alarm(L, 3);
  return start(L, starter, &args) ? lua_yield(L, 1) : 0;
}

bool quick_find_bytes(lua_State *L, int index, Args *args) {
  size_t size;
  if (lua_type(L, index) == LUA_TSTRING) {
    args->a[1].data = (void *)lua_tolstring(L, index, &size);
    args->anchor = index;
    args->mem_count = 0;
  } else {
    const Buffer *buffer = buffer_test(L, index);
    if (buffer == NULL || buffer->bytes == NULL || buffer->mem == NULL)
      return false;
    args->a[1].data = (void *)buffer->bytes;
    size = buffer->size;
    args->anchor = 0;
    args->mem[0] = buffer->mem;
    args->mem_count = 1;
  }
  args->a[1].size = (unsigned)size;
  return 0 < size && size <= INT_MAX;
}

/* What the coroutine is resumed with is on the top. */
static int transmitted(lua_State *L, int status, lua_KContext size) {
  (void)status;
  if (lua_tointeger(L, -2) != size)
    return 2;
  lua_pushboolean(L, 1);
  return 1;
}

/*
** transmit(fd, alarm, data) yields the sentinel until all the bytes are sent,
** or no more can be; returns true where all are, else what wait.send(fd,
** data, MSG_NOSIGNAL | MSG_WAITALL) does, or nothing.  alarm.thread is set
** likewise.
*/
int quick_transmit(lua_State *L) {
  const Starter *starter = lua_touserdata(L, UP_STARTER);
  Args args;
  if (lua_gettop(L) != 3 || !quick_find_bytes(L, 3, &args))
    return 0;
  tell_alarm(L, 2);
  args.a[2].i = QUICK_SEND_FLAGS;
  args.bufring = NULL;
  if (!start(L, starter, &args))
    return 0;
  return lua_yieldk(L, 1, (lua_KContext)args.a[1].size, transmitted);
}

void quick_add(lua_State *L, int table, const Starter *rows, StarterUps ups) {
  static const struct {
    const char *name, *row;
    lua_CFunction function;
  } quick[] = {
    { "receive", "recv", receive },
    { "transmit", "send", quick_transmit },
  };
  for (unsigned i = 0; i < OPS_COUNT; i++)
    for (size_t j = 0; j < sizeof quick / sizeof quick[0]; j++)
      if (rows[i].known && strcmp(rows[i].op->name, quick[j].row) == 0) {
        starter_push_ups(L, &rows[i], ups);
        lua_pushliteral(L, "thread");
        lua_pushcclosure(L, quick[j].function, STARTER_UPS + 1);
        lua_setfield(L, table, quick[j].name);
      }
}
