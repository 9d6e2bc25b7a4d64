/*
** quick.c - receiving and sending where there is nothing to refuse.
**
** RATIONALE: a connection mostly receives into a buffer ring, and sends one
** string or Buffer; what start.c has to find out about any row is known then.
** These two do just that.  Where anything is otherwise they have started
** nothing and return nothing, and never raise: start.c does it, or says why
** it cannot be done.  write of a connection is one C function: each function
** between a program and what it waits for takes a part of its coroutine's
** stack, which only doubles, and for good.
*/
#include "quick.h"
#include "buffer.h"
#include "flight.h"

#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#define SEND_FLAGS (MSG_NOSIGNAL | MSG_WAITALL)
#define UP_THREAD  lua_upvalueindex(STARTER_UPS + 1) /* the string "thread" */

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

/* Starts the op on the descriptor at an index for who runs, if it can. */
static bool launch(lua_State *L, const Starter *starter, int held, int at,
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
  if (!launch(L, starter, UP_HELD, 1, args))
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

/* The bytes of a string, or of a Buffer that has its own; false: of neither. */
static bool find_bytes(lua_State *L, int index, Args *args) {
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
static int transmit(lua_State *L) {
  const Starter *starter = lua_touserdata(L, UP_STARTER);
  Args args;
  if (lua_gettop(L) != 3 || !find_bytes(L, 3, &args))
    return 0;
  tell_alarm(L, 2);
  args.a[2].i = SEND_FLAGS;
  args.bufring = NULL;
  if (!start(L, starter, &args))
    return 0;
  return lua_yieldk(L, 1, (lua_KContext)args.a[1].size, transmitted);
}

/* write of a connection: its upvalues, and the fields that it looks at */

#define UP_QUICK  lua_upvalueindex(1)
#define UP_GO_ON  lua_upvalueindex(2)
#define UP_SLOWLY lua_upvalueindex(3)
#define UP_FIELDS 4 /* the first of them */

enum { IS_WRITING, IS_BROKEN, IS_CLOSED, WRITE_TIMEOUT, WRITERS, FD };
static const char *const names[] = { "is_writing",    "is_broken", "is_closed",
                                     "write_timeout", "writers",   "fd" };
#define FIELDS (sizeof names / sizeof names[0])

/* Where things stand in write: the stream, data, four fields that it pushes. */
enum { QUICK = 7, STARTER, HELD, DESCRIPTOR, VALUE, EXTRA };

static void push_field(lua_State *L, int field) {
  lua_pushvalue(L, lua_upvalueindex(UP_FIELDS + field));
  lua_rawget(L, 1);
}

/* It stays on the stack. */
static bool push_is_set(lua_State *L, int field) {
  push_field(L, field);
  return lua_toboolean(L, -1);
}

/* The stream has the field already: that needs no memory. */
static void set_writing(lua_State *L, bool is_writing) {
  lua_pushvalue(L, lua_upvalueindex(UP_FIELDS + IS_WRITING));
  lua_pushboolean(L, is_writing);
  lua_rawset(L, 1);
}

static int give(lua_State *L, int status, lua_KContext below) {
  (void)status;
  return lua_gettop(L) - (int)below;
}

static int write_slowly(lua_State *L, int arguments) {
  lua_settop(L, arguments);
  lua_pushvalue(L, UP_SLOWLY);
  lua_insert(L, 1);
  lua_callk(L, arguments, LUA_MULTRET, 0, give);
  return give(L, LUA_OK, 0);
}

/* The send is over, and has brought a value. */
static int go_on(lua_State *L, int status, lua_KContext size) {
  (void)status;
  lua_settop(L, EXTRA);
  set_writing(L, false);
  int is_integer;
  bool all = lua_tointegerx(L, VALUE, &is_integer) == size && is_integer;
  if (all && !push_is_set(L, WRITERS)) {
    lua_settop(L, 1);
    return 1;
  }
  lua_settop(L, EXTRA);
  lua_pushvalue(L, UP_GO_ON);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  if (all)
    lua_pushboolean(L, true);
  else
    lua_pushvalue(L, VALUE);
  lua_pushvalue(L, EXTRA);
  lua_callk(L, 4, LUA_MULTRET, EXTRA, give);
  return give(L, LUA_OK, EXTRA);
}

static int write_data(lua_State *L) {
  int top = lua_gettop(L);
  if (top != 2 || !lua_istable(L, 1) || push_is_set(L, IS_WRITING) ||
      push_is_set(L, IS_BROKEN) || push_is_set(L, IS_CLOSED) ||
      push_is_set(L, WRITE_TIMEOUT))
    return write_slowly(L, top);
  lua_rawgeti(L, UP_QUICK, 1);
  if (lua_tocfunction(L, QUICK) != transmit)
    return write_slowly(L, 2);
  lua_getupvalue(L, QUICK, 1);
  const Starter *starter = lua_touserdata(L, STARTER);
  lua_getupvalue(L, QUICK, 2); /* the ring's table */
  push_field(L, FD);
  Args args;
  if (!find_bytes(L, 2, &args))
    return write_slowly(L, 2);
  args.a[2].i = SEND_FLAGS;
  args.bufring = NULL;
  if (!launch(L, starter, HELD, DESCRIPTOR, &args))
    return write_slowly(L, 2);
  set_writing(L, true);
  lua_getupvalue(L, QUICK, 3); /* the sentinel */
  return lua_yieldk(L, 1, args.a[1].size, go_on);
}

/*
** writer(quick, go_on, slowly) -> write(stream, data, ...), which sends a
** string or a Buffer by quick[1], the 'transmit' of a bound ring, and returns
** the stream.  From when it yields, stream.is_writing is true.  Where more is
** to be done then, it returns what go_on(stream, data, value, extra) does, with
** true for the value where all was sent; and where it cannot do that, what
** slowly(stream, data, ...) does.
*/
static int writer(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  for (size_t i = 0; i < FIELDS; i++)
    lua_pushstring(L, names[i]);
  lua_pushcclosure(L, write_data, UP_FIELDS - 1 + FIELDS);
  return 1;
}

static const luaL_Reg functions[] = {
  { "writer", writer },
  { NULL, NULL },
};

void quick_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}

void quick_add(lua_State *L, int table, const Starter *rows, StarterUps ups) {
  static const struct {
    const char *name, *row;
    lua_CFunction function;
  } quick[] = {
    { "receive", "recv", receive },
    { "transmit", "send", transmit },
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
