/*
** pins.c - memory that the kernel keeps after an op, or without one.
*/
#include "pins.h"

#include <assert.h>
#include <stdlib.h>

bool pins_reserve(Pins *pins, uint32_t count) {
  Mem **buffers = calloc(count, sizeof buffers[0]);
  if (buffers == NULL)
    return false;
  pins_clear(pins);
  pins->buffers = buffers;
  pins->count = count;
  return true;
}

bool pins_grow(Pins *pins, uint32_t count) {
  if (count <= pins->count)
    return true;
  Mem **buffers = realloc(pins->buffers, count * sizeof buffers[0]);
  if (buffers == NULL)
    return false;
  for (uint32_t i = pins->count; i < count; i++)
    buffers[i] = NULL;
  pins->buffers = buffers;
  pins->count = count;
  return true;
}

void pins_put(Pins *pins, uint32_t index, Mem *mem) {
  assert(index < pins->count);
  Mem *old = pins->buffers[index];
  pins->buffers[index] = mem != NULL ? mem_hold(mem) : NULL;
  if (old != NULL)
    mem_drop(old);
}

bool pins_has(const Pins *pins, uint32_t index, const Mem *mem) {
  return index < pins->count && pins->buffers[index] == mem;
}

void pins_clear(Pins *pins) {
  for (uint32_t i = 0; i < pins->count; i++)
    pins_put(pins, i, NULL);
  free(pins->buffers);
  pins->buffers = NULL;
  pins->count = 0;
}

bool pins_provide(Pins *pins, uint16_t bgid, Mem *mem) {
  for (const Provided *at = pins->provided; at != NULL; at = at->next)
    if (at->mem == mem && at->bgid == bgid)
      return true;
  Provided *provided = malloc(sizeof *provided);
  if (provided == NULL)
    return false;
  *provided =
      (Provided){ .next = pins->provided, .mem = mem_hold(mem), .bgid = bgid };
  pins->provided = provided;
  return true;
}

bool pins_has_group(const Pins *pins, uint16_t bgid) {
  for (const Provided *at = pins->provided; at != NULL; at = at->next)
    if (at->bgid == bgid)
      return true;
  return false;
}

void pins_free(Pins *pins) {
  pins_clear(pins);
  while (pins->provided != NULL) {
    Provided *first = pins->provided;
    pins->provided = first->next;
    mem_drop(first->mem);
    free(first);
  }
}
