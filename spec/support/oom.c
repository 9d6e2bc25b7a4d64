/*
** oom.c - runs chunks once for each allocation they make, failing that one.
** usage: oom [-t] chunk.lua...
**
** A chunk defines attempt(), in which allocations are counted and one fails,
** and verify(ok, lasting), which looks at what is left then.  Counted are
** those of Lua, and those of uring.core and liburing, whose malloc and mmap
** resolve to the functions of this program.
**
** attempt() may succeed all the same; where it raises, the error must say
** that memory was short.  When the state is closed, no block of the module
** and no descriptor may be left; but where memory stays short, or was not
** there for a call, Lua may not even be able to call what closes a descriptor.
** Such rounds are counted: a figure behind their chunk.  -t also names the line
** that ran when memory was short, and slows everything down.
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

#define PATIENCE 30 /* seconds for one round */

/* Each chunk is walked through in these ways. */
typedef struct {
  const char *name;
  bool lasting;  /* all allocations after the one fail as well */
  bool restless; /* the collector never rests; otherwise it stands still */
} Walk;

static const Walk WALKS[] = {
  { "alone", false, false },
  { "and all after it", true, false },
  { "alone, collecting", false, true },
};

#define WALK_COUNT (int)(sizeof WALKS / sizeof WALKS[0])

/* What one round is about, and where it has got to. */
static struct {
  const char *chunk;
  const Walk *walk;
  long number;           /* of the allocation that fails */
  long left;             /* allocations until then */
  bool counting, failed; /* in attempt(); that one has failed */
  bool unfinalised;      /* Lua had no memory to call a __gc: nobody's fault */
  bool frameless;        /* nor for a call at all: see is_frame */
  const void *block;     /* what Lua was refused: */
  size_t size;           /* to make this of that; 0: nothing lately */
} now;

static long blocks;            /* of the module that are not free */
static long faults, leftovers; /* rounds; leftovers are of calls not made */
static bool tracing;
static char line[128]; /* the last that ran before the failure, if tracing */

static bool fails(void) {
  if (!now.counting)
    return false;
  if (now.failed)
    return now.walk->lasting;
  now.failed = now.left-- == 0;
  return now.failed;
}

static bool resolving;

static void *resolve(const char *name) {
  resolving = true;
  void *function = dlsym(RTLD_NEXT, name);
  resolving = false;
  return function;
}

/* The functions that ours hide: real_malloc() is malloc. */
#define HIDDEN(name)                             \
  static __typeof__(&(name)) real_##name(void) { \
    static __typeof__(&(name)) function;         \
    if (function == NULL)                        \
      *(void **)&function = resolve(#name);      \
    return function;                             \
  }

HIDDEN(malloc)
HIDDEN(calloc)
HIDDEN(realloc)
HIDDEN(aligned_alloc)
HIDDEN(free)
HIDDEN(mmap)
HIDDEN(munmap)

/* What the module allocates. */

/* The address sanitizer needs memory before it can check any. */
__attribute__((no_sanitize("address"))) static bool is_module(
    const void *caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 &&
         (strstr(info.dli_fname, "uring/core.so") != NULL ||
          strstr(info.dli_fname, "/liburing") != NULL);
}

#define BY_MODULE is_module(__builtin_return_address(0))
#define EXPORTED  __attribute__((visibility("default")))

/* Counts a block that the module got. */
static void *counted(bool by_module, void *block) {
  if (by_module && block != NULL && block != MAP_FAILED)
    blocks++;
  return block;
}

static void *refuse(void *value) {
  errno = ENOMEM;
  return value;
}

EXPORTED void *malloc(size_t size) {
  bool by_module = BY_MODULE;
  if (by_module && fails())
    return refuse(NULL);
  return counted(by_module, real_malloc()(size));
}

EXPORTED void *calloc(size_t count, size_t size) {
  bool by_module = BY_MODULE;
  if (by_module && fails())
    return refuse(NULL);
  return counted(by_module, real_calloc()(count, size));
}

