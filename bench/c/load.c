/*
** load.c - makes load for a server that echoes, and verifies every byte.
** usage: load PORT CONNECTIONS SIZE IN_FLIGHT
** Connects, prints "ready SECONDS CONGESTION_CONTROL", and then does what
** the lines of stdin say:
**   run MILLISECONDS  keeps IN_FLIGHT messages of SIZE bytes on the way on
**                     each connection for that time; prints
**                     "ran MESSAGES SECONDS P50 P99", microseconds of one
**   once              sends one message on each; prints "once SECONDS"
** Ends with stdin.  A wrong byte, an early end, or nothing for ten seconds
** ends it with a message and the exit code 1.
*/
#include "lib/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run(Load *load, uint64_t milliseconds) {
  uint64_t start = now_ns();
  memset(load->histogram, 0, sizeof load->histogram);
  load->messages = 0;
  load->stop = start + milliseconds * 1000000;
  load->quota = UINT64_MAX;
  load_start(load);
  while (now_ns() < load->stop) {
    load_turn(load);
  }
  uint64_t messages = load->messages, stop = now_ns();
  load->quota = 0;
  load_drain(load);
  printf("ran %llu %.6f %.1f %.1f\n", (unsigned long long)messages,
         (double)(stop - start) / 1e9, load_quantile(load, 0.50),
         load_quantile(load, 0.99));
}

static void once(Load *load) {
  uint64_t start = now_ns();
  load->stop = UINT64_MAX;
  load->quota = load->size;
  load_start(load);
  load->quota = 0;
  load_drain(load);
  printf("once %.6f\n", (double)(now_ns() - start) / 1e9);
}

int main(int argc, char **argv) {
  char line[64], name[16];
  unsigned long long milliseconds;
  if (argc != 5) {
    fputs("usage: load PORT CONNECTIONS SIZE IN_FLIGHT\n", stderr);
    return 2;
  }
  Load *load = load_open((uint16_t)number(argv[1], "port", 1, 65535),
                         (unsigned)number(argv[2], "connections", 1, 20000),
                         (unsigned)number(argv[3], "size", 1, 1 << 20),
                         (unsigned)number(argv[4], "in flight", 1, 1024));
  uint64_t start = now_ns();
  load_connect(load, name, sizeof name);
  printf("ready %.6f %s\n", (double)(now_ns() - start) / 1e9, name);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "run %llu", &milliseconds) == 1) {
      run(load, milliseconds);
    } else if (strcmp(line, "once\n") == 0) {
      once(load);
    } else {
      errno = EINVAL;
      die(line);
    }
    fflush(stdout);
  }
  return 0;
}
