/*
** bufring.h - uring.BufRing: buffers that the kernel picks from (bgid).
**
** 1. The entries, which both sides write, are a mapping of their own that
**    a forked child does not get: a page copied on write would leave the
**    kernel looking at the old one.
** 2. The bytes are a Mem.  An op in flight that selects from the ring
**    holds it, so closing the ring cannot pull them from under the kernel.
** 3. A buffer is either the kernel's or out: lent to us by a CQE.  Only a
**    buffer that is out can be read or recycled, and that once.
*/
#ifndef uring_bufring_h
#define uring_bufring_h

#include "compat.h"
#include "mem.h"

#include <lua.h>
#include <stdbool.h>

#define BUFRING_TYPE "uring.BufRing"

typedef struct BufRing {
  struct BufRing *next;     /* in the list of its ring */
  struct io_uring *uring;   /* NULL: closed */
  volatile uint32_t *alive; /* 0 in a forked child, see ring.c */
  struct io_uring_buf_ring *entries;
  size_t entries_size;
  Mem *mem;
  bool *out;
  uint32_t count, size; /* buffers, bytes in each */
  uint32_t available;   /* that the kernel may pick */
  uint32_t holders;     /* the ring's list, and the userdata */
  uint16_t bgid;
} BufRing;

/* 0 and a new one in *made, registered and filled; or -errno. */
int bufring_new(struct io_uring *uring, uint16_t bgid, uint32_t count,
                uint32_t size, BufRing **made);
void bufring_drop(BufRing *ring);
/* Gives its number back to the kernel.  Its bytes stay while ops need them. */
void bufring_close(BufRing *ring);

char *bufring_bytes(const BufRing *ring, uint32_t bid);
/* A CQE has lent us this buffer. */
void bufring_lend(BufRing *ring, uint32_t bid);
/* It is the kernel's again. */
void bufring_recycle(BufRing *ring, uint32_t bid);

/* The BufRing at an index of the stack, or NULL. */
BufRing *bufring_test(lua_State *L, int index);
/* Pushes the userdata for one; what is put in it is held by it. */
BufRing **bufring_push(lua_State *L);
/* Makes the type known. */
void bufring_open(lua_State *L);

#endif
