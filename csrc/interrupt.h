/*
** interrupt.h - signals that end a wait of the loop: SIGINT and SIGQUIT.
**
** A handler notes them.  One that comes just before a wait begins must end
** it too: so it sets the wait's time to nothing, which the kernel reads only
** when it is entered.
*/
#ifndef uring_interrupt_h
#define uring_interrupt_h

#include <liburing.h>
#include <lua.h>

/* From now on a signal cuts this time; NULL: the wait is over. */
void interrupt_guard(struct __kernel_timespec *time);
/* Takes a signal that was noted; its number, or 0. */
int interrupt_take(void);

/* Adds its functions to the table on the top. */
void interrupt_open(lua_State *L);

#endif
