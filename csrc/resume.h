/*
** resume.h - resuming a coroutine of which most often is to hear nothing.
*/
#ifndef uring_resume_h
#define uring_resume_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void resume_open(lua_State *L);

#endif
