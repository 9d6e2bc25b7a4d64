/*
** futexes.c - uring.Futexes: several futexes to wait for at once.
*/
#include "futexes.h"
#include "buffer.h"
#include "compat.h"

#include <lauxlib.h>

Futexes *futexes_test(lua_State *L, int index) {
  return luaL_testudata(L, index, FUTEXES_TYPE);
}

static lua_Integer field(lua_State *L, int item, int i, lua_Integer absent) {
  lua_rawgeti(L, -1, i);
  int exact = 1;
  lua_Integer value = lua_isnil(L, -1) ? absent : lua_tointegerx(L, -1, &exact);
  if (!exact || value < 0 || value > UINT32_MAX)
    luaL_error(L, "futexes: bad item %d (32 bits expected at %d)", item, i);
  lua_pop(L, 1);
  return value;
}

/* Enters the {buffer, value [, flags]} on the top as the next futex. */
static void add_item(lua_State *L, Futexes *futexes) {
  int item = (int)futexes->count + 1;
  if (!lua_istable(L, -1))
    luaL_error(L, "futexes: bad item %d (table expected, got %s)", item,
               luaL_typename(L, -1));
  lua_rawgeti(L, -1, 1);
  const Buffer *buffer = buffer_test(L, -1);
  if (buffer == NULL || buffer->mem == NULL || buffer->size < 4)
    luaL_error(L, "futexes: bad item %d (a %s of 4 bytes expected at 1)", item,
               BUFFER_TYPE);
  else
    mem_add_part(futexes->mem, buffer->mem);
  uintptr_t address = buffer != NULL ? (uintptr_t)buffer->bytes : 0;
  lua_pop(L, 1);
  UapiFutexWaitv *array = (UapiFutexWaitv *)futexes->mem->bytes;
  array[futexes->count++] = (UapiFutexWaitv){
    .uaddr = address,
    .val = (uint64_t)field(L, item, 2, -1),
    .flags = (uint32_t)field(L, item, 3, FUTEX2_SIZE_U32),
  };
}

/*
** futexes{{buffer, value [, flags]}, ...} -> Futexes for futex_waitv: each
** waits while the 32 bits at the start of its Buffer are this value.
** futex_waitv(2)
*/
static int futexes_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Unsigned count = lua_rawlen(L, 1);
  luaL_argcheck(L, 0 < count && count <= FUTEXES_MAX, 1,
                "1 to 128 items expected");
  Futexes *futexes = lua_newuserdatauv(L, sizeof *futexes, 0);
  *futexes = (Futexes){ .mem = NULL };
  luaL_setmetatable(L, FUTEXES_TYPE);
  futexes->mem = mem_new(count * sizeof(UapiFutexWaitv), 8);
  if (futexes->mem == NULL || !mem_reserve_parts(futexes->mem, count))
    return luaL_error(L, "futexes: not enough memory");
  for (lua_Integer i = 1; i <= (lua_Integer)count; i++) {
    lua_rawgeti(L, 1, i);
    add_item(L, futexes);
    lua_pop(L, 1);
  }
  return 1;
}

/* #futexes -> how many there are */
static int futexes_len(lua_State *L) {
  const Futexes *futexes = luaL_checkudata(L, 1, FUTEXES_TYPE);
  lua_pushinteger(L, futexes->count);
  return 1;
}

/* tostring(futexes) -> "uring.Futexes (2)" */
static int futexes_tostring(lua_State *L) {
  const Futexes *futexes = luaL_checkudata(L, 1, FUTEXES_TYPE);
  lua_pushfstring(L, "%s (%d)", FUTEXES_TYPE, (int)futexes->count);
  return 1;
}

/* __gc(futexes): an op in flight keeps the memory for as long as it needs */
static int futexes_gc(lua_State *L) {
  Futexes *futexes = luaL_checkudata(L, 1, FUTEXES_TYPE);
  if (futexes->mem != NULL)
    mem_drop(futexes->mem);
  *futexes = (Futexes){ .mem = NULL };
  return 0;
}

static const luaL_Reg functions[] = {
  { "futexes", futexes_new },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", futexes_gc },
  { "__len", futexes_len },
  { "__tostring", futexes_tostring },
  { NULL, NULL },
};

void futexes_open(lua_State *L) {
  luaL_newmetatable(L, FUTEXES_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
