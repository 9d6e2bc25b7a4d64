/*
** checknum.c - arguments that are copied: numbers, tables of them, addresses.
*/
#include "addr.h"
#include "check.h"
#include "clock.h"

#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

static int64_t integer(lua_State *L, const Source *from, const char *expected,
                       int64_t least, int64_t most) {
  int exact;
  lua_Integer value = lua_tointegerx(L, from->index, &exact);
  if (!exact || lua_type(L, from->index) != LUA_TNUMBER)
    check_wrong(L, from, expected);
  if (value < least || value > most)
    check_refuse(L, from, "out of range");
  return value;
}

void check_fd(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "descriptor", 0, INT_MAX);
}

void check_dirfd(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "descriptor", AT_FDCWD, INT_MAX);
  if (arg->i < 0 && arg->i != AT_FDCWD)
    check_refuse(L, from, "out of range");
}

void check_slot(lua_State *L, const Source *from, Args *args, Arg *arg) {
  arg->i = integer(L, from, "slot", 0, UINT_MAX);
  if (arg->i > INT_MAX && arg->i != IORING_FILE_INDEX_ALLOC)
    check_refuse(L, from, "out of range");
  if (arg->i == IORING_FILE_INDEX_ALLOC && args->copied)
    check_refuse(L, from, "the slots are told in a Buffer of descriptors");
}

/* The buffer that it is about is the last memory of an earlier argument. */
void check_index(lua_State *L, const Source *from, Args *args, Arg *arg) {
  arg->i = integer(L, from, "index", 0, UINT16_MAX);
  if ((uint64_t)arg->i >= args->pins->count)
    check_refuse(L, from, "no buffer is registered at this index");
  const Mem *mem = args->mem_count > 0 ? args->mem[0] : NULL;
  if (mem != NULL && mem->part_count == 0 &&
      !pins_has(args->pins, (uint32_t)arg->i, mem))
    check_refuse(L, from, "it is not the buffer registered at this index");
}

void check_bgid(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "integer", 0, UINT16_MAX);
}

void check_int(lua_State *L, const Source *from, Args *args, Arg *arg) {
  arg->i = integer(L, from, "integer", INT_MIN, UINT_MAX);
  bool pieces = args->bufring != NULL && args->bufring->shape.incremental;
  if (pieces && (arg->i & MSG_WAITALL)) /* the only integer there is flags */
    check_refuse(L, from, "an incremental buffer ring is not for MSG_WAITALL");
}

void check_size(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "size", 0, INT64_MAX);
}

void check_zcflags(lua_State *L, const Source *from, Args *args, Arg *arg) {
  check_int(L, from, args, arg);
  if (arg->i & IORING_SEND_VECTORIZED)
    check_refuse(L, from, "IORING_SEND_VECTORIZED reads pointers");
}

/* Some advice outlives the buffer, or makes its pages fatal to touch. */
void check_advice(lua_State *L, const Source *from, Args *args, Arg *arg) {
  static const int harmless[] = {
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MADV_WILLNEED,
    MADV_DONTNEED,
    MADV_FREE,
    MADV_HUGEPAGE,
    MADV_NOHUGEPAGE,
    MADV_COLD,
    MADV_PAGEOUT,
    MADV_POPULATE_READ,
    MADV_POPULATE_WRITE,
    25 /* MADV_COLLAPSE */
  };
  (void)args;
  arg->i = integer(L, from, "integer", INT_MIN, UINT_MAX);
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
    if (harmless[i] == arg->i)
      return;
  check_refuse(L, from, "not an advice that a buffer can take");
}

void check_offset(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "offset", -1, INT64_MAX);
}

void check_id(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "id", INT64_MIN, INT64_MAX);
}

/* What comes with a CQE of no op of ours must not look like an id. */
void check_data(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  arg->i = integer(L, from, "integer", INT64_MIN, INT64_MAX);
  if (slot_is_id((uint64_t)arg->i))
    check_refuse(L, from, "out of range");
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
    check_refuse(L, from, "{seconds, nanoseconds} expected");
}

void check_seconds(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  if (lua_type(L, from->index) == LUA_TTABLE) {
    check_timespec(L, from, arg);
    return;
  }
  if (lua_type(L, from->index) != LUA_TNUMBER)
    check_wrong(L, from, "seconds");
  lua_Number seconds = lua_tonumber(L, from->index);
  if (!(0 <= seconds && seconds < 1e15))
    check_refuse(L, from, "out of range");
  arg->time = clock_timespec(seconds);
}

static uint64_t how_field(lua_State *L, const Source *from, const char *name) {
  int exact = 1;
  lua_getfield(L, from->index, name);
  lua_Integer value = lua_isnil(L, -1) ? 0 : lua_tointegerx(L, -1, &exact);
  if (!exact || value < 0)
    check_refuse(L, from, lua_pushfstring(L, "'%s' is out of range", name));
  lua_pop(L, 1);
  return (uint64_t)value;
}

static void check_how_names(lua_State *L, const Source *from) {
  for (lua_pushnil(L); lua_next(L, from->index) != 0; lua_pop(L, 1)) {
    const char *name =
        lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
    if (strcmp(name, "flags") != 0 && strcmp(name, "mode") != 0 &&
        strcmp(name, "resolve") != 0)
      check_refuse(L, from, lua_pushfstring(L, "unknown field '%s'", name));
  }
}

/* struct open_how: what is absent is 0, and the mode of a new file 0644. */
void check_how(lua_State *L, const Source *from, Args *args, Arg *arg) {
  (void)args;
  if (lua_type(L, from->index) != LUA_TTABLE)
    check_wrong(L, from, "table");
  check_how_names(L, from);
  arg->how = (UapiOpenHow){ .flags = how_field(L, from, "flags"),
                            .mode = how_field(L, from, "mode"),
                            .resolve = how_field(L, from, "resolve") };
  bool makes =
      (arg->how.flags & O_CREAT) || (arg->how.flags & O_TMPFILE) == O_TMPFILE;
  if (makes && lua_getfield(L, from->index, "mode") == LUA_TNIL)
    arg->how.mode = 0644;
}

void check_address(lua_State *L, const Source *from, Args *args, Arg *arg) {
  Address *address = addr_test(L, from->index);
  if (address == NULL)
    check_wrong(L, from, ADDRESS_TYPE);
  else {
    args->has_address = true;
    arg->data = &address->storage;
    arg->size = address->length;
  }
}
