/*
** interrupt.c - signals that end a wait of the loop: SIGINT and SIGQUIT.
*/
#include "interrupt.h"
#include "clock.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#define COUNT   2
#define PATIENT (CLOCK_SECOND / 2) /* until a second SIGINT is taken for one */

static const int NUMBERS[COUNT] = { SIGINT, SIGQUIT };
static const char *const NAMES[COUNT + 1] = { "INT", "QUIT", NULL };

static volatile sig_atomic_t noted[COUNT];
static struct sigaction before[COUNT];
static bool caught[COUNT];
static struct __kernel_timespec *volatile guarded;
static int64_t noted_at; /* when the SIGINT was that no step has taken yet */

static void end_as(int number) {
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
  raise(number);
}

/* A task holds the loop, which cannot take the second SIGINT either. */
static void end_if_held(void) {
  static const char held[] = "uring: interrupted, and a task holds the loop\n";
  int64_t now = clock_now();
  if (!noted[0])
    noted_at = now;
  else if (now - noted_at > PATIENT &&
           write(STDERR_FILENO, held, sizeof held - 1))
    end_as(SIGINT);
}

static void note(int number) {
  if (number == SIGINT)
    end_if_held();
  noted[number == SIGINT ? 0 : 1] = 1;
  struct __kernel_timespec *time = guarded;
  if (time != NULL)
    *time = (struct __kernel_timespec){ 0 };
}

static bool is_noted(void) {
  return noted[0] || noted[1];
}

void interrupt_guard(struct __kernel_timespec *time) {
  guarded = time;
  if (time != NULL && is_noted())
    *time = (struct __kernel_timespec){ 0 };
}

int interrupt_take(void) {
  for (int i = 0; i < COUNT; i++)
    if (noted[i]) {
      noted[i] = 0;
      return NUMBERS[i];
    }
  return 0;
}

/* A handler, unlike SIG_IGN, is not what children inherit. */
static void drop(int number) {
  (void)number;
}

/*
** catch(name [, ignore]) -> whether the loop's steps tell of "INT" or "QUIT"
** from now on, or nobody does; not where it is ignored already.  SIGQUIT ends
** no system call, for the program goes on.  sigaction(2)
*/
static int interrupt_catch(lua_State *L) {
  int i = luaL_checkoption(L, 1, NULL, NAMES);
  bool ignore = lua_toboolean(L, 2);
  struct sigaction action = { .sa_handler = ignore ? drop : note };
  if (ignore || NUMBERS[i] == SIGQUIT)
    action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (!caught[i]) {
    sigaction(NUMBERS[i], NULL, &before[i]);
    caught[i] = before[i].sa_handler != SIG_IGN;
    noted[i] = 0;
    if (caught[i])
      sigaction(NUMBERS[i], &action, NULL);
  }
  lua_pushboolean(L, caught[i]);
  return 1;
}

/* let_go(name) undoes that -> whether one came that no step has told of */
static int interrupt_let_go(lua_State *L) {
  int i = luaL_checkoption(L, 1, NULL, NAMES);
  if (caught[i])
    sigaction(NUMBERS[i], &before[i], NULL);
  lua_pushboolean(L, caught[i] && noted[i]);
  caught[i] = false;
  noted[i] = 0;
  return 1;
}

/* die(name) ends the process as the signal does that nobody catches. */
static int interrupt_die(lua_State *L) {
  end_as(NUMBERS[luaL_checkoption(L, 1, NULL, NAMES)]);
  return 0;
}

static const luaL_Reg functions[] = {
  { "catch", interrupt_catch },
  { "die", interrupt_die },
  { "let_go", interrupt_let_go },
  { NULL, NULL },
};

void interrupt_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
