/*
** writer.c - write of a connection, where there is nothing to refuse.
**
** RATIONALE: it is one C function, since each function between a program and
** what it waits for takes a part of its coroutine's stack, which only doubles,
** and for good.
*/
#include "writer.h"
#include "quick.h"

#include <lauxlib.h>

/* Its upvalues, and the fields of the stream that it looks at. */

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
  if (lua_tocfunction(L, QUICK) != quick_transmit)
    return write_slowly(L, 2);
  lua_getupvalue(L, QUICK, 1);
  const Starter *starter = lua_touserdata(L, STARTER);
  lua_getupvalue(L, QUICK, 2); /* the ring's table */
  push_field(L, FD);
  Args args;
  if (!quick_find_bytes(L, 2, &args))
    return write_slowly(L, 2);
  args.a[2].i = QUICK_SEND_FLAGS;
  args.bufring = NULL;
  if (!quick_launch(L, starter, HELD, DESCRIPTOR, &args))
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

void writer_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
