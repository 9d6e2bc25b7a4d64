/*
** iovecs.c - uring.Iovecs: several Buffers and strings for one op.
*/
#include "iovecs.h"
#include "buffer.h"

#include <lauxlib.h>

Iovecs *iovecs_test(lua_State *L, int index) {
  return luaL_testudata(L, index, IOVECS_TYPE);
}

static Iovecs *check_self(lua_State *L) {
  return luaL_checkudata(L, 1, IOVECS_TYPE);
}

/* Enters the Buffer or string on the top of the stack as the next iovec. */
static void add_item(lua_State *L, Iovecs *iovecs) {
  struct iovec *vector = (struct iovec *)iovecs->mem->bytes;
  struct iovec *next = &vector[iovecs->count];
  const Buffer *buffer = buffer_test(L, -1);
  if (buffer != NULL && buffer->bytes == NULL) {
    luaL_error(L, "iovecs: bad item %d (the buffer is closed)",
               (int)iovecs->count + 1);
  } else if (buffer != NULL) {
    next->iov_base = (void *)buffer->bytes;
    next->iov_len = buffer->size;
    if (buffer->mem != NULL)
      mem_add_part(iovecs->mem, buffer->mem);
    else
      iovecs->writable = false;
  } else if (lua_type(L, -1) == LUA_TSTRING) {
    next->iov_base = (void *)lua_tolstring(L, -1, &next->iov_len);
    iovecs->writable = false;
  } else {
    luaL_error(L, "iovecs: bad item %d (string or %s expected, got %s)",
               (int)iovecs->count + 1, BUFFER_TYPE, luaL_typename(L, -1));
  }
  iovecs->count++;
}

/* iovecs{buffer_or_string, ...} -> Iovecs */
static int iovecs_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_Unsigned count = lua_rawlen(L, 1);
  luaL_argcheck(L, 0 < count && count <= IOVECS_MAX, 1,
                "1 to 1024 items expected");
  Iovecs *iovecs = lua_newuserdatauv(L, sizeof *iovecs, 1);
  *iovecs = (Iovecs){ .mem = NULL, .writable = true };
  luaL_setmetatable(L, IOVECS_TYPE);
  lua_createtable(L, (int)count, 0); /* keeps the strings alive */
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, 1);
  iovecs->mem = mem_new(count * sizeof(struct iovec), 1);
  if (iovecs->mem == NULL || !mem_reserve_parts(iovecs->mem, count))
    return luaL_error(L, "iovecs: not enough memory for %I items",
                      (lua_Integer)count);
  for (lua_Integer i = 1; i <= (lua_Integer)count; i++) {
    lua_rawgeti(L, 1, i);
    add_item(L, iovecs);
    lua_rawseti(L, -2, i);
  }
  lua_settop(L, 2);
  return 1;
}

/* #iovecs -> how many there are */
static int iovecs_len(lua_State *L) {
  lua_pushinteger(L, check_self(L)->count);
  return 1;
}

/* tostring(iovecs) -> "uring.Iovecs (3)" */
static int iovecs_tostring(lua_State *L) {
  lua_pushfstring(L, "%s (%d)", IOVECS_TYPE, (int)check_self(L)->count);
  return 1;
}

/* __gc(iovecs): an op in flight keeps the memory for as long as it needs */
static int iovecs_gc(lua_State *L) {
  Iovecs *iovecs = check_self(L);
  if (iovecs->mem != NULL)
    mem_drop(iovecs->mem);
  *iovecs = (Iovecs){ .mem = NULL, .count = 0 };
  return 0;
}

static const luaL_Reg functions[] = {
  { "iovecs", iovecs_new },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", iovecs_gc },
  { "__len", iovecs_len },
  { "__tostring", iovecs_tostring },
  { NULL, NULL },
};

void iovecs_open(lua_State *L) {
  luaL_newmetatable(L, IOVECS_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
