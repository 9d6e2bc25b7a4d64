/*
** go.h - whoever waits for what has completed goes on.
*/
#ifndef uring_go_h
#define uring_go_h

#include <lua.h>

/* Upvalues besides those of step.h: the sentinel, who was resumed last. */
#define GO_SENTINEL lua_upvalueindex(3)
#define GO_LAST     lua_upvalueindex(4)

/* The functions 'go' and 'take' of what bind returns. */
int go_on(lua_State *L);
int go_take(lua_State *L);

#endif
