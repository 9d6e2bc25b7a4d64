/*
** sqe.h - uring.SQE: one entry of the SQ, from get_sqe to submit.
*/
#ifndef uring_sqe_h
#define uring_sqe_h

#include "ring.h"

#include <lauxlib.h>
#include <lua.h>

#define SQE_TYPE "uring.SQE"

typedef struct {
  Ring *ring;
  struct io_uring_sqe *sqe; /* NULL: submitted, or given up */
  Slot *slot;
  uint32_t epoch;
  size_t size;   /* 64 or 128 bytes */
  uint8_t given; /* flags that its row needs */
  uint8_t flags; /* that were set, with what follows: a prep keeps them */
  uint16_t ioprio, personality;
  int32_t bgid; /* -1: none */
  bool fixed;   /* its descriptor is a slot */
  bool staged;  /* in a chain that is still being made: in 'stage' */
  struct io_uring_sqe stage[];
} Sqe;

/*
** Pushes an SQE of the ring at an index for a chain: it lies in the userdata
** until sqe_commit puts it into the SQ.
*/
void sqe_push_staged(lua_State *L, int ring, bool wide);
/* Whether the SQ has room for it, ever. */
unsigned sqe_entries(const Sqe *sqe);
/* Puts a staged SQE into the SQ, which must have room; it is stale then. */
void sqe_commit(Sqe *sqe, uint8_t link);
/* Gives a staged SQE up, with the table of its ring at 'held'. */
void sqe_abandon(lua_State *L, int held, Sqe *sqe);

/* The SQE at index 1.  Raises where it is none, or the kernel's by now. */
Sqe *sqe_check_fresh(lua_State *L);
/*
** Makes it select from the buffers of its bgid: a ring's, or those that
** provide_buffers gave.  NULL, or why it cannot.
*/
const char *sqe_select(Sqe *sqe);
/* Pushes the table of flight.h of the ring of the SQE at index 1. */
void sqe_push_held(lua_State *L);
/* Adds methods to all SQEs. */
void sqe_add_methods(lua_State *L, const luaL_Reg *methods);

/* Makes the type known. */
void sqe_open(lua_State *L);

#endif
