/*
** quick.h - receiving and sending where there is nothing to refuse.
*/
#ifndef uring_quick_h
#define uring_quick_h

#include "arg.h"
#include "starter.h"

#include <sys/socket.h>

#define QUICK_SEND_FLAGS (MSG_NOSIGNAL | MSG_WAITALL)

/*
** Starts the op on the descriptor at an index for who runs; false: it cannot,
** and has started nothing.  'held' is the index of the ring's table.
*/
bool quick_launch(lua_State *L, const Starter *starter, int held, int at,
                  Args *args);
/*
** Argument 1 of an op: the bytes of a string, or of a Buffer that has its own;
** false: of neither.
*/
bool quick_find_bytes(lua_State *L, int index, Args *args);
/* The function 'transmit', by which a closure of it is known. */
int quick_transmit(lua_State *L);
/*
** Adds 'receive' and 'transmit' to the table at an index, each where the
** kernel knows its row.
*/
void quick_add(lua_State *L, int table, const Starter *rows, StarterUps ups);

#endif
