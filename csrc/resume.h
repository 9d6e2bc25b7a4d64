/*
** resume.h - resuming coroutines, of which most are to be heard nothing of.
*/
#ifndef uring_resume_h
#define uring_resume_h

#include <lua.h>
#include <stdbool.h>

/* How a coroutine came out of being resumed. */
typedef struct {
  bool waits; /* it has yielded the sentinel, which is gone */
  bool ok;    /* it did not fail */
  int count;  /* of the values on its stack, where it does not wait */
} Outcome;

/* Resumes one with so many values from the top of the stack. */
Outcome resume_one(lua_State *L, lua_State *thread, int given,
                   const void *sentinel);
/* Adds its functions to the table on the top. */
void resume_open(lua_State *L);

#endif
