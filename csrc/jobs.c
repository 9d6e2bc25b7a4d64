/*
** jobs.c - system calls that may block and have no opcode, as jobs.
*/
#include "jobs.h"
#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Notes what a system call has said. */
static void settle(Job *job, int64_t count) {
  job->code = count < 0 ? errno : 0;
  job->count = count;
}

/* Gives the job room for bytes; false: there is none. */
static bool make_room(Job *job, size_t size) {
  job->bytes = malloc(size);
  if (job->bytes == NULL)
    job->code = ENOMEM;
  return job->bytes != NULL;
}

static void settle_bytes(Job *job, int64_t count) {
  settle(job, count);
  job->size = count < 0 ? 0 : (size_t)count;
}

/* getdents64(fd, size) -> a block of struct linux_dirent64 */
static void work_getdents(Job *job) {
  size_t size = (size_t)job->numbers[0];
  if (make_room(job, size))
    settle_bytes(job, syscall(SYS_getdents64, job->fds[0], job->bytes, size));
}

/* readlinkat(dirfd, path) -> where it leads */
static void work_readlinkat(Job *job) {
  if (make_room(job, PATH_MAX))
    settle_bytes(
        job, readlinkat(job->fds[0], job->strings[0], job->bytes, PATH_MAX));
}

/* realpath(path) -> the same without links, "." and ".." */
static void work_realpath(Job *job) {
  if (!make_room(job, PATH_MAX))
    return;
  bool found = realpath(job->strings[0], job->bytes) != NULL;
  settle_bytes(job, found ? (int64_t)strlen(job->bytes) : -1);
}

/* fchmod(fd, mode) */
static void work_fchmod(Job *job) {
  settle(job, fchmod(job->fds[0], (mode_t)job->numbers[0]));
}

/* fchmodat(dirfd, path, mode) */
static void work_fchmodat(Job *job) {
  settle(job,
         fchmodat(job->fds[0], job->strings[0], (mode_t)job->numbers[0], 0));
}

/* fchownat(dirfd, path, uid, gid, flags) */
static void work_fchownat(Job *job) {
  settle(job, fchownat(job->fds[0], job->strings[0], (uid_t)job->numbers[0],
                       (gid_t)job->numbers[1], (int)job->numbers[2]));
}

/* utimensat(dirfd, path, atime, its nanoseconds, mtime, these, flags) */
static void work_utimensat(Job *job) {
  const int64_t *n = job->numbers;
  struct timespec times[2] = { { .tv_sec = n[0], .tv_nsec = n[1] },
                               { .tv_sec = n[2], .tv_nsec = n[3] } };
  settle(job, utimensat(job->fds[0], job->strings[0], times, (int)n[4]));
}

/* mknodat(dirfd, path, mode, dev) */
static void work_mknodat(Job *job) {
  settle(job, mknodat(job->fds[0], job->strings[0], (mode_t)job->numbers[0],
                      (dev_t)job->numbers[1]));
}

/* flock(fd, operation): only such as do not wait */
static void work_flock(Job *job) {
  settle(job, flock(job->fds[0], (int)job->numbers[0] | LOCK_NB));
}

/* ftruncate(fd, size) */
static void work_ftruncate(Job *job) {
  settle(job, ftruncate(job->fds[0], job->numbers[0]));
}

/* A negative offset: at the file's own position. */
static off64_t *offset_of(int64_t *number) {
  return *number < 0 ? NULL : (off64_t *)number;
}

/* copy_file_range(from, to, offset in from, offset in to, size) -> count */
static void work_copy_file_range(Job *job) {
  int64_t *n = job->numbers;
  settle(job, copy_file_range(job->fds[0], offset_of(&n[0]), job->fds[1],
                              offset_of(&n[1]), (size_t)n[2], 0));
}

/* ficlone(from, to): both share what the first has.  ioctl_ficlone(2) */
static void work_ficlone(Job *job) {
  settle(job, ioctl(job->fds[1], FICLONE, job->fds[0]));
}

/* getaddrinfo(node, service, family, socktype, flags) -> see lookup.h */
static void work_getaddrinfo(Job *job) {
  const int64_t *n = job->numbers;
  struct addrinfo hints = { .ai_family = (int)n[0],
                            .ai_socktype = (int)n[1],
                            .ai_flags = (int)n[2] };
  job->code =
      lookup(job->strings[0], job->strings[1], &hints, &job->bytes, &job->size);
}

/* clang-format off */
static const JobKind KINDS[] = {
  { "copy_file_range", "ffiii", JOB_COUNT, work_copy_file_range },
  { "fchmod", "fi", JOB_NONE, work_fchmod },
  { "fchmodat", "dsi", JOB_NONE, work_fchmodat },
  { "fchownat", "dsiii", JOB_NONE, work_fchownat },
  { "ficlone", "ff", JOB_NONE, work_ficlone },
  { "flock", "fi", JOB_NONE, work_flock },
  { "ftruncate", "fi", JOB_NONE, work_ftruncate },
  { "getaddrinfo", "ooiii", JOB_BYTES, work_getaddrinfo },
  { "getdents", "fi", JOB_BYTES, work_getdents },
  { "mknodat", "dsii", JOB_NONE, work_mknodat },
  { "readlinkat", "ds", JOB_BYTES, work_readlinkat },
  { "realpath", "s", JOB_BYTES, work_realpath },
  { "utimensat", "dsiiiii", JOB_NONE, work_utimensat },
};
/* clang-format on */

const JobKind *job_find(const char *name) {
  for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
    if (strcmp(KINDS[i].name, name) == 0)
      return &KINDS[i];
  return NULL;
}

Job *job_new(const JobKind *kind) {
  Job *job = calloc(1, sizeof *job);
  if (job != NULL)
    job->kind = kind;
  return job;
}

bool job_copy_string(Job *job, int index, const char *string) {
  size_t size = strlen(string) + 1;
  char *copy = malloc(size);
  if (copy != NULL)
    memcpy(copy, string, size);
  job->strings[index] = copy;
  return copy != NULL;
}

bool job_copy_fd(Job *job, int index, int fd) {
  int copy = fd == AT_FDCWD ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy == -1)
    return false;
  job->fds[index] = copy;
  job->copied[index] = copy >= 0;
  return true;
}

static void close_copies(Job *job) {
  for (int i = 0; i < JOB_FDS; i++) {
    if (job->copied[i])
      close(job->fds[i]);
    job->copied[i] = false;
  }
}

void job_do(Job *job) {
  job->kind->work(job);
  close_copies(job);
}

void job_free(Job *job) {
  close_copies(job);
  for (int i = 0; i < JOB_STRINGS; i++)
    free(job->strings[i]);
  free(job->bytes);
  free(job);
}

void job_line_add(JobLine *line, Job *job) {
  job->next = NULL;
  if (line->last == NULL)
    line->first = job;
  else
    line->last->next = job;
  line->last = job;
}

Job *job_line_take(JobLine *line) {
  Job *job = line->first;
  if (job != NULL)
    line->first = job->next;
  if (line->first == NULL)
    line->last = NULL;
  return job;
}
