/*
** pins.h - memory that the kernel keeps after an op, or without one.
**
** Registered buffers, by their index; and what provide_buffers gave away,
** of which nobody is told when it has come back, so that it stays for as
** long as the ring.  Knows nothing of Lua.
*/
#ifndef uring_pins_h
#define uring_pins_h

#include "mem.h"

typedef struct Provided {
  struct Provided *next;
  Mem *mem;
  uint16_t bgid;
} Provided;

typedef struct {
  Mem **buffers; /* registered; NULL where the table is sparse */
  uint32_t count;
  Provided *provided;
} Pins;

/* Makes a table of so many empty places; false: there is no memory. */
bool pins_reserve(Pins *pins, uint32_t count);
/* Makes it that large at least, with what it has; false: there is no memory. */
bool pins_grow(Pins *pins, uint32_t count);
/* Puts a buffer, or NULL, at an index of the table. */
void pins_put(Pins *pins, uint32_t index, Mem *mem);
/* Whether a buffer is the one at an index. */
bool pins_has(const Pins *pins, uint32_t index, const Mem *mem);
/* The table is gone. */
void pins_clear(Pins *pins);

/* Keeps what a group gets; false: there is no memory. */
bool pins_provide(Pins *pins, uint16_t bgid, Mem *mem);
bool pins_has_group(const Pins *pins, uint16_t bgid);

/* Lets go of everything. */
void pins_free(Pins *pins);

#endif
