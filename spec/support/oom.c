/*
** oom.c - runs chunks once for each allocation they make, failing that one.
** usage: oom [-t] chunk.lua...
**
** A chunk defines attempt(), in which allocations are counted and one fails,
** and verify(ok), which looks at what is left then.  Counted are those of
** Lua, and those of uring.core and liburing, whose malloc and mmap resolve
** to the functions of this program.
**
** attempt() may succeed all the same; where it raises, the error must say
** that memory was short.  When the state is closed, no block of the module
** and no descriptor may be left.  -t also names the line that ran when
** memory was short, and slows everything down.
*/
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define PATIENCE 30 /* seconds for one round */

/* Each chunk is walked through in these ways. */
typedef struct {
  const char *name;
  bool lasting;  /* all allocations after the one fail as well */
  bool restless; /* the collector never rests; otherwise it stands still */
} Walk;

static const Walk WALKS[] = {
  { "alone", false, false },
  { "with all after it", true, false },
  { "alone, collecting", false, true },
};

#define WALK_COUNT (sizeof WALKS / sizeof WALKS[0])

/* One round: which allocation fails, and what became of it. */
typedef struct {
  const char *chunk;
  const Walk *walk;
  long number;
  long left;             /* allocations until it is that one's turn */
  bool counting, failed; /* in attempt(); it was that one's turn */
  const void *block;     /* Lua collects, and then asks for the same again: */
  size_t size;           /* a new size for this block; 0: it has */
} Round;

static Round now;
static long blocks; /* of the module that are not free yet */
static long faults;
static bool tracing;
static char place[80]; /* of the line that runs, if tracing */

static bool fails(void) {
  if (!now.counting)
    return false;
  if (now.failed)
    return now.walk->lasting;
  if (now.left-- > 0)
    return false;
  now.failed = true;
  return true;
}

/* What Lua allocates. */

static void *next(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  if (function == NULL)
    abort();
  return function;
}

static void *real_realloc(void *block, size_t size) {
  static void *(*function)(void *, size_t);
  if (function == NULL)
    *(void **)&function = next("realloc");
  return function(block, size);
}
