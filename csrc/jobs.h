/*
** jobs.h - system calls that may block and have no opcode, as jobs.
**
** A job has copies of all that it needs, descriptors too: whoever closes or
** frees the other ones meanwhile does not change what it works on.  No
** lua.h: a job may be done by any thread.
*/
#ifndef uring_jobs_h
#define uring_jobs_h

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_FDS     2
#define JOB_STRINGS 2
#define JOB_NUMBERS 5

typedef enum { JOB_NONE, JOB_COUNT, JOB_BYTES } JobResult;

typedef struct Job Job;

typedef struct {
  const char *name;
  /*
  ** A letter for each argument: f a descriptor, d one that may be AT_FDCWD,
  ** s a string, o a string or nothing, i an integer.
  */
  const char *arguments;
  JobResult result;
  void (*work)(Job *job);
} JobKind;

struct Job {
  const JobKind *kind;
  Job *next;   /* in whichever line it stands: of the pool */
  void *owner; /* who wants to know that it is done: of the pool */
  uint64_t id; /* by which the owner knows it */
  int fds[JOB_FDS];
  bool copied[JOB_FDS];       /* ours to close */
  char *strings[JOB_STRINGS]; /* NULL: none was given */
  int64_t numbers[JOB_NUMBERS];
  int code;      /* 0, an errno, or a negative one of getaddrinfo */
  int64_t count; /* JOB_COUNT */
  char *bytes;   /* JOB_BYTES */
  size_t size;
};

/* Jobs that wait for something, first come first served. */
typedef struct {
  Job *first, *last;
} JobLine;

/* The kind of a name; NULL: there is none. */
const JobKind *job_find(const char *name);
/* NULL: there is no memory. */
Job *job_new(const JobKind *kind);
/* false: there is no memory. */
bool job_copy_string(Job *job, int index, const char *string);
/* false: errno says why. */
bool job_copy_fd(Job *job, int index, int fd);
/* Does it, on this thread. */
void job_do(Job *job);
void job_free(Job *job);
void job_line_add(JobLine *line, Job *job);
/* NULL: there is none. */
Job *job_line_take(JobLine *line);

#endif
