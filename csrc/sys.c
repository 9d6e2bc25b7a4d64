/*
** sys.c - the few system calls that have no opcode, or none everywhere.
** All descriptors are close-on-exec.
*/
#include "sys.h"
#include "clock.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int check_fd(lua_State *L, int arg) {
  lua_Integer fd = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 0 <= fd && fd <= INT_MAX, arg, "not a descriptor");
  return (int)fd;
}

/* Pushes a descriptor, or nil, message, code. */
static int push_fd(lua_State *L, const char *what, int fd) {
  if (fd < 0)
    return fail_push(L, what, errno);
  lua_pushinteger(L, fd);
  return 1;
}

static int push_pair(lua_State *L, const char *what, int code,
                     const int fds[2]) {
  if (code != 0)
    return fail_push(L, what, errno);
  lua_pushinteger(L, fds[0]);
  lua_pushinteger(L, fds[1]);
  return 2;
}

/* pipe() -> fd to read, fd to write; or nil, message, code.  pipe2(2) */
static int sys_pipe(lua_State *L) {
  int fds[2];
  return push_pair(L, "pipe", pipe2(fds, O_CLOEXEC), fds);
}

/*
** socketpair([type]) -> fd, fd of two connected Unix sockets; or nil,
** message, code.  socketpair(2)
*/
static int sys_socketpair(lua_State *L) {
  int type = (int)luaL_optinteger(L, 1, SOCK_STREAM);
  int fds[2];
  int code = socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds);
  return push_pair(L, "socketpair", code, fds);
}

/* eventfd([count]) -> fd, or nil, message, code.  eventfd(2) */
static int sys_eventfd(lua_State *L) {
  lua_Integer count = luaL_optinteger(L, 1, 0);
  luaL_argcheck(L, 0 <= count && count <= UINT_MAX, 1, "out of range");
  return push_fd(L, "eventfd", eventfd((unsigned)count, EFD_CLOEXEC));
}

/* epoll() -> fd of an epoll instance, or nil, message, code.  epoll_create1(2)
 */
static int sys_epoll(lua_State *L) {
  return push_fd(L, "epoll", epoll_create1(EPOLL_CLOEXEC));
}

/* pidfd(pid) -> fd of a process, or nil, message, code.  pidfd_open(2) */
static int sys_pidfd(lua_State *L) {
  lua_Integer pid = luaL_checkinteger(L, 1);
  luaL_argcheck(L, 0 < pid && pid <= INT_MAX, 1, "not a process");
  return push_fd(L, "pidfd", (int)syscall(SYS_pidfd_open, (int)pid, 0));
}

/* close(fd) -> true, or nil, message, code.  close(2) */
static int sys_close(lua_State *L) {
  if (close(check_fd(L, 1)) != 0)
    return fail_push(L, "close", errno);
  lua_pushboolean(L, 1);
  return 1;
}

static const struct {
  const char *name;
  int number;
} SIGNALS[] = {
  { "ALRM", SIGALRM }, { "CHLD", SIGCHLD },   { "CONT", SIGCONT },
  { "HUP", SIGHUP },   { "INT", SIGINT },     { "PIPE", SIGPIPE },
  { "QUIT", SIGQUIT }, { "TERM", SIGTERM },   { "TSTP", SIGTSTP },
  { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU },   { "USR1", SIGUSR1 },
  { "USR2", SIGUSR2 }, { "WINCH", SIGWINCH },
};

#define SIGNAL_COUNT (sizeof SIGNALS / sizeof SIGNALS[0])

static int check_signal(lua_State *L, int arg) {
  const char *name = luaL_checkstring(L, arg);
  for (size_t i = 0; i < SIGNAL_COUNT; i++)
    if (strcmp(SIGNALS[i].name, name) == 0)
      return SIGNALS[i].number;
  return luaL_argerror(L, arg, lua_pushfstring(L, "no signal '%s'", name));
}

static sigset_t check_signals(lua_State *L) {
  sigset_t set;
  sigemptyset(&set);
  luaL_checkstring(L, 1);
  for (int i = 1; i <= lua_gettop(L); i++)
    sigaddset(&set, check_signal(L, i));
  return set;
}

