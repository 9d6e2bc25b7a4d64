/*
** pool.c - a few threads that do jobs, and trays where the done ones lie.
** One lock guards it all: what is done under it takes no time.
*/
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE (512 * 1024)

struct Tray {
  JobLine done;
  int fd;
  bool is_closed;
  unsigned out;  /* jobs that are not done */
  unsigned fork; /* pool.forks when it was opened */
  uint64_t last_id;
};

typedef enum { FREE, RUNS, ENDED } State; /* ENDED: is to be joined */

typedef struct {
  pthread_t thread;
  State state;
} Worker;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t work;
  JobLine jobs;
  Worker workers[POOL_THREADS];
  unsigned queued, idle, users;
  unsigned forks; /* how often this process was forked off */
  bool stops;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

/* Forking */

static void lock_all(void) {
  pthread_mutex_lock(&pool.lock);
}

static void unlock_all(void) {
  pthread_mutex_unlock(&pool.lock);
}

static void init_condition(void) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&pool.work, &attributes);
  pthread_condattr_destroy(&attributes);
}

/* What the threads of the parent had in hand is theirs. */
static void begin_anew(void) {
  pthread_mutex_init(&pool.lock, NULL);
  init_condition();
  pool.jobs = (JobLine){ 0 };
  for (int i = 0; i < POOL_THREADS; i++)
    pool.workers[i].state = FREE;
  pool.queued = pool.idle = 0;
  pool.stops = false;
  pool.forks++;
}

static void prepare(void) {
  init_condition();
  pthread_atfork(lock_all, unlock_all, begin_anew);
}

/* Threads */

/* Puts a job into its tray; true: that is gone, and the job nobody's. */
static bool deliver(Job *job) {
  Tray *tray = job->owner;
  static const uint64_t one = 1;
  tray->out--;
  if (tray->is_closed) {
    if (tray->out == 0)
      free(tray);
    return true;
  }
  bool was_empty = tray->done.first == NULL;
  job_line_add(&tray->done, job);
  while (was_empty && write(tray->fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
  return false;
}

/* The next job; NULL: there was none for long, or all are to end. */
static Job *wait_for_job(void) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += POOL_PATIENCE;
  int code = 0;
  pool.idle++;
  while (pool.queued == 0 && !pool.stops && code == 0)
    code = pthread_cond_timedwait(&pool.work, &pool.lock, &until);
  pool.idle--;
  if (pool.queued == 0)
    return NULL;
  pool.queued--;
  return job_line_take(&pool.jobs);
}

static void *run(void *worker) {
  pthread_mutex_lock(&pool.lock);
  for (Job *job = wait_for_job(); job != NULL; job = wait_for_job()) {
    pthread_mutex_unlock(&pool.lock);
    job_do(job);
    pthread_mutex_lock(&pool.lock);
    if (deliver(job))
      job_free(job);
  }
  ((Worker *)worker)->state = ENDED;
  pthread_mutex_unlock(&pool.lock);
  return NULL;
}

static Worker *find_place(void) {
  for (int i = 0; i < POOL_THREADS; i++) {
    Worker *worker = &pool.workers[i];
    if (worker->state == ENDED) {
      pthread_join(worker->thread, NULL); /* it is past its last line */
      worker->state = FREE;
    }
    if (worker->state == FREE)
      return worker;
  }
  return NULL;
}

/* Starts a thread that takes no signals. */
static int start_worker(Worker *worker) {
  sigset_t all, before;
  pthread_attr_t attributes;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int code = pthread_create(&worker->thread, &attributes, run, worker);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (code == 0)
    worker->state = RUNS;
  return code;
}

static bool has_worker(void) {
  for (int i = 0; i < POOL_THREADS; i++)
    if (pool.workers[i].state == RUNS)
      return true;
  return false;
}

/* Sees to it that somebody will do one more job: 0, or an errno. */
static int find_worker(void) {
  if (pool.idle > pool.queued)
    return 0;
  Worker *place = find_place();
  if (place == NULL)
    return 0;
  int code = start_worker(place);
  return code != 0 && has_worker() ? 0 : code;
}

/* Users */

void pool_enter(void) {
  pthread_once(&prepared, prepare);
  pthread_mutex_lock(&pool.lock);
  pool.users++;
  pthread_mutex_unlock(&pool.lock);
}

/* What nobody has begun is not done any more. */
static void drop_queued(void) {
  for (Job *job = job_line_take(&pool.jobs); job != NULL;
       job = job_line_take(&pool.jobs)) {
    job->code = ECANCELED;
    if (deliver(job))
      job_free(job);
  }
  pool.queued = 0;
}

static void join_all(void) {
  for (int i = 0; i < POOL_THREADS; i++) {
    Worker *worker = &pool.workers[i];
    if (worker->state != FREE) {
      pthread_mutex_unlock(&pool.lock);
      pthread_join(worker->thread, NULL);
      pthread_mutex_lock(&pool.lock);
    }
    worker->state = FREE;
  }
}

void pool_leave(void) {
  pthread_mutex_lock(&pool.lock);
  if (--pool.users == 0) {
    pool.stops = true;
    drop_queued();
    pthread_cond_broadcast(&pool.work);
    join_all();
    pool.stops = false;
  }
  pthread_mutex_unlock(&pool.lock);
}

/* Trays */

Tray *tray_open(void) {
  Tray *tray = calloc(1, sizeof *tray);
  if (tray == NULL)
    return NULL;
  tray->fork = pool.forks;
  tray->fd = eventfd(0, EFD_CLOEXEC);
  if (tray->fd >= 0)
    return tray;
  int code = errno;
  free(tray);
  errno = code;
  return NULL;
}

void tray_close(Tray *tray) {
  pthread_mutex_lock(&pool.lock);
  JobLine done = tray->done;
  tray->done = (JobLine){ 0 };
  tray->is_closed = true;
  close(tray->fd);
  if (tray->out == 0 || tray->fork != pool.forks)
    free(tray);
  pthread_mutex_unlock(&pool.lock);
  for (Job *job = job_line_take(&done); job != NULL; job = job_line_take(&done))
    job_free(job);
}

int tray_fd(const Tray *tray) {
  return tray->fd;
}

int tray_start(Tray *tray, Job *job) {
  pthread_mutex_lock(&pool.lock);
  int code = find_worker();
  if (code == 0) {
    job->owner = tray;
    job->id = ++tray->last_id;
    tray->out++;
    pool.queued++;
    job_line_add(&pool.jobs, job);
    pthread_cond_signal(&pool.work);
  }
  pthread_mutex_unlock(&pool.lock);
  return code;
}

Job *tray_first(Tray *tray) {
  pthread_mutex_lock(&pool.lock);
  Job *job = tray->done.first;
  pthread_mutex_unlock(&pool.lock);
  return job;
}

void tray_drop(Tray *tray) {
  pthread_mutex_lock(&pool.lock);
  Job *job = job_line_take(&tray->done);
  pthread_mutex_unlock(&pool.lock);
  job_free(job);
}
