/*
** bufring.h - buffers that the kernel picks from, a group of a ring (bgid).
**
** 1. The entries, which both sides write, are a mapping of their own that
**    a forked child does not get: a page copied on write would leave the
**    kernel looking at the old one.
** 2. The bytes are a Mem.  An op in flight that selects from the ring
**    holds it, so closing the ring cannot pull them from under the kernel.
** 3. A CQE lends us a piece: bytes of a buffer, or (a bundle) of several in
**    the order in which they were provided.  A buffer goes back when the
**    kernel has done with it, every piece in it was taken, and no view shows
**    any of it.  With incremental consumption the kernel fills one buffer
**    piece by piece: the next begins where the last ended.
** 4. Of a source the kernel sends: its buffers are ours until one is added,
**    and ours again when it has been sent.
*/
#ifndef uring_bufring_h
#define uring_bufring_h

#include "kernel.h"
#include "mem.h"
#include "pieces.h"

#include <stdbool.h>

typedef struct {
  uint32_t length;   /* that was provided */
  uint32_t lent;     /* up to this place in it */
  uint32_t parts;    /* of pieces that are in it and were not taken */
  Pieces pieces;     /* that begin in it, likewise */
  uint16_t after;    /* the buffer that was provided next */
  uint16_t position; /* among all that were provided */
  uint16_t views;
  bool picked; /* not the kernel's to pick from */
} Lent;

typedef struct {
  uint32_t count, size; /* buffers, bytes in each */
  uint32_t first;       /* so many are provided at first, see bufring_extend */
  uint16_t bgid;
  bool incremental; /* consumed piece by piece */
  bool mapped;      /* the kernel allocates the entries */
  bool source;      /* begins empty: to send from */
  bool views;       /* what a loop receives into it becomes a view */
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
  uint32_t extent;    /* those below it go back to the kernel */
  uint32_t told;      /* the CQEs up to here do not know of the last of them */
  uint32_t batch;     /* those up to here were there together, and have taken */
  uint32_t used;      /* so many; */
  uint32_t peak;      /* the most that were out of the kernel's hands */
  uint32_t batches;   /* in so many of them */
  uint32_t holders;   /* the ring's list, the userdata, and views */
  uint16_t last;      /* that was provided */
  uint16_t provided;  /* how many in all, as the kernel counts */
  uint16_t settled;   /* a source: up to where it is known who was sent */
  uint16_t *order;    /* a source: who stands at which position */
} BufRing;

/* 0 and a new one in *made, registered and filled; or -errno. */
int bufring_new(struct io_uring *uring, const BufRingShape *shape,
                volatile uint32_t *alive, BufRing **made);
static inline BufRing *bufring_hold(BufRing *ring) {
  ring->holders++;
  return ring;
}
void bufring_drop(BufRing *ring);
/*
** Provides as many more as shape.first says: a CQE that was just taken says
** that the kernel found none, and knew of all that had been provided.  It walks
** round and round through all that it has, so those that nobody needs are
** better left out of a cache.
*/
void bufring_extend(BufRing *ring);
/* Gives its number back to the kernel.  Its bytes stay while ops need them. */
void bufring_close(BufRing *ring);

/*
** A CQE with these flags has lent so many bytes, of one buffer or of as many
** as it takes; false: of none that the kernel could pick.
*/
bool bufring_lend(BufRing *ring, unsigned cqe_flags, uint32_t size,
                  bool bundle);

static inline char *bufring_bytes(const BufRing *ring, uint32_t bid) {
  return ring->mem->bytes + (size_t)bid * ring->shape.size;
}
/* Gives a buffer back where nothing of it is needed, or keeps it. */
void bufring_settle(BufRing *ring, uint32_t bid);

/*
** One was picked.  How many are out of the kernel's hands at a time is
** watched where there are more than at first, so that what a crowd has needed
** does not stay when it has gone.
*/
void bufring_watch(BufRing *ring);
static inline void bufring_pick(BufRing *ring, uint32_t bid) {
  ring->lent[bid].picked = true;
  ring->available--;
  if (ring->extent > ring->shape.first)
    bufring_watch(ring);
}

/* Whether a buffer is there, and the kernel's to pick from. */
static inline bool bufring_can_pick(const BufRing *ring, uint32_t bid) {
  return bid < ring->shape.count && !ring->lent[bid].picked;
}
/*
** The bytes that a CQE is about to lend, where it lends one buffer of which
** nothing else is out, and which the kernel has done with: at most 'size',
** which is set.  NULL: it is not as simple as that.
*/
static inline const char *bufring_whole(const BufRing *ring, uint32_t bid,
                                        unsigned cqe_flags, uint32_t *size) {
  if (!bufring_can_pick(ring, bid) || (cqe_flags & IORING_CQE_F_BUF_MORE))
    return NULL;
  const Lent *lent = &ring->lent[bid];
  if (lent->lent > 0 || lent->parts > 0 || lent->views > 0 ||
      lent->pieces.count > 0)
    return NULL;
  if (*size > lent->length)
    *size = lent->length;
  return bufring_bytes(ring, bid);
}
/* Such a buffer was lent, and its bytes were taken: it goes back. */
void bufring_take_whole(BufRing *ring, uint32_t bid);

/* Walks over a piece, buffer by buffer. */
typedef struct {
  uint32_t bid, start, left;
} PieceWalk;

/* The first piece that begins in a buffer; false: there is none. */
bool bufring_first_piece(const BufRing *ring, uint32_t bid, PieceWalk *walk);
/* The piece that a CQE is about to lend. */
PieceWalk bufring_piece_ahead(const BufRing *ring, unsigned cqe_flags,
                              uint32_t size, bool bundle);
/* The next part of a piece: how many bytes; 0: it is over, or empty. */
uint32_t bufring_next_part(const BufRing *ring, PieceWalk *walk,
                           const char **bytes);
/* The first piece of a buffer was taken: who is not needed goes back. */
void bufring_take_piece(BufRing *ring, uint32_t bid);
/*
** Part of a piece as a Mem that gives its buffer back when it is dropped.  To
** be made before the piece is taken.  NULL: there is no memory.
*/
Mem *bufring_view(BufRing *ring, uint32_t bid, const char *bytes,
                  uint32_t size);

/* A source: the number of a buffer that was filled, or -ENOBUFS. */
int bufring_add(BufRing *ring, const char *bytes, uint32_t size);
/*
** A source of which no op is in flight: what the kernel has picked is ours,
** also where an op failed.
*/
void bufring_settle_source(BufRing *ring);
/* How far the kernel has picked, or -errno (6.8). */
int bufring_head(const BufRing *ring);

#endif
