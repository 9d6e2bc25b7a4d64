/*
** common.h - what the C programs of the bench share.
*/
#ifndef COMMON_H
#define COMMON_H

#include <liburing.h>
#include <stdint.h>

/* Ends the program: "what: reason" where errno says one. */
_Noreturn void die(const char *what);

/* Returns a result below 0 as an error: result, or never. */
int need(int result, const char *what);

/* Nanoseconds of the monotonic clock. */
uint64_t now_ns(void);

/* Nanoseconds that the process has had a core. */
uint64_t cpu_ns(void);

/* The number that an argument is, in [least, most]; ends the program. */
long number(const char *text, const char *what, long least, long most);

/* A listener on a free port of 127.0.0.1, and tells which on stdout. */
int listen_and_say(void);

/* Opens a ring as the best C program would: one issuer, deferred task work,
** a registered descriptor, a CQ of four times the SQ. */
void open_ring(struct io_uring *ring, unsigned entries);

/* An SQE; where there is none, submits first. */
struct io_uring_sqe *next_sqe(struct io_uring *ring);

/* Submits, and waits for a completion; ends the program where it cannot. */
void wait_for_any(struct io_uring *ring);

/* The same for a while, after which it is -ETIME; other errors likewise. */
int wait_patiently(struct io_uring *ring);

/* Tells what a load has done, in so many nanoseconds; where others tell
** quantiles of the time that a message took it tells the mean, twice. */
void say_ran(uint64_t messages, uint64_t waited, uint64_t time);

/* The bytes of a stream from a position on: `room` of them stand in a row.
** Streams of different seeds differ. */
void pattern_open(uint64_t room);
const char *pattern_at(uint64_t seed, uint64_t position);

#endif
