/*
** pieces.h - what the CQEs of one buffer have lent, first come first served.
*/
#ifndef uring_pieces_h
#define uring_pieces_h

#include <stdbool.h>
#include <stdint.h>

/* What one CQE has lent; it may go on in the buffers that follow. */
typedef struct {
  uint32_t start, size; /* place in its first buffer, bytes in all */
} Piece;

typedef struct {
  uint32_t count, capacity; /* of the queue; 0: 'only' is the first */
  Piece only, *queue;
} Pieces;

/*
** False: there is no memory for another, so that two have become one, which
** can only be recycled.
*/
bool pieces_push(Pieces *pieces, Piece piece);
/* There must be one. */
const Piece *pieces_first(const Pieces *pieces);
void pieces_pop(Pieces *pieces);
void pieces_free(Pieces *pieces);

#endif
