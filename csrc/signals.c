/*
** signals.c - signals by name: blocked, read from a descriptor, ignored.
*/
#include "signals.h"
#include "fail.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>

static const struct {
  const char *name;
  int number;
  bool waitable; /* a program can block it, and is told of by others */
} SIGNALS[] = {
  { "ABRT", SIGABRT, true },     { "ALRM", SIGALRM, true },
  { "BUS", SIGBUS, false },      { "CHLD", SIGCHLD, true },
  { "CONT", SIGCONT, true },     { "FPE", SIGFPE, false },
  { "HUP", SIGHUP, true },       { "ILL", SIGILL, false },
  { "INT", SIGINT, true },       { "IO", SIGIO, true },
  { "KILL", SIGKILL, false },    { "PIPE", SIGPIPE, true },
  { "PROF", SIGPROF, true },     { "PWR", SIGPWR, true },
  { "QUIT", SIGQUIT, true },     { "SEGV", SIGSEGV, false },
  { "STKFLT", SIGSTKFLT, true }, { "STOP", SIGSTOP, false },
  { "SYS", SIGSYS, false },      { "TERM", SIGTERM, true },
  { "TRAP", SIGTRAP, false },    { "TSTP", SIGTSTP, true },
  { "TTIN", SIGTTIN, true },     { "TTOU", SIGTTOU, true },
  { "URG", SIGURG, true },       { "USR1", SIGUSR1, true },
  { "USR2", SIGUSR2, true },     { "VTALRM", SIGVTALRM, true },
  { "WINCH", SIGWINCH, true },   { "XCPU", SIGXCPU, true },
  { "XFSZ", SIGXFSZ, true },
};

#define SIGNAL_COUNT (sizeof SIGNALS / sizeof SIGNALS[0])

static int check_name(lua_State *L, int arg, bool waitable) {
  const char *name = luaL_checkstring(L, arg);
  for (size_t i = 0; i < SIGNAL_COUNT; i++)
    if (strcmp(SIGNALS[i].name, name) == 0 &&
        (SIGNALS[i].waitable || !waitable))
      return SIGNALS[i].number;
  return luaL_argerror(L, arg, lua_pushfstring(L, "no signal '%s'", name));
}

int signals_check(lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TNUMBER)
    return check_name(L, arg, false);
  lua_Integer number = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 0 <= number && number <= SIGRTMAX, arg, "no signal");
  return (int)number;
}

static sigset_t check_set(lua_State *L) {
  sigset_t set;
  sigemptyset(&set);
  luaL_checkstring(L, 1);
  for (int i = 1; i <= lua_gettop(L); i++)
    sigaddset(&set, check_name(L, i, true));
  return set;
}

/*
** signalfd(name, ...) -> fd that reads as a signalfd_siginfo of 128 bytes
** for each signal; they are blocked, so that they do nothing else.  Or nil,
** message, code.  signalfd(2).  Names as in kill(1): "INT", "TERM".
*/
static int signals_signalfd(lua_State *L) {
  sigset_t set = check_set(L);
  int fd = signalfd(-1, &set, SFD_CLOEXEC);
  if (fd < 0)
    return fail_push(L, "signalfd", errno);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  lua_pushinteger(L, fd);
  return 1;
}

/* is_blocked(name) -> whether a signal is blocked */
static int signals_is_blocked(lua_State *L) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, NULL, &blocked);
  lua_pushboolean(L, sigismember(&blocked, check_name(L, 1, true)));
  return 1;
}

/* block(name, ...) keeps signals from acting until they are unblocked. */
static int signals_block(lua_State *L) {
  sigset_t set = check_set(L);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  return 0;
}

/* unblock(name, ...) lets signals act as before signalfd. */
static int signals_unblock(lua_State *L) {
  sigset_t set = check_set(L);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  return 0;
}

/* signal_name(number) -> "INT" for 2; nil for one without a name here */
static int signals_name(lua_State *L) {
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
static int signals_sigpipe(lua_State *L) {
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

static const luaL_Reg functions[] = {
  { "block", signals_block },
  { "is_blocked", signals_is_blocked },
  { "signal_name", signals_name },
  { "signalfd", signals_signalfd },
  { "sigpipe", signals_sigpipe },
  { "unblock", signals_unblock },
  { NULL, NULL },
};

void signals_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
