/*
** clock.h - the clock that every wait goes by.
*/
#ifndef uring_clock_h
#define uring_clock_h

#include "compat.h"

#include <math.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND INT64_C(1000000000)

/* CLOCK_MONOTONIC, in nanoseconds. */
static inline int64_t clock_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * CLOCK_SECOND + time.tv_nsec;
}

/* So many seconds, 0 or more, as the kernel takes them. */
static inline struct __kernel_timespec clock_timespec(double seconds) {
  double whole = floor(seconds);
  return (struct __kernel_timespec){
    .tv_sec = (int64_t)whole,
    .tv_nsec = (int64_t)((seconds - whole) * (double)CLOCK_SECOND),
  };
}

#endif
