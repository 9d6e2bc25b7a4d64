/*
** spawn.c - child processes: started, signalled, reaped.
** The child shares our memory until it becomes the program, as after
** vfork(2): so nothing is copied, however large we are, and what fails in
** it, it writes where we read.  What it calls until then is system calls
** only, on memory that stands ready.
*/
#include "spawn.h"
#include "fail.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <lauxlib.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_SIZE 65536
#define FDS        3     /* standard input, output, error */
#define FD_LAST    65536 /* closed one by one, where close_range is lacking */

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define SIGNAL_GROUP (1U << 2) /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

typedef struct {
  char **argv, **env;
  char **paths; /* the files to try, up to NULL */
  const char *cwd;
  int fds[FDS]; /* what becomes 0, 1 and 2; -1: /dev/null */
  bool session, has_group, has_uid, has_gid;
  pid_t group;
  uid_t uid;
  gid_t gid;
  const char *volatile step; /* what has failed */
  volatile int code;         /* and why; 0: nothing has */
} Plan;

/* What we catch must not run in the child; what is ignored stays so. */
static void reset_signals(void) {
  for (int number = 1; number <= SIGRTMAX; number++) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0)
      continue;
    bool caught = action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
    if (!caught && number != SIGPIPE) /* which a run ignores */
      continue;
    action = (struct sigaction){ .sa_handler = SIG_DFL };
    sigaction(number, &action, NULL);
  }
}

/* First out of the way of each other, then to their places. */
static int place_fds(Plan *plan) {
  for (int i = 0; i < FDS; i++) {
    int fd = plan->fds[i];
    if (fd >= FDS || fd == i)
      continue;
    if (fd < 0 && (fd = open("/dev/null", O_RDWR)) < 0)
      return -1;
    plan->fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, FDS);
    if (plan->fds[i] < 0)
      return -1;
  }
  for (int i = 0; i < FDS; i++) {
    if (plan->fds[i] == i)
      fcntl(i, F_SETFD, 0); /* one that we have closed stays closed */
    else if (dup2(plan->fds[i], i) < 0)
      return -1;
  }
  return 0;
}

static void close_others(void) {
  if (syscall(SYS_close_range, FDS, UINT_MAX, 0) == 0)
    return;
  struct rlimit limit = { .rlim_cur = FD_LAST };
  getrlimit(RLIMIT_NOFILE, &limit);
  for (int fd = FDS; fd < FD_LAST && (rlim_t)fd < limit.rlim_cur; fd++)
    close(fd);
}

/* Not glibc's functions: those would change all our threads as well. */
static int become_user(const Plan *plan) {
  if (plan->has_gid && (syscall(SYS_setgroups, 1, &plan->gid) != 0 ||
                        syscall(SYS_setgid, plan->gid) != 0))
    return -1;
  if (plan->has_uid && !plan->has_gid && syscall(SYS_setgroups, 0, NULL) != 0)
    return -1;
  return plan->has_uid ? (int)syscall(SYS_setuid, plan->uid) : 0;
}

/* What execvpe(3) does with a path, without allocating. */
static int exec_first(const Plan *plan) {
  int denied = 0;
  for (char **path = plan->paths; *path != NULL; path++) {
    execve(*path, plan->argv, plan->env);
    if (errno == EACCES)
      denied = EACCES;
    else if (errno != ENOENT && errno != ENOTDIR)
      return errno;
  }
  return denied ? denied : errno;
}

static int failed(Plan *plan, const char *step, int code) {
  plan->step = step;
  plan->code = code;
  return 127;
}

static int child(void *data) {
  Plan *plan = data;
  sigset_t none;
  reset_signals();
  if (plan->session && setsid() < 0)
    return failed(plan, "setsid", errno);
  if (plan->has_group && setpgid(0, plan->group) != 0)
    return failed(plan, "setpgid", errno);
  if (place_fds(plan) != 0)
    return failed(plan, "dup", errno);
  if (become_user(plan) != 0)
    return failed(plan, "setuid", errno);
  if (plan->cwd != NULL && chdir(plan->cwd) != 0)
    return failed(plan, "chdir", errno);
  close_others();
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  return failed(plan, "exec", exec_first(plan));
}

/* The table at 1 has a list of strings by this name: as argv has them. */
static char **read_list(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  luaL_checktype(L, -1, LUA_TTABLE);
  lua_Integer count = luaL_len(L, -1);
  char **list = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *list, 1);
  lua_insert(L, -2); /* both stay on the stack, and so do the strings */
  for (lua_Integer i = 0; i < count; i++) {
    if (lua_rawgeti(L, -1, i + 1) != LUA_TSTRING)
      luaL_error(L, "spawn: '%s' is no list of strings", name);
    list[i] = (char *)(uintptr_t)lua_tostring(L, -1);
    lua_pop(L, 1);
  }
  list[count] = NULL;
  return list;
}

