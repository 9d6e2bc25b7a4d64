/*
** lend.c - the pieces of a buffer ring's buffers that CQEs lend.
*/
#include "bufring.h"

static uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

bool bufring_lend(BufRing *ring, unsigned cqe_flags, uint32_t size,
                  bool bundle) {
  PieceWalk walk = bufring_piece_ahead(ring, cqe_flags, size, bundle);
  uint32_t bid = walk.bid, left = walk.left;
  if (!bufring_can_pick(ring, bid))
    return false;
  Piece piece = { .start = walk.start, .size = left };
  bool counted = pieces_push(&ring->lent[bid].pieces, piece);
  bool more;
  do {
    Lent *lent = &ring->lent[bid];
    uint32_t part = least(left, lent->length - lent->lent);
    left -= part;
    lent->lent += part;
    if (counted)
      lent->parts++;
    more = left == 0 && (cqe_flags & IORING_CQE_F_BUF_MORE);
    if (!more) {
      bufring_pick(ring, bid);
    }
    bid = lent->after;
  } while (left > 0 && bufring_can_pick(ring, bid));
  return true;
}

bool bufring_first_piece(const BufRing *ring, uint32_t bid, PieceWalk *walk) {
  const Pieces *pieces = &ring->lent[bid].pieces;
  if (pieces->count == 0)
    return false;
  const Piece *piece = pieces_first(pieces);
  *walk = (PieceWalk){ .bid = bid, .start = piece->start, .left = piece->size };
  return true;
}

PieceWalk bufring_piece_ahead(const BufRing *ring, unsigned cqe_flags,
                              uint32_t size, bool bundle) {
  PieceWalk walk = { .bid = cqe_flags >> IORING_CQE_BUFFER_SHIFT };
  if (!bufring_can_pick(ring, walk.bid))
    return walk;
  const Lent *lent = &ring->lent[walk.bid];
  walk.start = lent->lent;
  walk.left = bundle ? size : least(size, lent->length - lent->lent);
  return walk;
}

uint32_t bufring_next_part(const BufRing *ring, PieceWalk *walk,
                           const char **bytes) {
  if (walk->bid >= ring->shape.count)
    return 0;
  const Lent *lent = &ring->lent[walk->bid];
  uint32_t part = least(walk->left, lent->length - walk->start);
  *bytes = bufring_bytes(ring, walk->bid) + walk->start;
  walk->bid = lent->after;
  walk->start = 0;
  walk->left -= part;
  return part;
}

void bufring_take_piece(BufRing *ring, uint32_t bid) {
  PieceWalk walk;
  const char *bytes;
  if (bid >= ring->shape.count || !bufring_first_piece(ring, bid, &walk))
    return;
  pieces_pop(&ring->lent[bid].pieces);
  do {
    uint32_t of = walk.bid;
    bufring_next_part(ring, &walk, &bytes);
    if (ring->lent[of].parts > 0)
      ring->lent[of].parts--;
    bufring_settle(ring, of);
  } while (walk.left > 0);
}