EXPORTED void *realloc(void *block, size_t size) {
  bool by_module = BY_MODULE;
  if (by_module && fails())
    return refuse(NULL);
  return counted(by_module && block == NULL, real_realloc()(block, size));
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size) {
  bool by_module = BY_MODULE;
  if (by_module && fails())
    return refuse(NULL);
  return counted(by_module, real_aligned_alloc()(alignment, size));
}

EXPORTED void *mmap(void *at, size_t size, int prot, int flags, int fd,
                    off_t offset) {
  bool by_module = BY_MODULE;
  if (by_module && fails())
    return refuse(MAP_FAILED);
  return counted(by_module, real_mmap()(at, size, prot, flags, fd, offset));
}

EXPORTED void free(void *block) {
  if (resolving) /* the text of an error of dlsym, which asks for free */
    return;
  if (block != NULL && BY_MODULE)
    blocks--;
  real_free()(block);
}

EXPORTED int munmap(void *at, size_t size) {
  if (BY_MODULE)
    blocks--;
  return real_munmap()(at, size);
}

/* Where Lua fails it collects, and asks for the same again: one failure. */
static bool is_retry(const void *block, size_t size) {
  bool retry = size == now.size && block == now.block;
  now.size = 0;
  return retry;
}

/*
** Whether Lua wants a frame for a call.  It frees those that are not in use
** whenever it collects; where it gets none, even the call of pcall raises, or
** that of what closes a variable.  No program can do what is left to do then.
**
** A frame is the only thing of this size from luaM_malloc_ that is no object
** (old: its type).  Arrays, of four values for one, are from luaM_realloc_;
** what calls us for a new table tells the two apart.
*/
static bool is_frame(const void *caller, const void *block, size_t old,
                     size_t size) {
  enum { FRAME = 64 }; /* CallInfo of Lua 5.4 where a pointer has 64 bits */
  static const void *luaM_malloc;
  if (block == NULL && old == LUA_TTABLE)
    luaM_malloc = caller;
  return block == NULL && old == 0 && size == FRAME && caller == luaM_malloc;
}

/* What Lua allocates; new memory is not zeroed by chance. */
static void *allocate(void *ud, void *block, size_t old, size_t size) {
  (void)ud;
  if (size == 0) {
    free(block);
    return NULL;
  }
  bool grows = block == NULL || size > old;
  bool frame = is_frame(__builtin_return_address(0), block, old, size);
  if (grows && is_retry(block, size))
    return NULL;
  if (grows && fails()) {
    now.block = block;
    now.size = size;
    now.frameless |= frame;
    return NULL;
  }
  void *bytes = realloc(block, size);
  if (block == NULL && bytes != NULL)
    memset(bytes, 0x55, size);
  return bytes;
}

/* What is wrong. */

/* Once, where the next allocation leads to the same. */
static void report(const char *what) {
  static char last[512];
  char text[512];
  int length = (int)strcspn(what, "\n"); /* without a traceback */
  snprintf(text, sizeof text, "%s%.*s", line, length, what);
  if (strcmp(text, last) != 0)
    printf("%s: allocation %ld %s: %s\n", now.chunk, now.number, now.walk->name,
           text);
  strcpy(last, text);
  faults++;
}

/* The same of what is left: of a call that could not be made, no fault. */
static void report_left(const char *what) {
  if (now.frameless)
    leftovers++;
  else
    report(what);
}

static void report_death(int number) {
  report(number == SIGALRM ? "does not end" : strsignal(number));
  fflush(stdout);
  _exit(1);
}

/* A sanitizer may want to say more of it. */
static void watch(int number) {
  struct sigaction old, ours = { .sa_handler = report_death };
  sigaction(number, NULL, &old);
  if (old.sa_handler == SIG_DFL)
    sigaction(number, &ours, NULL);
}

