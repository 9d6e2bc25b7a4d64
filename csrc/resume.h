/*
** resume.h - resuming coroutines, of which most are to be heard nothing of.
*/
#ifndef uring_resume_h
#define uring_resume_h

#include <lua.h>

/* Adds its functions to the table on the top. */
void resume_open(lua_State *L);

#endif
