/*
** copy.c - copies the files of a folder of folders, many at once: open, read,
** open, write, close, close.
** usage: copy FROM TO AT_ONCE
*/
#include "lib/common.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE = 1 << 16, MOST = 256, DESCRIPTORS = 16 };
enum { OPEN, READ, CREATE, WRITE, CLOSE, CLOSE_NEW };

typedef struct Job {
  char *from, *to;
  int step, in, out;
  unsigned size;
  char bytes[SIZE];
} Job;

static const char *source, *target; /* nftw has no argument for its caller */
static char **names;
static size_t count, room;

static char *join(const char *folder, const char *name) {
  char *path;
  need(asprintf(&path, "%s%s", folder, name), "memory");
  return path;
}

static int visit(const char *path, const struct stat *status, int kind,
                 struct FTW *where) {
  const char *name = path + strlen(source);
  (void)where;
  if (kind == FTW_D) {
    char *folder = join(target, name);
    need(mkdir(folder, status->st_mode), folder);
    free(folder);
  } else if (kind == FTW_F) {
    if (count == room) {
      room = room ? room * 2 : 1024;
      names = realloc(names, room * sizeof *names);
      if (!names) {
        die("memory");
      }
    }
    names[count++] = join("", name);
  }
  return 0;
}

static void prepare(struct io_uring *ring, Job *job) {
  struct io_uring_sqe *sqe = next_sqe(ring);
  if (job->step == OPEN) {
    io_uring_prep_openat(sqe, AT_FDCWD, job->from, O_RDONLY | O_CLOEXEC, 0);
  } else if (job->step == READ) {
    io_uring_prep_read(sqe, job->in, job->bytes, SIZE, 0);
  } else if (job->step == CREATE) {
    io_uring_prep_openat(sqe, AT_FDCWD, job->to,
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  } else if (job->step == WRITE) {
    io_uring_prep_write(sqe, job->out, job->bytes, job->size, 0);
  } else {
    io_uring_prep_close(sqe, job->step == CLOSE ? job->in : job->out);
  }
  io_uring_sqe_set_data(sqe, job);
}

/* Takes the next file; 0 where there is none. */
static int begin(struct io_uring *ring, Job *job) {
  if (count == 0) {
    return 0;
  }
  char *name = names[--count];
  job->from = join(source, name);
  job->to = join(target, name);
  job->step = OPEN;
  prepare(ring, job);
  return 1;
}

/* Goes one step on; 0 where it was the last of the last file. */
static int completed(struct io_uring *ring, Job *job, int res) {
  int result = need(res, job->from);
  if (job->step == OPEN) {
    job->in = result;
  } else if (job->step == READ) {
    job->size = (unsigned)result;
  } else if (job->step == CREATE) {
    job->out = result;
  }
  if (job->step == CLOSE_NEW) {
    free(job->from);
    free(job->to);
    return begin(ring, job);
  }
  job->step++;
  prepare(ring, job);
  return 1;
}

int main(int argc, char **argv) {
  struct io_uring ring;
  static Job jobs[MOST];
  if (argc != 4) {
    return 2;
  }
  source = argv[1];
  target = argv[2];
  long at_once = number(argv[3], "at once", 1, MOST), busy = 0;
  need(nftw(source, visit, DESCRIPTORS, FTW_PHYS), source);
  open_ring(&ring, MOST);
  for (long i = 0; i < at_once; i++) {
    busy += begin(&ring, &jobs[i]);
  }
  while (busy > 0) {
    struct io_uring_cqe *cqe;
    unsigned head, reaped = 0;
    wait_for_any(&ring);
    io_uring_for_each_cqe(&ring, head, cqe) {
      busy -= !completed(&ring, io_uring_cqe_get_data(cqe), cqe->res);
      reaped++;
    }
    io_uring_cq_advance(&ring, reaped);
  }
  return 0;
}
