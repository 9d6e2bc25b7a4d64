/*
** channel.h - uring.cares.Channel: c-ares with its servers and sockets.
*/
#ifndef uring_cares_channel_h
#define uring_cares_channel_h

#include <lua.h>

#define CHANNEL_TYPE "uring.cares.Channel"

/* Makes the metatable of channels, and puts functions in the table on top. */
void channel_open(lua_State *L);

#endif
