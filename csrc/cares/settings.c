/*
** settings.c - what a channel is to be like, from a Lua table.
*/
#include "settings.h"

#include <lauxlib.h>
#include <string.h>

#define PACKET_SIZE 1232 /* bytes of UDP that no network has to split */

static const char *string_of(lua_State *L, int index, const char *name) {
  lua_getfield(L, index, name);
  const char *text = luaL_optstring(L, -1, NULL);
  lua_pop(L, 1); /* the table keeps it */
  return text;
}

/* Sets a number where there is one, and says so in the mask. */
static void read_number(lua_State *L, int index, const char *name, int *number,
                        Settings *settings, int flag) {
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1)) {
    *number = (int)luaL_checkinteger(L, -1);
    settings->mask |= flag;
  }
  lua_pop(L, 1);
}

/* Says whether there is a boolean, and which. */
static bool read_boolean(lua_State *L, int index, const char *name,
                         bool *value) {
  int type = lua_getfield(L, index, name);
  *value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return type != LUA_TNIL;
}

/* Pushes what holds the array of domains. */
static void read_search(lua_State *L, int index, Settings *settings) {
  if (lua_getfield(L, index, "search") == LUA_TNIL)
    return;
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_Integer count = luaL_len(L, -1);
  char **domains =
      lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *domains, 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_rawgeti(L, -2, i + 1);
    domains[i] = (char *)luaL_checkstring(L, -1); /* which c-ares copies */
    lua_pop(L, 1);
  }
  settings->options.domains = domains;
  settings->options.ndomains = (int)count;
  settings->mask |= ARES_OPT_DOMAINS;
  if (count == 0)
    settings->options.flags |= ARES_FLAG_NOSEARCH;
}

static void read_flags(lua_State *L, int index, Settings *settings) {
  bool value;
  settings->options.flags = ARES_FLAG_EDNS;
  settings->options.ednspsz = PACKET_SIZE;
  settings->mask |= ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ;
  if (read_boolean(L, index, "tcp", &value) && value)
    settings->options.flags |= ARES_FLAG_USEVC;
  if (read_boolean(L, index, "rotate", &value))
    settings->mask |= value ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE;
#ifdef ARES_OPT_QUERY_CACHE /* newer ones have a cache unless told otherwise */
  settings->options.qcache_max_ttl = 0;
  settings->mask |= ARES_OPT_QUERY_CACHE;
#endif
}

static void read_path(char **path, const char *text, Settings *settings,
                      int flag) {
  if (text == NULL)
    return;
  *path = (char *)text; /* which c-ares copies */
  settings->mask |= flag;
}

void settings_read(lua_State *L, int index, Settings *settings) {
  struct ares_options *options = &settings->options;
  memset(settings, 0, sizeof *settings);
  luaL_checktype(L, index, LUA_TTABLE);
  settings->servers = string_of(L, index, "servers");
  read_flags(L, index, settings);
  read_number(L, index, "ndots", &options->ndots, settings, ARES_OPT_NDOTS);
  read_number(L, index, "timeout", &options->timeout, settings,
              ARES_OPT_TIMEOUTMS);
  read_number(L, index, "tries", &options->tries, settings, ARES_OPT_TRIES);
  read_path(&options->lookups, string_of(L, index, "lookups"), settings,
            ARES_OPT_LOOKUPS);
  read_path(&options->resolvconf_path, string_of(L, index, "resolvconf"),
            settings, ARES_OPT_RESOLVCONF);
  read_search(L, index, settings);
}
