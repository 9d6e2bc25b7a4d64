/*
** bufring.h - buffers that the kernel picks from, a group of a ring (bgid).
**
** 1. The entries, which both sides write, are a mapping of their own that
**    a forked child does not get: a page copied on write would leave the
**    kernel looking at the old one.
** 2. The bytes are a Mem.  An op in flight that selects from the ring
**    holds it, so closing the ring cannot pull them from under the kernel.
** 3. A CQE lends us bytes of a buffer, or (a bundle) of several in the
**    order in which they were provided.  The buffer goes back when the
**    kernel has done with it, all that was lent has been taken, and no
**    view shows any of it.  With incremental consumption the kernel fills
**    one buffer piece by piece: the next piece begins where the last ended.
** 4. Of a source the kernel sends: its buffers are ours until one is added,
**    and ours again when it has been sent.
*/
#ifndef uring_bufring_h
#define uring_bufring_h

#include "kernel.h"
#include "mem.h"

#include <stdbool.h>

typedef struct {
  uint32_t length;      /* that was provided */
  uint32_t lent, taken; /* up to these places in it */
  uint16_t after;       /* the buffer that was provided next */
  uint16_t views;
  bool out;    /* there is something to take, be it of no length */
  bool picked; /* not the kernel's to pick from */
} Lent;

typedef struct {
  uint32_t count, size; /* buffers, bytes in each */
  uint16_t bgid;
  bool incremental; /* consumed piece by piece */
  bool mapped;      /* the kernel allocates the entries */
  bool source;      /* begins empty: to send from */
} BufRingShape;

typedef struct BufRing {
  struct BufRing *next;     /* in the list of its ring */
  struct io_uring *uring;   /* NULL: closed */
  volatile uint32_t *alive; /* 0 in a forked child, see ring.c */
  struct io_uring_buf_ring *entries;
  size_t entries_size;
  Mem *mem;
  Lent *lent;
  BufRingShape shape;
  uint32_t available; /* that the kernel may pick */
  uint32_t holders;   /* the ring's list, the userdata, and views */
  uint16_t last;      /* that was provided */
} BufRing;

/* 0 and a new one in *made, registered and filled; or -errno. */
int bufring_new(struct io_uring *uring, const BufRingShape *shape,
                volatile uint32_t *alive, BufRing **made);
BufRing *bufring_hold(BufRing *ring);
void bufring_drop(BufRing *ring);
/* Gives its number back to the kernel.  Its bytes stay while ops need them. */
void bufring_close(BufRing *ring);

/* A CQE with these flags has lent us so many bytes. */
void bufring_lend(BufRing *ring, unsigned cqe_flags, uint32_t size);

/*
** The first piece of so many bytes from a buffer on, of what is lent and not
** taken, or (ahead) of what a CQE is about to lend; goes on to the next
** buffer.  How many bytes the piece has.
*/
uint32_t bufring_piece(const BufRing *ring, uint32_t *bid, uint32_t size,
                       bool ahead, const char **bytes);
/* Whether so many bytes from this buffer on are there to be taken. */
bool bufring_can_take(const BufRing *ring, uint32_t bid, uint32_t size);
/* They were taken: the buffers may go back. */
void bufring_take(BufRing *ring, uint32_t bid, uint32_t size);
/* All that is lent of one buffer was taken. */
void bufring_recycle(BufRing *ring, uint32_t bid);
/* One piece as a Mem that gives back when it is dropped, still to be taken;
** NULL: there is no memory. */
Mem *bufring_view(BufRing *ring, uint32_t bid, const char *bytes,
                  uint32_t size);

/* A source: the number of a buffer that was filled, or -ENOBUFS. */
int bufring_add(BufRing *ring, const char *bytes, uint32_t size);
/* How far the kernel has picked, or -errno (6.8). */
int bufring_head(const BufRing *ring);

#endif
