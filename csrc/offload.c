/*
** offload.c - jobs for Lua: done by the pool, or at once.
**
** A job is in a box, a userdata, while errors may be raised: the collector
** frees what is left there.
*/
#include "offload.h"
#include "fail.h"
#include "lookup.h"
#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#define BOX_TYPE  "job of uring"
#define TRAY_TYPE "uring.Tray"
#define USER_TYPE "user of uring's pool"

#define BYTES_MAX (1 << 20) /* that a job may be asked to make */

/* Arguments */

typedef struct {
  Job *job;
  bool copies;               /* descriptors */
  int fds, strings, numbers; /* so many it has */
} Filling;

static void check_fd(lua_State *L, int arg, Filling *filling, bool may_be_cwd) {
  lua_Integer fd = luaL_checkinteger(L, arg);
  bool is_cwd = may_be_cwd && fd == AT_FDCWD;
  luaL_argcheck(L, is_cwd || (0 <= fd && fd <= INT_MAX), arg,
                "not a descriptor");
  Job *job = filling->job;
  int index = filling->fds++;
  job->fds[index] = (int)fd;
  if (filling->copies && !job_copy_fd(job, index, (int)fd))
    job->code = errno;
}

static void check_string(lua_State *L, int arg, Filling *filling) {
  size_t size;
  const char *string = luaL_checklstring(L, arg, &size);
  luaL_argcheck(L, strlen(string) == size, arg, "it contains a zero byte");
  if (!job_copy_string(filling->job, filling->strings, string))
    luaL_error(L, "not enough memory");
}

static void check_argument(lua_State *L, int arg, Filling *filling, char kind) {
  switch (kind) {
    case 'f':
    case 'd':
      check_fd(L, arg, filling, kind == 'd');
      break;
    case 'o':
    case 's':
      if (kind == 's' || !lua_isnoneornil(L, arg))
        check_string(L, arg, filling);
      filling->strings++;
      break;
    default:
      filling->job->numbers[filling->numbers++] = luaL_checkinteger(L, arg);
  }
}

/* Pushes a box with a job of the arguments from 'first' on: name, ... */
static Job **push_box(lua_State *L, int first, bool copies) {
  const char *name = luaL_checkstring(L, first);
  const JobKind *kind = job_find(name);
  if (kind == NULL)
    luaL_argerror(L, first, lua_pushfstring(L, "no job '%s'", name));
  lua_settop(L, first + (int)strlen(kind->arguments));
  Job **box = lua_newuserdatauv(L, sizeof(Job *), 0);
  *box = NULL;
  luaL_setmetatable(L, BOX_TYPE);
  *box = job_new(kind);
  if (*box == NULL)
    luaL_error(L, "not enough memory");
  Filling filling = { .job = *box, .copies = copies };
  for (int i = 0; kind->arguments[i] != '\0'; i++)
    check_argument(L, first + 1 + i, &filling, kind->arguments[i]);
  if (strcmp(name, "getdents") == 0)
    luaL_argcheck(L, 0 < (*box)->numbers[0] && (*box)->numbers[0] <= BYTES_MAX,
                  first + 2, "out of range");
  return box;
}

static int box_gc(lua_State *L) {
  Job **box = luaL_checkudata(L, 1, BOX_TYPE);
  if (*box != NULL)
    job_free(*box);
  *box = NULL;
  return 0;
}

/* Results */

static int push_failure(lua_State *L, const Job *job) {
  if (job->code > 0)
    return fail_push(L, job->kind->name, job->code);
  lua_pushnil(L);
  lua_pushfstring(L, "%s: %s", job->kind->name, lookup_reason(job->code));
  lua_pushinteger(L, job->code);
  return 3;
}

static int push_result(lua_State *L, const Job *job) {
  if (job->code != 0)
    return push_failure(L, job);
  if (job->kind->result == JOB_COUNT)
    lua_pushinteger(L, job->count);
  else if (job->kind->result == JOB_BYTES)
    lua_pushlstring(L, job->bytes, job->size);
  else
    lua_pushboolean(L, 1);
  return 1;
}

