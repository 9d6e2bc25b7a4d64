/*
** measure.c - runs a program on one core, and tells what it has used.
** usage: measure CPU READER_CPU STDOUT PROGRAM [ARGUMENT...]
** STDOUT is -, a file's path, or |: a pipe that a process on READER_CPU
** reads.  Prints "measured WALL USER SYSTEM MAXRSS CODE", in seconds and KiB.
*/
#include "lib/common.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

static void pin(long cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  need(sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

/* Reads a pipe to its end, in a child. */
static pid_t read_away(int pipe[2], long cpu) {
  static char block[BLOCK];
  pid_t child = need(fork(), "fork");
  if (child > 0) {
    close(pipe[0]);
    return child;
  }
  close(pipe[1]);
  pin(cpu);
  while (read(pipe[0], block, BLOCK) > 0) {
  }
  _exit(0);
}

static pid_t start(char **argv, long cpu, int out) {
  pid_t child = need(fork(), "fork");
  if (child > 0) {
    return child;
  }
  pin(cpu);
  if (out >= 0) {
    dup2(out, 1);
    close(out);
  }
  execvp(argv[0], argv);
  die(argv[0]);
}

static double seconds(struct timeval time) {
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
  int pipe_ends[2], out = -1, status;
  pid_t reader = 0;
  struct rusage usage;
  if (argc < 5) {
    fputs("usage: measure CPU READER_CPU STDOUT PROGRAM...\n", stderr);
    return 2;
  }
  long cpu = number(argv[1], "cpu", 0, 1023);
  if (strcmp(argv[3], "|") == 0) {
    need(pipe2(pipe_ends, O_CLOEXEC), "pipe");
    reader = read_away(pipe_ends, number(argv[2], "cpu", 0, 1023));
    out = pipe_ends[1];
  } else if (strcmp(argv[3], "-") != 0) {
    out = need(open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0600), argv[3]);
  }
  uint64_t begin = now_ns();
  pid_t child = start(argv + 4, cpu, out);
  if (out >= 0) {
    close(out);
  }
  need(wait4(child, &status, 0, &usage), "wait4");
  uint64_t end = now_ns();
  if (reader > 0) {
    waitpid(reader, NULL, 0);
  }
  printf("measured %.6f %.6f %.6f %ld %d\n", (double)(end - begin) / 1e9,
         seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss,
         WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 0;
}