static bool read_integer(lua_State *L, const char *name, lua_Integer *value) {
  lua_getfield(L, 1, name);
  bool present = !lua_isnil(L, -1);
  if (present)
    *value = luaL_checkinteger(L, -1);
  lua_pop(L, 1);
  return present;
}

static void read_plan(lua_State *L, Plan *plan) {
  static const char *const names[FDS] = { "stdin", "stdout", "stderr" };
  lua_Integer value = 0;
  plan->argv = read_list(L, "argv");
  plan->paths = read_list(L, "paths");
  lua_getfield(L, 1, "env");
  plan->env = lua_isnil(L, -1) ? environ : read_list(L, "env");
  for (int i = 0; i < FDS; i++)
    plan->fds[i] = read_integer(L, names[i], &value) ? (int)value : i;
  if ((plan->has_group = read_integer(L, "pgroup", &value)))
    plan->group = (pid_t)value;
  if ((plan->has_uid = read_integer(L, "uid", &value)))
    plan->uid = (uid_t)value;
  if ((plan->has_gid = read_integer(L, "gid", &value)))
    plan->gid = (gid_t)value;
  lua_getfield(L, 1, "session");
  plan->session = lua_toboolean(L, -1);
  lua_getfield(L, 1, "cwd"); /* stays on the stack, and so does the string */
  plan->cwd = luaL_optstring(L, -1, NULL);
}

/*
** spawn{argv =, paths =, env =, stdin =, stdout =, stderr =, cwd =, pgroup =,
** session =, uid =, gid =} -> two integers, pid and pidfd; or nil, step,
** code: "exec", or what else has failed before.  The first of the paths that
** there is becomes the program.  env is a list of "NAME=value", left out
** ours; the others are integers, and left out as they are for us; -1 is
** /dev/null.  The program has no descriptors but 0, 1 and 2, blocks no
** signal, and ignores those that we do, but SIGPIPE.
*/
static int spawn_spawn(lua_State *L) {
  Plan plan = { .code = 0 };
  sigset_t all, before;
  int pidfd = -1;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_checkstack(L, 20, NULL);
  read_plan(L, &plan);
  char *stack = lua_newuserdatauv(L, STACK_SIZE, 0);
  uintptr_t top = ((uintptr_t)stack + STACK_SIZE) & ~(uintptr_t)15;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid =
      clone(child, (void *)top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
            &plan, &pidfd);
  int code = pid < 0 ? errno : plan.code;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (code == 0) {
    lua_pushinteger(L, pid);
    lua_pushinteger(L, pidfd);
    return 2;
  }
  if (pid > 0) {
    close(pidfd);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
      continue;
  }
  lua_pushnil(L);
  lua_pushstring(L, pid < 0 ? "fork" : plan.step);
  lua_pushinteger(L, code);
  return 3;
}

static int check_int(lua_State *L, int arg) {
  lua_Integer value = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 0 <= value && value <= INT_MAX, arg, "out of range");
  return (int)value;
}

/*
** kill(pidfd, signal [, pid]) -> true, or nil, message, code: to the process,
** or, where its pid is given too, to the process group that it leads.  A name
** as in kill(1), or a number.  pidfd_send_signal(2)
*/
static int spawn_kill(lua_State *L) {
  int pidfd = check_int(L, 1), number = signals_check(L, 2);
  bool group = !lua_isnoneornil(L, 3);
  unsigned flags = group ? SIGNAL_GROUP : 0;
  long code = syscall(SYS_pidfd_send_signal, pidfd, number, NULL, flags);
  if (code != 0 && group && errno == EINVAL)
    code = kill(-check_int(L, 3), number);
  if (code != 0)
    return fail_push(L, "kill", errno);
  lua_pushboolean(L, 1);
  return 1;
}

/*
** reap(pidfd) -> true, and the exit status of a child, or nil and the number
** of the signal that ended it; false while it lives; or nil, message, code.
** waitid(2)
*/
static int spawn_reap(lua_State *L) {
  siginfo_t info = { 0 };
  id_t pidfd = (id_t)check_int(L, 1);
  if (waitid((idtype_t)P_PIDFD, pidfd, &info, WEXITED | WNOHANG) != 0)
    return fail_push(L, "wait", errno);
  lua_pushboolean(L, info.si_pid != 0);
  if (info.si_pid == 0)
    return 1;
  if (info.si_code != CLD_EXITED)
    lua_pushnil(L);
  lua_pushinteger(L, info.si_status);
  return info.si_code == CLD_EXITED ? 2 : 3;
}

static const luaL_Reg functions[] = {
  { "kill", spawn_kill },
  { "reap", spawn_reap },
  { "spawn", spawn_spawn },
  { NULL, NULL },
};

void spawn_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
