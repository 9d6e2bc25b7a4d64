/*
** buffer.c - uring.Buffer: bytes that the kernel may read or fill.
*/
#include "buffer.h"
#include "usertype.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

static const char METATABLE; /* see usertype.h */

Buffer *buffer_test(lua_State *L, int index) {
  return usertype_test(L, index, &METATABLE);
}

/*
** The Buffer whose method is called.  Methods have their metatable as upvalue
** 1, which costs less to compare than its name.
*/
static Buffer *check_self(lua_State *L) {
  Buffer *buffer = lua_touserdata(L, 1);
  if (buffer != NULL && lua_getmetatable(L, 1)) {
    bool same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (same)
      return buffer;
  }
  return luaL_checkudata(L, 1, BUFFER_TYPE); /* which says what it is */
}

static Buffer *refuse_closed(lua_State *L, Buffer *buffer) {
  if (buffer->bytes == NULL)
    luaL_error(L, "attempt to use a closed buffer, or a view that was "
                  "recycled");
  return buffer;
}

static Buffer *check_open(lua_State *L) {
  return refuse_closed(L, check_self(L));
}

Buffer *buffer_push(lua_State *L) {
  Buffer *buffer = lua_newuserdatauv(L, sizeof *buffer, 1);
  *buffer = (Buffer){ .mem = NULL, .bytes = "", .size = 0 };
  lua_rawgetp(L, LUA_REGISTRYINDEX, &METATABLE);
  lua_setmetatable(L, -2);
  return buffer;
}

Buffer *buffer_push_new(lua_State *L, size_t size, size_t alignment) {
  Buffer *buffer = buffer_push(L);
  buffer->mem = mem_new(size, alignment);
  if (buffer->mem == NULL)
    luaL_error(L, "buffer: not enough memory for %I bytes", (lua_Integer)size);
  buffer->bytes = buffer->mem->bytes;
  buffer->size = size;
  return buffer;
}

void buffer_close(Buffer *buffer) {
  if (buffer->mem != NULL)
    mem_drop(buffer->mem);
  *buffer = (Buffer){ .mem = NULL, .bytes = NULL, .size = 0 };
}

/* buffer(size [, align]) -> Buffer of so many zero bytes */
static int buffer_new(lua_State *L) {
  lua_Integer size = luaL_checkinteger(L, 1);
  lua_Integer align = luaL_optinteger(L, 2, 1);
  luaL_argcheck(L, 0 < size && size <= INT_MAX, 1, "size out of range");
  luaL_argcheck(L, 0 < align && align <= 1 << 21 && (align & (align - 1)) == 0,
                2, "not a power of two up to 2 MiB");
  buffer_push_new(L, (size_t)size, (size_t)align);
  return 1;
}

/*
** Turns string positions i, j (1-based, negative from the end) into an
** offset and a length, as string.sub does.
*/
static size_t range(lua_State *L, int arg, size_t size, size_t *offset) {
  lua_Integer length = (lua_Integer)size;
  lua_Integer i = luaL_optinteger(L, arg, 1);
  lua_Integer j = luaL_optinteger(L, arg + 1, -1);
  if (i < 0)
    i = i < -length ? 1 : length + i + 1;
  else if (i == 0)
    i = 1;
  if (j < 0)
    j = j < -length ? 0 : length + j + 1;
  else if (j > length)
    j = length;
  *offset = i <= length ? (size_t)(i - 1) : size;
  return i <= j ? (size_t)(j - i + 1) : 0;
}

/* slice(string_or_buffer [, i [, j]]) -> Buffer of the same bytes */
static int buffer_slice(lua_State *L) {
  size_t size, offset;
  const char *bytes;
  const Buffer *whole = NULL;
  Buffer *buffer = buffer_test(L, 1);
  if (buffer != NULL) {
    whole = refuse_closed(L, buffer);
    bytes = whole->bytes;
    size = whole->size;
  } else {
    luaL_checktype(L, 1, LUA_TSTRING);
    bytes = lua_tolstring(L, 1, &size);
  }
  size_t length = range(L, 2, size, &offset);
  Buffer *slice = buffer_push(L);
  if (whole != NULL && whole->mem != NULL) {
    slice->mem = mem_hold(whole->mem);
  } else {
    if (whole != NULL)
      lua_getiuservalue(L, 1, 1);
    else
      lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
  }
  slice->bytes = bytes + offset;
  slice->size = length;
  return 1;
}

