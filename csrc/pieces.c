/*
** pieces.c - what the CQEs of one buffer have lent, first come first served.
*/
#include "pieces.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static Piece *at(Pieces *pieces, uint32_t number) {
  return pieces->capacity == 0 ? &pieces->only : &pieces->queue[number];
}

static bool grow(Pieces *pieces) {
  uint32_t capacity = pieces->capacity > 0 ? 2 * pieces->capacity : 4;
  Piece *queue = realloc(pieces->queue, capacity * sizeof queue[0]);
  if (queue == NULL)
    return false;
  if (pieces->capacity == 0)
    queue[0] = pieces->only;
  pieces->queue = queue;
  pieces->capacity = capacity;
  return true;
}

bool pieces_push(Pieces *pieces, Piece piece) {
  if (pieces->count > 0 && pieces->count >= pieces->capacity && !grow(pieces)) {
    at(pieces, pieces->count - 1)->size += piece.size;
    return false;
  }
  *at(pieces, pieces->count++) = piece;
  return true;
}

const Piece *pieces_first(const Pieces *pieces) {
  assert(pieces->count > 0);
  return pieces->capacity == 0 ? &pieces->only : &pieces->queue[0];
}

void pieces_pop(Pieces *pieces) {
  assert(pieces->count > 0);
  pieces->count--;
  if (pieces->count > 0)
    memmove(pieces->queue, pieces->queue + 1, pieces->count * sizeof(Piece));
}

void pieces_free(Pieces *pieces) {
  free(pieces->queue);
  *pieces = (Pieces){ .count = 0 };
}
