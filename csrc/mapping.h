/*
** mapping.h - setting a ring up: what the process and the kernel share.
**
**   SQ: head, tail, flags, and an array that names entries of the SQEs
**   CQ: head, tail, overflow, and the CQEs
**
** The kernel says where in the mapping each of these lies.
*/
#ifndef uring_mapping_h
#define uring_mapping_h

#include "kernel.h"

/*
** Sets up and maps a ring; the parameters tell what came of it.  0, or
** -errno with nothing left behind.  A forked child does not get the
** mappings.
*/
int mapping_open(struct io_uring *uring, unsigned entries,
                 struct io_uring_params *params);
/* Gives the rings other sizes; what they hold stays.  0, or -errno. */
int mapping_resize(struct io_uring *uring, struct io_uring_params *params);
/* Gives it all back. */
void mapping_close(struct io_uring *uring);

/* Registers its descriptor, which makes entering cheaper; 0 or -errno. */
int mapping_register_fd(struct io_uring *uring);
int mapping_unregister_fd(struct io_uring *uring);
/* Closes the descriptor where it is registered; 0 or -errno. */
int mapping_close_fd(struct io_uring *uring);

#endif