/*
** signalfd(name, ...) -> fd that reads as a signalfd_siginfo of 128 bytes
** for each signal; they are blocked, so that they do nothing else.  Or nil,
** message, code.  signalfd(2).  Names as in kill(1): "INT", "TERM".
*/
static int sys_signalfd(lua_State *L) {
  sigset_t set = check_signals(L);
  int fd = signalfd(-1, &set, SFD_CLOEXEC);
  if (fd >= 0)
    pthread_sigmask(SIG_BLOCK, &set, NULL);
  return push_fd(L, "signalfd", fd);
}

/* is_blocked(name) -> whether a signal is blocked */
static int sys_is_blocked(lua_State *L) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, NULL, &blocked);
  lua_pushboolean(L, sigismember(&blocked, check_signal(L, 1)));
  return 1;
}

/* unblock(name, ...) lets signals act as before signalfd. */
static int sys_unblock(lua_State *L) {
  sigset_t set = check_signals(L);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  return 0;
}

/* signal_name(number) -> "INT" for 2; nil for one without a name here */
static int sys_signal_name(lua_State *L) {
  lua_Integer number = luaL_checkinteger(L, 1);
  for (size_t i = 0; i < SIGNAL_COUNT; i++)
    if (SIGNALS[i].number == number) {
      lua_pushstring(L, SIGNALS[i].name);
      return 1;
    }
  lua_pushnil(L);
  return 1;
}

/*
** sigpipe("ignore") -> whether it acted by default until then, in which
** case it is ignored now; sigpipe("default") undoes that; sigpipe("die")
** does what it would have done.
*/
static int sys_sigpipe(lua_State *L) {
  static const char *const wishes[] = { "ignore", "default", "die", NULL };
  int wish = luaL_checkoption(L, 1, NULL, wishes);
  struct sigaction old, new = { .sa_handler = SIG_DFL };
  sigaction(SIGPIPE, NULL, &old);
  if (wish == 0 && old.sa_handler == SIG_DFL) {
    new.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &new, NULL);
    lua_pushboolean(L, 1);
    return 1;
  }
  if (wish != 0)
    sigaction(SIGPIPE, &new, NULL);
  if (wish == 2)
    raise(SIGPIPE);
  lua_pushboolean(L, 0);
  return 1;
}

/* now() -> CLOCK_MONOTONIC in nanoseconds */
static int sys_now(lua_State *L) {
  lua_pushinteger(L, clock_now());
  return 1;
}

/* fail_needing(what, since, code) -> nil, message, code: "what: reason", or
** "what: needs Linux 6.1; this is 5.15" where that is so; since is "6.1"
*/
static int sys_fail_needing(lua_State *L) {
  const char *what = luaL_checkstring(L, 1);
  int major, minor, code = (int)luaL_checkinteger(L, 3);
  if (sscanf(luaL_checkstring(L, 2), "%d.%d", &major, &minor) != 2)
    return luaL_argerror(L, 2, "no version");
  return fail_push_needing(L, what, major << 8 | minor, code);
}

/* release() -> "6.1.176-1", what the kernel calls itself.  uname(2) */
static int sys_release(lua_State *L) {
  return fail_push_release(L);
}

/* strerror(code) -> what an errno means */
static int sys_strerror(lua_State *L) {
  return fail_push_reason(L, (int)luaL_checkinteger(L, 1));
}

/* fail(what, code) -> nil, "what: reason", code; what may be nil */
static int sys_fail(lua_State *L) {
  int code = (int)luaL_checkinteger(L, 2);
  return fail_push(L, luaL_optstring(L, 1, NULL), code);
}

static const luaL_Reg functions[] = {
  { "close", sys_close },
  { "epoll", sys_epoll },
  { "eventfd", sys_eventfd },
  { "fail", sys_fail },
  { "fail_needing", sys_fail_needing },
  { "is_blocked", sys_is_blocked },
  { "now", sys_now },
  { "pidfd", sys_pidfd },
  { "pipe", sys_pipe },
  { "release", sys_release },
  { "signal_name", sys_signal_name },
  { "signalfd", sys_signalfd },
  { "sigpipe", sys_sigpipe },
  { "socketpair", sys_socketpair },
  { "strerror", sys_strerror },
  { "unblock", sys_unblock },
  { NULL, NULL },
};

void sys_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
