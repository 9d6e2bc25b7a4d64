/*
** mem.h - memory that the kernel may read or write.
**
** It never moves, and it lives until the last of those who hold it lets
** go: the Lua object that stands for it, and every op in flight that uses
** it.  So neither a collected Buffer nor lua_close can free what a CQE
** has yet to come for.  Lua strings need none of this: the collector does
** not move them, and an op in flight anchors them (see flight.h).
*/
#ifndef uring_mem_h
#define uring_mem_h

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Mem {
  char *bytes; /* zeroed when new */
  size_t size, alignment;
  uint32_t holders;
  uint32_t part_count;
  struct Mem **parts; /* that bytes points into, held along with it */
  /* NULL: the bytes are its own; or what to do when nobody needs them. */
  void (*release)(struct Mem *mem);
  void *owner; /* for release, with a number of the owner's */
  uint32_t tag;
} Mem;

/* Alignment is a power of two.  NULL: there is no memory. */
Mem *mem_new(size_t size, size_t alignment);
/* A mapping, of which no page is occupied before it is written to. */
Mem *mem_map(size_t size);
/* One that stands for bytes of another, until release is called. */
Mem *mem_lease(char *bytes, size_t size, void (*release)(Mem *mem));
/* Makes room for parts, once; false: there is no memory. */
bool mem_reserve_parts(Mem *mem, size_t count);
void mem_add_part(Mem *mem, Mem *part);
Mem *mem_hold(Mem *mem);
void mem_drop(Mem *mem);

/*
** From now on malloc(3) keeps about so many bytes that are free, which it
** would give back to the kernel and fault in again, over and over.  glibc's
** does so once a block of half the size has come and gone, which it takes for
** usual then: mallopt(3), M_MMAP_THRESHOLD.
*/
void mem_keep_freed(size_t size);

#endif
