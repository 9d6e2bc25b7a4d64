/*
** pool.h - a few threads that do jobs, and trays where the done ones lie.
**
** The threads belong to the process: they start when there is work, at most
** POOL_THREADS of them, and end when there was none for a while, or the
** last user leaves.  A forked child has none, and starts its own.  They
** take no signals and know no Lua.
*/
#ifndef uring_pool_h
#define uring_pool_h

#include "jobs.h"

#define POOL_THREADS  8
#define POOL_PATIENCE 2 /* seconds that a thread waits for work */

typedef struct Tray Tray;

/* While there are users, threads may be there; the last one waits for them. */
void pool_enter(void);
void pool_leave(void);

/* A tray for done jobs; NULL: errno says why. */
Tray *tray_open(void);
/* Jobs that are not done by then are freed by whoever does them. */
void tray_close(Tray *tray);
/* An eventfd that is readable when jobs lie in the tray. */
int tray_fd(const Tray *tray);
/* Has a job done, which gets an id.  0, or an errno: it is still ours. */
int tray_start(Tray *tray, Job *job);
/* A job that is done, and stays; NULL: none. */
Job *tray_first(Tray *tray);
/* Takes that one out, and frees it. */
void tray_drop(Tray *tray);

#endif
