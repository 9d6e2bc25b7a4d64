/*
** sockets.h - c-ares's system calls on sockets, as we want them.
*/
#ifndef uring_cares_sockets_h
#define uring_cares_sockets_h

#include "query.h"

/* Has a channel use them. */
void sockets_use(ares_channel channel);

#endif