/* buffer:sub([i [, j]]) -> the bytes i to j as a string, as string.sub */
static int buffer_sub(lua_State *L) {
  const Buffer *buffer = check_open(L);
  size_t offset;
  size_t length = range(L, 2, buffer->size, &offset);
  lua_pushlstring(L, buffer->bytes + offset, length);
  return 1;
}

/* buffer:tostring() -> all its bytes as a string */
static int buffer_bytes(lua_State *L) {
  const Buffer *buffer = check_open(L);
  lua_pushlstring(L, buffer->bytes, buffer->size);
  return 1;
}

/* buffer:byte([i]) -> the byte at position i (1), or nothing outside */
static int buffer_byte(lua_State *L) {
  const Buffer *buffer = check_open(L);
  lua_Integer i = luaL_optinteger(L, 2, 1);
  if (i < 0)
    i += (lua_Integer)buffer->size + 1;
  if (i < 1 || (size_t)i > buffer->size)
    return 0;
  lua_pushinteger(L, (unsigned char)buffer->bytes[i - 1]);
  return 1;
}

/* buffer:set(i, string) -> buffer, with the string written at position i */
static int buffer_set(lua_State *L) {
  Buffer *buffer = check_open(L);
  lua_Integer i = luaL_checkinteger(L, 2);
  size_t length;
  const char *text = luaL_checklstring(L, 3, &length);
  luaL_argcheck(L, buffer->mem != NULL, 1, "a slice of a string is read-only");
  luaL_argcheck(L, i >= 1 && (size_t)i - 1 <= buffer->size, 2,
                "position out of range");
  luaL_argcheck(L, length <= buffer->size - ((size_t)i - 1), 3,
                "string reaches beyond the buffer");
  size_t start = (size_t)(buffer->bytes - buffer->mem->bytes);
  memcpy(buffer->mem->bytes + start + i - 1, text, length);
  lua_settop(L, 1);
  return 1;
}

/* buffer:find(text [, i]) -> first, last position of text from i on, or nil */
static int buffer_find(lua_State *L) {
  const Buffer *buffer = check_open(L);
  size_t length, offset;
  const char *text = luaL_checklstring(L, 2, &length);
  lua_settop(L, 3);
  size_t rest = range(L, 3, buffer->size, &offset);
  const char *at = memmem(buffer->bytes + offset, rest, text, length);
  if (at == NULL) {
    lua_pushnil(L);
    return 1;
  }
  lua_Integer first = at - buffer->bytes + 1;
  lua_pushinteger(L, first);
  lua_pushinteger(L, first + (lua_Integer)length - 1);
  return 2;
}

/* buffer:slice([i [, j]]) is slice(buffer, i, j) */

/* #buffer -> its size in bytes */
static int buffer_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_open(L)->size);
  return 1;
}

/* tostring(buffer) -> "uring.Buffer (4096 bytes)", or "(closed)" */
static int buffer_tostring(lua_State *L) {
  const Buffer *buffer = check_self(L);
  if (buffer->bytes == NULL)
    lua_pushliteral(L, BUFFER_TYPE " (closed)");
  else
    lua_pushfstring(L, "%s (%I bytes)", BUFFER_TYPE, (lua_Integer)buffer->size);
  return 1;
}

/*
** buffer:close() lets go of the bytes; a view of a buffer ring gives them
** back.  Slices of it, and ops in flight, keep what they need.  Once more is
** nothing.
*/
static int buffer_shut(lua_State *L) {
  buffer_close(check_self(L));
  return 0;
}

/* __gc(buffer): another finalizer that meets it finds it empty */
static int buffer_gc(lua_State *L) {
  Buffer *buffer = check_self(L);
  buffer_close(buffer);
  buffer->bytes = "";
  return 0;
}

static const luaL_Reg functions[] = {
  { "buffer", buffer_new },
  { "slice", buffer_slice },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "byte", buffer_byte },      { "close", buffer_shut },
  { "find", buffer_find },      { "set", buffer_set },
  { "slice", buffer_slice },    { "sub", buffer_sub },
  { "tostring", buffer_bytes }, { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__close", buffer_shut },
  { "__gc", buffer_gc },
  { "__len", buffer_len },
  { "__tostring", buffer_tostring },
  { NULL, NULL },
};

void buffer_open(lua_State *L) {
  luaL_newmetatable(L, BUFFER_TYPE);
  usertype_set(L, &METATABLE);
  lua_pushvalue(L, -1);
  luaL_setfuncs(L, metamethods, 1);
  luaL_newlibtable(L, methods);
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, methods, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
