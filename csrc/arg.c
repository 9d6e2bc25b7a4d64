/*
** arg.c - Lua values become an op's arguments, by kind.
*/
#include "arg.h"
#include "addr.h"
#include "buffer.h"
#include "clock.h"
#include "iovecs.h"

#include <assert.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#define SIZE_MAX_AT_ONCE 0x7ffff000u /* MAX_RW_COUNT: more is cut off */

/* Where one argument comes from, for the functions by kind. */
typedef struct {
  const Op *op;
  const ArgSpec *spec;
  int index; /* on the stack */
  int level; /* whose line an error names */
} Source;

/* "recv: bad argument 'fd' (out of range)" */
static void refuse(lua_State *L, const Source *from, const char *why) {
  luaL_where(L, from->level);
  lua_pushfstring(L, "%s: bad argument '%s' (%s)", from->op->name,
                  from->spec->name, why);
  lua_concat(L, 2);
  lua_error(L);
}

/* "recv: bad argument 'buf' (uring.Buffer expected, got number)" */
static void wrong(lua_State *L, const Source *from, const char *expected) {
  const char *got = luaL_typename(L, from->index);
  if (luaL_getmetafield(L, from->index, "__name") == LUA_TSTRING)
    got = lua_tostring(L, -1);
  refuse(L, from, lua_pushfstring(L, "%s expected, got %s", expected, got));
}

static void hold(Args *args, Mem *mem) {
  assert(args->mem_count < SLOT_MEMS);
  args->mem[args->mem_count++] = mem;
}

/* Several values to anchor become a table, still before anything is taken. */
static void anchor(lua_State *L, const Source *from, Args *args) {
  if (args->anchor == 0) {
    args->anchor = from->index;
    return;
  }
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, args->anchor);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, from->index);
  lua_rawseti(L, -2, 2);
  args->anchor = lua_gettop(L);
}

static int64_t integer(lua_State *L, const Source *from, const char *expected,
                       int64_t least, int64_t most) {
  int exact;
  lua_Integer value = lua_tointegerx(L, from->index, &exact);
  if (!exact || lua_type(L, from->index) != LUA_TNUMBER)
    wrong(L, from, expected);
  if (value < least || value > most)
    refuse(L, from, "out of range");
  return value;
}

static void check_fd(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "descriptor", 0, INT_MAX);
}

static void check_dirfd(lua_State *L, const Source *from, Args *args,
                        Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "descriptor", AT_FDCWD, INT_MAX);
  if (arg->i < 0 && arg->i != AT_FDCWD)
    refuse(L, from, "out of range");
}

static void check_int(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "integer", INT_MIN, UINT_MAX);
}

static void check_offset(lua_State *L, const Source *from, Args *args,
                         Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "offset", -1, INT64_MAX);
}

static void check_id(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "id", INT64_MIN, INT64_MAX);
}

static unsigned at_once(size_t size) {
  return size > SIZE_MAX_AT_ONCE ? SIZE_MAX_AT_ONCE : (unsigned)size;
}

static void take_buffer(const Buffer *buffer, Args *args, Arg *arg) {
  arg->data = (void *)buffer->bytes;
  arg->size = at_once(buffer->size);
  hold(args, buffer->mem);
}

static void check_out(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Buffer *buffer = buffer_test(L, from->index);
  if (buffer == NULL)
    wrong(L, from, BUFFER_TYPE);
  else if (buffer->mem == NULL)
    refuse(L, from, "a slice of a string is read-only");
  else if (buffer->size < (size_t)from->spec->fallback)
    refuse(L, from, "the buffer is too small");
  else
    take_buffer(buffer, args, arg);
}

static void check_bufring(lua_State *L, const Source *from, Args *args,
                          Arg *arg) {
  BufRing *bufring = bufring_test(L, from->index);
  if (bufring == NULL)
    wrong(L, from, BUFRING_TYPE);
  else if (bufring->uring == NULL)
    refuse(L, from, "the buffer ring is closed");
  else if (bufring->uring != args->uring)
    refuse(L, from, "a buffer ring of another ring");
  else {
    args->bufring = bufring;
    hold(args, bufring->mem);
    arg->data = NULL;
    arg->size = 0;
  }
}

static void check_into(lua_State *L, const Source *from, Args *args, Arg *arg) {
  if (bufring_test(L, from->index) != NULL)
    check_bufring(L, from, args, arg);
  else if (buffer_test(L, from->index) != NULL)
    check_out(L, from, args, arg);
  else
    wrong(L, from, BUFFER_TYPE " or " BUFRING_TYPE);
}

static void check_src(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Buffer *buffer;
  if (lua_type(L, from->index) == LUA_TSTRING) {
    size_t size;
    arg->data = (void *)lua_tolstring(L, from->index, &size);
    arg->size = at_once(size);
    anchor(L, from, args);
  } else if ((buffer = buffer_test(L, from->index)) == NULL) {
    wrong(L, from, "string or " BUFFER_TYPE);
  } else if (buffer->mem != NULL) {
    take_buffer(buffer, args, arg);
  } else { /* it keeps the string that it is a slice of */
    arg->data = (void *)buffer->bytes;
    arg->size = at_once(buffer->size);
    anchor(L, from, args);
  }
}

