/*
** load.h - connections that send, receive and verify.
*/
#ifndef LOAD_H
#define LOAD_H

#include "common.h"

enum { BUCKETS = 64 * 16 };

typedef struct Stream {
  int fd, is_sending, is_receiving;
  uint64_t allowed;        /* bytes to send in all, by now */
  uint64_t sent, received; /* bytes */
  uint64_t asked_at;       /* when the oldest message on its way was sent */
  char *bytes;
} Stream;

typedef struct Load {
  struct io_uring ring;
  uint16_t port;
  unsigned count, size, in_flight, room;
  unsigned busy;  /* ops in flight */
  uint64_t stop;  /* when to send no more */
  uint64_t quota; /* bytes beyond those received that may be sent now */
  uint64_t messages;
  uint64_t histogram[BUCKETS];
  Stream *streams;
} Load;

/* All of these end the program where something goes wrong. */
Load *load_open(uint16_t port, unsigned count, unsigned size,
                unsigned in_flight);

/* Connects; fills in the name of the congestion control. */
void load_connect(Load *load, char *name, unsigned size);

/* Begins to send on each. */
void load_start(Load *load);

/* Waits for completions, and deals with them. */
void load_turn(Load *load);

/* Waits until all has come back that was sent. */
void load_drain(Load *load);

/* Microseconds that this share of the messages took at most. */
double load_quantile(const Load *load, double share);

#endif
