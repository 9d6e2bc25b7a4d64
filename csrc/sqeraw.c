/*
** sqeraw.c - an SQE field by field, for those who explore.
*/
#include "sqeraw.h"
#include "buffer.h"
#include "fields.h"
#include "flight.h"
#include "sqe.h"

#include <limits.h>
#include <string.h>

static const Op *const NOP = &OPS[0]; /* its result is left as it is */

static const char *const FIELDS[] = { "opcode",     "ioprio",    "fd",
                                      "off",        "addr",      "len",
                                      "op_flags",   "buf_index", "personality",
                                      "file_index", "addr3",     NULL };

/* The field of the table at index 2; 0 where it is absent. */
static int64_t field(lua_State *L, const char *name, lua_Integer least,
                     lua_Integer most) {
  return fields_integer(L, 2, "set_raw", name, 0, least, most);
}

/* Leaves what 'addr' is on the stack, and what the op must keep in 'args'. */
static uint64_t address(lua_State *L, Args *args) {
  *args = (Args){ .mem_count = 0 };
  lua_getfield(L, 2, "addr");
  const Buffer *buffer = buffer_test(L, -1);
  if (buffer == NULL && lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    return (uint64_t)field(L, "addr", INT64_MIN, INT64_MAX);
  }
  if (buffer == NULL) {
    args->anchor = lua_gettop(L);
    return (uintptr_t)lua_tostring(L, -1);
  }
  if (buffer->bytes == NULL)
    luaL_error(L, "set_raw: the buffer is closed");
  if (buffer->mem != NULL)
    args->mem[args->mem_count++] = buffer->mem;
  else
    args->anchor = lua_gettop(L);
  return (uintptr_t)buffer->bytes;
}

/*
** sqe:set_raw{opcode=, ioprio=, fd=, off=, addr=, len=, op_flags=,
** buf_index=, personality=, file_index=, addr3=} -> sqe, with these fields
** and zero in all others; flags are for set_flags.  addr is a Buffer or a
** string, which is kept until the final CQE, or an integer.  Nothing else is
** checked: the kernel reads and writes where an integer leads it.
** io_uring_enter(2)
*/
static int sqe_set_raw(lua_State *L) {
  Sqe *sqe = sqe_check_fresh(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  fields_check_names(L, 2, "set_raw", FIELDS);
  struct io_uring_sqe raw = {
    .opcode = (uint8_t)field(L, "opcode", 0, UINT8_MAX),
    .ioprio = (uint16_t)field(L, "ioprio", 0, UINT16_MAX),
    .fd = (int32_t)field(L, "fd", INT_MIN, INT_MAX),
    .off = (uint64_t)field(L, "off", INT64_MIN, INT64_MAX),
    .len = (uint32_t)field(L, "len", 0, UINT32_MAX),
    .personality = (uint16_t)field(L, "personality", 0, UINT16_MAX),
    .file_index = (uint32_t)field(L, "file_index", 0, UINT32_MAX),
    .addr3 = (uint64_t)field(L, "addr3", INT64_MIN, INT64_MAX),
  };
  raw.rw_flags = (int)field(L, "op_flags", INT_MIN, UINT32_MAX);
  raw.buf_index = (uint16_t)field(L, "buf_index", 0, UINT16_MAX);
  Args args;
  raw.addr = address(L, &args);
  sqe_push_held(L);
  int held = lua_gettop(L);
  flight_unload(L, held, sqe->slot);
  sqe->slot->op = NOP;
  flight_load(L, held, sqe->slot, &args);
  raw.user_data = slot_id(sqe->slot);
  memset(sqe->sqe, 0, sqe->size);
  *sqe->sqe = raw;
  sqe->given = 0;
  lua_settop(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  { "set_raw", sqe_set_raw },
  { NULL, NULL },
};

void sqeraw_open(lua_State *L) {
  sqe_add_methods(L, methods);
}
