/*
** clock.h - the clock that every wait goes by.
*/
#ifndef uring_clock_h
#define uring_clock_h

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND INT64_C(1000000000)

/* CLOCK_MONOTONIC, in nanoseconds. */
static inline int64_t clock_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * CLOCK_SECOND + time.tv_nsec;
}

#endif