static void trace(lua_State *L, lua_Debug *at) {
  if (now.failed)
    return;
  lua_getinfo(L, "Sl", at);
  snprintf(line, sizeof line, "after %s:%d: ", at->short_src, at->currentline);
}

static int descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  int count = 0;
  while (folder != NULL && readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

static bool is_about_memory(const char *message) {
  return strstr(message, "not enough memory") != NULL ||
         strstr(message, strerror(ENOMEM)) != NULL;
}

/* Rounds. */

static bool attempt(lua_State *L) {
  lua_getglobal(L, "attempt");
  if (now.walk->restless)
    lua_gc(L, LUA_GCINC, 1, 1000, 1);
  else
    lua_gc(L, LUA_GCSTOP);
  now.counting = true;
  bool ok = lua_pcall(L, 0, 0, 0) == LUA_OK;
  now.counting = false;
  now.size = 0;
  lua_gc(L, LUA_GCRESTART);
  if (!ok) {
    const char *message = luaL_tolstring(L, -1, NULL);
    if (!now.failed || !is_about_memory(message))
      report(message);
  }
  return ok;
}

/* Sees to it that nothing is left over; a chunk that fails leaves things. */
static void verify(lua_State *L, bool ok, int descriptors_before) {
  lua_getglobal(L, "verify");
  lua_pushboolean(L, ok);
  lua_pushboolean(L, now.walk->lasting);
  bool verified = lua_pcall(L, 2, 0, 0) == LUA_OK;
  if (!verified)
    report_left(luaL_tolstring(L, -1, NULL));
  lua_close(L);
  if (blocks != 0 && !now.unfinalised)
    report_left("the module has not freed what it allocated");
  if (verified && !now.walk->lasting && descriptors() != descriptors_before)
    report_left("a descriptor was not closed");
  blocks = 0;
}

static void prepare(lua_State *L) {
  luaL_openlibs(L);
  if (luaL_dofile(L, now.chunk) != LUA_OK) {
    fprintf(stderr, "oom: %s\n", lua_tostring(L, -1));
    exit(1);
  }
  lua_settop(L, 0);
  if (tracing)
    lua_sethook(L, trace, LUA_MASKLINE, 0);
}

/* False: no allocation was left to fail. */
/* Lua warns of errors in finalisers, in pieces. */
static void note_warning(void *none, const char *piece, int more) {
  (void)none;
  (void)more;
  if (strstr(piece, "not enough memory") != NULL)
    now.unfinalised = true;
}

static bool run_round(void) {
  int open_before = descriptors();
  now.left = now.number;
  now.failed = now.unfinalised = now.frameless = false;
  line[0] = '\0';
  alarm(PATIENCE);
  lua_State *L = lua_newstate(allocate, NULL);
  lua_setwarnf(L, note_warning, NULL);
  prepare(L);
  verify(L, attempt(L), open_before);
  alarm(0);
  return now.failed;
}

/* How many allocations there were. */
static long walk(const char *chunk, const Walk *how) {
  now.chunk = chunk;
  now.walk = how;
  for (now.number = 0; run_round(); now.number++)
    continue;
  return now.number;
}

int main(int argc, char **argv) {
  const int deaths[] = { SIGALRM, SIGABRT, SIGSEGV, SIGBUS };
  for (int i = 0; i < 4; i++)
    watch(deaths[i]);
  tracing = argc > 1 && strcmp(argv[1], "-t") == 0;
  for (int i = tracing ? 2 : 1; i < argc; i++)
    for (int j = 0; j < WALK_COUNT; j++) {
      leftovers = 0;
      long count = walk(argv[i], &WALKS[j]);
      printf("%s: %ld allocations, each failed %s", argv[i], count,
             WALKS[j].name);
      if (leftovers > 0)
        printf("; %ld of them frames, without which something is left",
               leftovers);
      printf("\n");
    }
  if (faults > 0)
    printf("%ld faults\n", faults);
  return faults > 0;
}
