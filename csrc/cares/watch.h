/*
** watch.h - one descriptor that tells when c-ares has something to do.
*/
#ifndef uring_cares_watch_h
#define uring_cares_watch_h

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/types.h>

typedef struct {
  int epoll; /* has the timer and c-ares's sockets; -1: not open */
  int timer;
  pid_t pid; /* who has opened it: a forked child must not change it */
} Watch;

/* Makes one that is not open. */
void watch_init(Watch *watch);
/* Opens it, unless it is open.  Returns 0 or an errno. */
int watch_open(Watch *watch);
/* Closes it, unless it is closed. */
void watch_close(Watch *watch);
/* Watches a socket; neither readable nor writable: no more. */
void watch_socket(const Watch *watch, int fd, bool readable, bool writable);
/* It is ready when that time is over; NULL: never. */
void watch_time(const Watch *watch, const struct timeval *left);
/* Says which sockets are ready, at most so many, and how many they are. */
int watch_ready(const Watch *watch, struct epoll_event *events, int most);

#endif
