/*
** settings.h - what a channel is to be like, from a Lua table.
*/
#ifndef uring_cares_settings_h
#define uring_cares_settings_h

#include "query.h"

typedef struct {
  struct ares_options options;
  int mask;            /* which of them are set */
  const char *servers; /* "127.0.0.1:53,[::1]:53", or NULL */
} Settings;

/*
** Reads the table at the index: servers, search, ndots, timeout (ms), tries,
** rotate, tcp, lookups, resolvconf.  What it has must stay where it is as
** long as the settings are used; a value may be pushed that must, too.
*/
void settings_read(lua_State *L, int index, Settings *settings);

#endif
