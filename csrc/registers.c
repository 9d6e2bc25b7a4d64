/*
** registers.c - the register calls, as a table for documentation and specs.
** What each takes stands in the comment of its function.
*/
#include "registers.h"
#include "compat.h"
#include "op.h"

typedef struct {
  const char *name; /* as the comment of its function begins */
  const char *helper;
  uint16_t number; /* IORING_REGISTER_*, IORING_UNREGISTER_* */
  uint16_t since;  /* OP_KERNEL(major, minor) */
} Register;

#define R(name, helper, number, major, minor) \
  { name, "io_uring_" helper, IORING_##number, OP_KERNEL(major, minor) },

static const Register REGISTERS[] = {
#include "registers.def"
};

#undef R

static void push(lua_State *L, const Register *call) {
  lua_createtable(L, 0, 4);
  lua_pushstring(L, call->name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, call->helper);
  lua_setfield(L, -2, "helper");
  lua_pushinteger(L, call->number);
  lua_setfield(L, -2, "opcode");
  lua_pushfstring(L, "%d.%d", call->since >> 8, call->since & 0xff);
  lua_setfield(L, -2, "since");
}

void registers_open(lua_State *L) {
  size_t count = sizeof REGISTERS / sizeof REGISTERS[0];
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push(L, &REGISTERS[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "registers");
}
