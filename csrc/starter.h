/*
** starter.h - what a closure that starts ops needs of its row and ring.
*/
#ifndef uring_starter_h
#define uring_starter_h

#include "luaring.h"
#include "op.h"

/* Upvalues: a Starter, the ring's table, the sentinel, and who owns both. */
#define UP_STARTER  lua_upvalueindex(1)
#define UP_HELD     lua_upvalueindex(2)
#define UP_SENTINEL lua_upvalueindex(3)
#define STARTER_UPS 5

typedef struct {
  Ring *ring;
  const Op *op;
  int arity;
  bool known; /* to the kernel */
} Starter;

/* Where upvalues stand: the ring, the sentinel, what the Starter is part of. */
typedef struct {
  int ring, sentinel, owner;
} StarterUps;

/* Pushes the upvalues of a closure over a Starter. */
static inline void starter_push_ups(lua_State *L, const Starter *starter,
                                    StarterUps ups) {
  lua_pushlightuserdata(L, (void *)starter);
  luaring_push_held(L, ups.ring);
  lua_pushvalue(L, ups.sentinel);
  lua_pushvalue(L, ups.ring);
  lua_pushvalue(L, ups.owner);
}

#endif
