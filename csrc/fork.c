/*
** fork.c - copies of the process: workers.
*/
#include "fork.h"
#include "fail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CPU_WORDS 1024 /* a bit for each of 65536 */

/*
** fork() -> integer: in the child 0, in the parent its pid; or nil, message,
** code.  What
** stdio has buffered is written before, so that it is not written twice.  A
** child gets SIGTERM when the thread ends that has made it.  fork(2)
*/
static int fork_fork(lua_State *L) {
  pid_t parent = getpid();
  fflush(NULL);
  pid_t pid = fork();
  if (pid < 0)
    return fail_push(L, "fork", errno);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it has ended meanwhile */
      raise(SIGKILL);
  }
  lua_pushinteger(L, pid);
  return 1;
}

/* has_ring() -> whether this process has an io_uring open, whoever's */
static int fork_has_ring(lua_State *L) {
  static const char ring[] = "anon_inode:[io_uring]";
  char link[sizeof ring] = { 0 };
  bool found = false;
  DIR *folder = opendir("/proc/self/fd");
  if (folder != NULL) {
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
      ssize_t size =
          readlinkat(dirfd(folder), entry->d_name, link, sizeof link);
      found |=
          size == sizeof ring - 1 && memcmp(link, ring, sizeof ring - 1) == 0;
    }
    closedir(folder);
  }
  lua_pushboolean(L, found);
  return 1;
}

/* cpus() -> how many processors we may run on.  sched_getaffinity(2) */
static int fork_cpus(lua_State *L) {
  unsigned long words[CPU_WORDS] = { 0 };
  long size = syscall(SYS_sched_getaffinity, 0, sizeof words, words);
  lua_Integer count = 0;
  for (size_t i = 0; size > 0 && i < (size_t)size / sizeof words[0]; i++)
    count += __builtin_popcountl(words[i]);
  lua_pushinteger(L, count > 0 ? count : 1);
  return 1;
}

static const luaL_Reg functions[] = {
  { "cpus", fork_cpus },
  { "fork", fork_fork },
  { "has_ring", fork_has_ring },
  { NULL, NULL },
};

void fork_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
