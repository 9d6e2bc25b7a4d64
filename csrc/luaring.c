/*
** luaring.c - uring.Ring: a ring as Lua sees it.
*/
#include "luaring.h"
#include "clock.h"
#include "fail.h"
#include "fields.h"
#include "flags.h"

#include <errno.h>
#include <string.h>

void luaring_refuse(lua_State *L, const Ring *ring) {
  if (!ring->open)
    luaL_error(L, "attempt to use a closed ring");
  luaL_error(L, "the ring belongs to the process that was forked");
}

Ring *luaring_check(lua_State *L, int index) {
  Ring *ring = luaL_checkudata(L, index, RING_TYPE);
  luaring_check_usable(L, ring);
  return ring;
}

void luaring_push_held(lua_State *L, int index) {
  lua_getiuservalue(L, index, RING_HELD);
}

void luaring_check_deadline(lua_State *L, int index, LuaDeadline *deadline) {
  *deadline = (LuaDeadline){ .wait = { .region = -1 } };
  if (lua_isnoneornil(L, index))
    return;
  lua_Number seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, 0 <= seconds && seconds <= 1e15, index,
                "seconds out of range");
  deadline->time = clock_timespec(seconds);
  deadline->wait.time = &deadline->time;
  deadline->end =
      seconds < 1e9 ? clock_now() + (int64_t)(seconds * 1e9) : INT64_MAX;
}

bool luaring_shorten(LuaDeadline *deadline) {
  if (deadline->wait.time == NULL)
    return true;
  int64_t left = deadline->end - clock_now();
  bool some = left > 0;
  if (!some)
    left = 0;
  deadline->time.tv_sec = left / CLOCK_SECOND;
  deadline->time.tv_nsec = left % CLOCK_SECOND;
  return some;
}

/* The field of the options at index 2, an integer of 32 bits; 0: absent. */
static uint32_t option(lua_State *L, const char *name) {
  return (uint32_t)fields_integer(L, 2, "ring", name, 0, 0, UINT32_MAX);
}

/* An option that needs a flag to be heard sets it. */
static uint32_t option_with(lua_State *L, const char *name,
                            struct io_uring_params *params, uint32_t flag) {
  lua_getfield(L, 2, name);
  if (!lua_isnil(L, -1))
    params->flags |= flag;
  lua_pop(L, 1);
  return option(L, name);
}

static void read_options(lua_State *L, struct io_uring_params *params) {
  static const char *const known[] = { "flags",          "cq_entries",
                                       "sq_thread_idle", "sq_thread_cpu",
                                       "wq_fd",          NULL };
  luaL_checktype(L, 2, LUA_TTABLE);
  fields_check_names(L, 2, "ring", known);
  lua_getfield(L, 2, "flags");
  params->flags = flags_check(L, lua_gettop(L), "ring", FLAGS_SETUP);
  lua_pop(L, 1);
  params->cq_entries =
      option_with(L, "cq_entries", params, IORING_SETUP_CQSIZE);
  params->sq_thread_cpu =
      option_with(L, "sq_thread_cpu", params, IORING_SETUP_SQ_AFF);
  params->wq_fd = option_with(L, "wq_fd", params, IORING_SETUP_ATTACH_WQ);
  params->sq_thread_idle = option(L, "sq_thread_idle");
}

/*
** ring(entries [, {flags=, cq_entries=, sq_thread_idle=, sq_thread_cpu=,
** wq_fd=}]) -> Ring, or nil, message, code.  io_uring_setup(2).  flags are
** names or integers, exactly those asked for; sq_thread_idle is in
** milliseconds.
*/
static int luaring_new(lua_State *L) {
  lua_Integer entries = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 1 <= entries && entries <= UINT32_MAX, 1,
                "entries out of range");
  lua_settop(L, 2);
  struct io_uring_params params = { 0 };
  if (!lua_isnil(L, 2))
    read_options(L, &params);
  Ring *ring = lua_newuserdatauv(L, sizeof *ring, 1);
  ring->open = false; /* a raise from here on finds a closed ring */
  luaL_setmetatable(L, RING_TYPE);
  lua_newtable(L);
  lua_setiuservalue(L, -2, RING_HELD);
  int code = ring_setup(ring, (unsigned)entries, &params);
  if (code < 0)
    return fail_push(L, "ring", -code);
  return 1;
}

int luaring_push_failure(lua_State *L, const char *what, int code) {
  if (code == ETIME) {
    lua_pushnil(L);
    lua_pushliteral(L, "timeout");
    lua_pushinteger(L, ETIMEDOUT);
    return 3;
  }
  const char *why = code == EEXIST   ? "the ring's single issuer is another "
                                       "thread"
                    : code == EBADFD ? "the ring is disabled: enable_rings() "
                                       "comes first"
                                     : NULL;
  if (why == NULL)
    return fail_push(L, what, code);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", what, why);
  lua_pushinteger(L, code);
  return 3;
}

/*
** ring:close(): cancels and drains what is in flight first; once more is
** nothing.  Also for a <close> variable, and for the collector.
*/
static int luaring_close(lua_State *L) {
  ring_close(luaL_checkudata(L, 1, RING_TYPE));
  lua_pushnil(L); /* what it kept for its ops */
  lua_setiuservalue(L, 1, RING_HELD);
  return 0;
}

/* __gc(ring): as close, but nothing that could raise */
static int luaring_gc(lua_State *L) {
  ring_close(luaL_checkudata(L, 1, RING_TYPE));
  return 0;
}

/* tostring(ring) -> "uring.Ring (fd 3)", "(index 0)" or "(closed)" */
static int luaring_tostring(lua_State *L) {
  const Ring *ring = luaL_checkudata(L, 1, RING_TYPE);
  if (ring->open && ring->uring.ring_fd < 0)
    lua_pushfstring(L, "%s (index %d)", RING_TYPE, ring->uring.enter_ring_fd);
  else if (ring->open)
    lua_pushfstring(L, "%s (fd %d)", RING_TYPE, ring->uring.ring_fd);
  else
    lua_pushfstring(L, "%s (closed)", RING_TYPE);
  return 1;
}

static const luaL_Reg functions[] = {
  { "ring", luaring_new },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "close", luaring_close },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__close", luaring_close },
  { "__gc", luaring_gc },
  { "__tostring", luaring_tostring },
  { NULL, NULL },
};

void luaring_add_methods(lua_State *L, const luaL_Reg *more) {
  luaL_getmetatable(L, RING_TYPE);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, more, 0);
  lua_pop(L, 2);
}

void luaring_open(lua_State *L) {
  luaL_newmetatable(L, RING_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
