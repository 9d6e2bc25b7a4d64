/*
** registers.c - the register calls, as a table for documentation and specs.
** What each takes stands in the comment of its function.
*/
#include "registers.h"
#include "compat.h"
#include "fail.h"
#include "op.h"

#include <string.h>

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

#define COUNT (sizeof REGISTERS / sizeof REGISTERS[0])

/* "register_files" of "ring:register_files" */
static bool is_call(const Register *entry, const char *call) {
  const char *colon = strchr(entry->name, ':');
  return strcmp(colon != NULL ? colon + 1 : entry->name, call) == 0;
}

int registers_push_failure(lua_State *L, const char *call, int code) {
  for (size_t i = 0; i < COUNT; i++)
    if (is_call(&REGISTERS[i], call))
      return fail_push_needing(L, call, REGISTERS[i].since, code);
  return fail_push(L, call, code);
}

int registers_push_done(lua_State *L, const char *call, int code) {
  if (code < 0)
    return registers_push_failure(L, call, -code);
  lua_pushboolean(L, 1);
  return 1;
}

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
  lua_createtable(L, (int)COUNT, 0);
  for (size_t i = 0; i < COUNT; i++) {
    push(L, &REGISTERS[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "registers");
}