/*
** work(name, ...) -> what the job says: true, a count or bytes; or nil,
** message, code.  Blocks the thread until it is done.
*/
static int offload_work(lua_State *L) {
  Job **box = push_box(L, 1, false);
  job_do(*box);
  int count = push_result(L, *box);
  job_free(*box);
  *box = NULL;
  return count;
}

/* Trays */

static Tray **check_tray(lua_State *L) {
  Tray **self = luaL_checkudata(L, 1, TRAY_TYPE);
  luaL_argcheck(L, *self != NULL, 1, "the tray is closed");
  return self;
}

/*
** tray:start(name, ...) -> id; or nil, message, code.  Descriptors and
** strings are copied.
*/
static int tray_start_job(lua_State *L) {
  Tray **self = check_tray(L);
  Job **box = push_box(L, 2, true);
  int code = (*box)->code;
  if (code == 0)
    code = tray_start(*self, *box);
  if (code != 0)
    return fail_push(L, (*box)->kind->name, code);
  lua_pushinteger(L, (lua_Integer)(*box)->id);
  *box = NULL;
  return 1;
}

/* tray:take() -> id of a job that is done, and what it says; nil: none is */
static int tray_take(lua_State *L) {
  Tray **self = check_tray(L);
  const Job *job = tray_first(*self);
  if (job == NULL)
    return 0;
  lua_pushinteger(L, (lua_Integer)job->id);
  int count = 1 + push_result(L, job); /* where it raises, the job stays */
  tray_drop(*self);
  return count;
}

/* tray:fileno() -> an eventfd, readable when jobs are done */
static int tray_fileno(lua_State *L) {
  lua_pushinteger(L, tray_fd(*check_tray(L)));
  return 1;
}

/* tray:close() closes it, and forgets what is not done yet. */
static int tray_close_it(lua_State *L) {
  Tray **self = luaL_checkudata(L, 1, TRAY_TYPE);
  Tray *tray = *self;
  *self = NULL;
  if (tray != NULL)
    tray_close(tray);
  return 0;
}

static int user_gc(lua_State *L) {
  bool *is_user = luaL_checkudata(L, 1, USER_TYPE);
  if (*is_user)
    pool_leave();
  *is_user = false;
  return 0;
}

/* Threads run the code of this module: it must not be unloaded under them. */
static void be_user(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, USER_TYPE ", the only one") ==
      LUA_TNIL) {
    bool *is_user = lua_newuserdatauv(L, sizeof *is_user, 0);
    *is_user = false;
    luaL_setmetatable(L, USER_TYPE);
    lua_setfield(L, LUA_REGISTRYINDEX, USER_TYPE ", the only one");
    pool_enter();
    *is_user = true;
  }
  lua_pop(L, 1);
}

/* tray() -> Tray; or nil, message, code */
static int offload_tray(lua_State *L) {
  be_user(L);
  Tray **self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = NULL;
  luaL_setmetatable(L, TRAY_TYPE);
  *self = tray_open();
  return *self == NULL ? fail_push(L, "tray", errno) : 1;
}

static const luaL_Reg methods[] = {
  { "close", tray_close_it },
  { "fileno", tray_fileno },
  { "start", tray_start_job },
  { "take", tray_take },
  { NULL, NULL },
};

static const luaL_Reg functions[] = {
  { "tray", offload_tray },
  { "work", offload_work },
  { NULL, NULL },
};

/* Pushes the metatable of a new type. */
static void push_type(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
}

void offload_open(lua_State *L) {
  push_type(L, BOX_TYPE, box_gc);
  push_type(L, USER_TYPE, user_gc);
  push_type(L, TRAY_TYPE, tray_close_it);
  lua_pushcfunction(L, tray_close_it);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 3);
  luaL_setfuncs(L, functions, 0);
}
