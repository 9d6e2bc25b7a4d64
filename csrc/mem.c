/*
** mem.c - memory that the kernel may read or write: holders are counted.
*/
#include "mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

Mem *mem_new(size_t size, size_t alignment) {
  Mem *mem = malloc(sizeof *mem);
  if (mem == NULL)
    return NULL;
  *mem = (Mem){ .size = size, .alignment = alignment, .holders = 1 };
  if (alignment <= _Alignof(max_align_t)) {
    mem->bytes = calloc(1, size);
  } else {
    size_t whole = (size + alignment - 1) & ~(alignment - 1);
    mem->bytes = aligned_alloc(alignment, whole);
    if (mem->bytes != NULL)
      memset(mem->bytes, 0, whole);
  }
  if (mem->bytes == NULL) {
    free(mem);
    return NULL;
  }
  return mem;
}

Mem *mem_lease(char *bytes, size_t size, void (*release)(Mem *mem)) {
  Mem *mem = malloc(sizeof *mem);
  if (mem != NULL)
    *mem = (Mem){ .bytes = bytes,
                  .size = size,
                  .alignment = 1,
                  .holders = 1,
                  .release = release };
  return mem;
}

static void unmap(Mem *mem) {
  munmap(mem->bytes, mem->size);
}

Mem *mem_map(size_t size) {
  int flags = MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE;
  char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (bytes == MAP_FAILED)
    return NULL;
  Mem *mem = mem_lease(bytes, size, unmap);
  if (mem == NULL)
    munmap(bytes, size);
  return mem;
}

bool mem_reserve_parts(Mem *mem, size_t count) {
  assert(mem->parts == NULL);
  mem->parts = calloc(count, sizeof mem->parts[0]);
  return mem->parts != NULL;
}

void mem_add_part(Mem *mem, Mem *part) {
  mem->parts[mem->part_count++] = mem_hold(part);
}

Mem *mem_hold(Mem *mem) {
  assert(mem->holders > 0);
  mem->holders++;
  return mem;
}

void mem_drop(Mem *mem) {
  assert(mem->holders > 0);
  if (--mem->holders > 0)
    return;
  while (mem->part_count > 0)
    mem_drop(mem->parts[--mem->part_count]);
  free(mem->parts);
  if (mem->release != NULL)
    mem->release(mem);
  else
    free(mem->bytes);
  free(mem);
}

void mem_keep_freed(size_t size) {
  void *volatile block = malloc(size / 2);
  free(block);
}
