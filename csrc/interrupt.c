/*
** interrupt.c - signals that end a wait of the loop: SIGINT and SIGQUIT.
*/
#include "interrupt.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT 2

static const int NUMBERS[COUNT] = { SIGINT, SIGQUIT };
static const char *const NAMES[COUNT + 1] = { "INT", "QUIT", NULL };

static volatile sig_atomic_t noted[COUNT];
static struct sigaction before[COUNT];
static bool caught[COUNT];
static struct __kernel_timespec *volatile guarded;

static void note(int number) {
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

/*
** catch(name) -> whether the loop's steps tell of "INT" or "QUIT" from now
** on; not where it is ignored.  sigaction(2)
*/
static int interrupt_catch(lua_State *L) {
  int i = luaL_checkoption(L, 1, NULL, NAMES);
  struct sigaction action = { .sa_handler = note };
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

/* let_go(name) undoes that. */
static int interrupt_let_go(lua_State *L) {
  int i = luaL_checkoption(L, 1, NULL, NAMES);
  if (caught[i])
    sigaction(NUMBERS[i], &before[i], NULL);
  caught[i] = false;
  return 0;
}

/* die(name) ends the process as the signal does that nobody catches. */
static int interrupt_die(lua_State *L) {
  int i = luaL_checkoption(L, 1, NULL, NAMES);
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigemptyset(&action.sa_mask);
  sigaction(NUMBERS[i], &action, NULL);
  raise(NUMBERS[i]);
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
