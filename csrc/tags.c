/*
** tags.c - lists that a register call takes: positions, and tags.
*/
#include "tags.h"
#include "slot.h"

#include <lauxlib.h>
#include <limits.h>

uint32_t tags_check_count(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Unsigned count = lua_rawlen(L, index);
  luaL_argcheck(L, 0 < count && count <= TAGS_LIST_MAX, index,
                "1 to 32768 items expected");
  return (uint32_t)count;
}

const uint64_t *tags_push(lua_State *L, int index, uint32_t count) {
  if (lua_isnoneornil(L, index)) {
    lua_pushnil(L);
    return NULL;
  }
  luaL_checktype(L, index, LUA_TTABLE);
  luaL_argcheck(L, lua_rawlen(L, index) == count, index,
                "as many tags as items expected");
  uint64_t *tags = lua_newuserdatauv(L, count * sizeof tags[0], 0);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    luaL_argcheck(L, lua_isinteger(L, -1), index, "a tag is an integer");
    tags[i] = (uint64_t)lua_tointeger(L, -1);
    luaL_argcheck(L, !slot_is_id(tags[i]), index, "a tag is out of range");
    lua_pop(L, 1);
  }
  return tags;
}

uint32_t tags_check_offset(lua_State *L, int index) {
  lua_Integer offset = luaL_checkinteger(L, index);
  luaL_argcheck(L, 0 <= offset && offset <= INT_MAX, index, "out of range");
  return (uint32_t)offset;
}