static void check_iovecs(lua_State *L, const Source *from, Args *args,
                         Arg *arg) {
  const Iovecs *iovecs = iovecs_test(L, from->index);
  if (iovecs == NULL)
    wrong(L, from, IOVECS_TYPE);
  else if (iovecs->mem == NULL) /* met again by another finalizer */
    refuse(L, from, "they were collected");
  else {
    arg->data = iovecs->mem->bytes;
    arg->size = iovecs->count;
    hold(args, iovecs->mem);
    if (!iovecs->writable)
      anchor(L, from, args);
  }
}

static void check_vector(lua_State *L, const Source *from, Args *args,
                         Arg *arg) {
  const Iovecs *iovecs = iovecs_test(L, from->index);
  if (iovecs != NULL && !iovecs->writable)
    refuse(L, from, "strings among them are read-only");
  check_iovecs(L, from, args, arg);
}

static void check_path(lua_State *L, const Source *from, Args *args, Arg *arg) {
  if (lua_type(L, from->index) != LUA_TSTRING)
    wrong(L, from, "path");
  size_t size;
  const char *path = lua_tolstring(L, from->index, &size);
  if (strlen(path) != size)
    refuse(L, from, "the path contains a zero byte");
  arg->data = (void *)path;
  arg->size = (unsigned)size;
  anchor(L, from, args);
}

/* The integer at position i of the table that an argument is, or -1. */
static int64_t item(lua_State *L, const Source *from, int i) {
  lua_rawgeti(L, from->index, i);
  int64_t value = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
  lua_pop(L, 1);
  return value;
}

/* {seconds, nanoseconds}: nothing is lost to floating point. */
static void check_timespec(lua_State *L, const Source *from, Arg *arg) {
  arg->time.tv_sec = item(L, from, 1);
  arg->time.tv_nsec = item(L, from, 2);
  if (arg->time.tv_sec < 0 || arg->time.tv_nsec < 0 ||
      arg->time.tv_nsec >= CLOCK_SECOND)
    refuse(L, from, "{seconds, nanoseconds} expected");
}

static void check_seconds(lua_State *L, const Source *from, Args *args,
                          Arg *arg) {
  (void)args;
  if (lua_type(L, from->index) == LUA_TTABLE) {
    check_timespec(L, from, arg);
    return;
  }
  if (lua_type(L, from->index) != LUA_TNUMBER)
    wrong(L, from, "seconds");
  lua_Number seconds = lua_tonumber(L, from->index);
  if (!(0 <= seconds && seconds < 1e15))
    refuse(L, from, "out of range");
  arg->time = clock_timespec(seconds);
}

static void check_address(lua_State *L, const Source *from, Args *args,
                          Arg *arg) {
  (void)args;
  Address *address = addr_test(L, from->index);
  if (address == NULL)
    wrong(L, from, ADDRESS_TYPE);
  else {
    arg->data = &address->storage;
    arg->size = address->length;
  }
}

static void check_peer(lua_State *L, const Source *from, Args *args, Arg *arg) {
  check_out(L, from, args, arg);
  if (arg->size < sizeof(struct sockaddr_storage))
    refuse(L, from, "the buffer is too small for an address (128 bytes)");
}

typedef void Check(lua_State *L, const Source *from, Args *args, Arg *arg);

static const struct {
  const char *name;
  Check *check;
} KINDS[] = {
  [ARG_FD] = { "fd", check_fd },
  [ARG_DIRFD] = { "dirfd", check_dirfd },
  [ARG_INT] = { "int", check_int },
  [ARG_OFFSET] = { "offset", check_offset },
  [ARG_ID] = { "id", check_id },
  [ARG_OUT] = { "out", check_out },
  [ARG_INTO] = { "into", check_into },
  [ARG_BUFRING] = { "bufring", check_bufring },
  [ARG_SRC] = { "src", check_src },
  [ARG_IOVECS] = { "iovecs", check_iovecs },
  [ARG_VECTOR] = { "vector", check_vector },
  [ARG_PATH] = { "path", check_path },
  [ARG_SECONDS] = { "seconds", check_seconds },
  [ARG_ADDRESS] = { "address", check_address },
  [ARG_PEER] = { "peer", check_peer },
};

const char *arg_kind_name(ArgKind kind) {
  return KINDS[kind].name;
}

void arg_check(lua_State *L, const Op *op, int first, int level, Args *args) {
  args->mem_count = 0;
  args->anchor = 0;
  args->bufring = NULL;
  for (int i = 0; i < OP_ARGS_MAX && op->args[i].name != NULL; i++) {
    Source from = {
      .op = op, .spec = &op->args[i], .index = first + i, .level = level
    };
    Arg *arg = &args->a[i];
    if (from.spec->optional && lua_isnil(L, from.index)) {
      *arg = (Arg){ .i = from.spec->fallback };
    } else {
      KINDS[from.spec->kind].check(L, &from, args, arg);
    }
  }
}
