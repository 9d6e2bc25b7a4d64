/*
** watch.c - one descriptor that tells when c-ares has something to do: an
** epoll instance with its sockets and a timer, so that a ring needs one poll
** for each channel, and none is in flight on a socket that c-ares closes.
*/
#include "watch.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

void watch_init(Watch *watch) {
  watch->epoll = watch->timer = -1;
  watch->pid = 0;
}

static int add_timer(Watch *watch) {
  struct epoll_event event = { .events = EPOLLIN };
  event.data.fd = watch->timer;
  return epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->timer, &event);
}

int watch_open(Watch *watch) {
  if (watch->epoll >= 0)
    return 0;
  watch->pid = getpid();
  watch->epoll = epoll_create1(EPOLL_CLOEXEC);
  watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (watch->epoll >= 0 && watch->timer >= 0 && add_timer(watch) == 0)
    return 0;
  int code = errno;
  watch_close(watch);
  return code;
}

void watch_close(Watch *watch) {
  if (watch->epoll >= 0)
    close(watch->epoll);
  if (watch->timer >= 0)
    close(watch->timer);
  watch->epoll = watch->timer = -1;
}

void watch_socket(const Watch *watch, int fd, bool readable, bool writable) {
  if (watch->epoll < 0 || watch->pid != getpid())
    return;
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  event.data.fd = fd;
  if (event.events == 0)
    epoll_ctl(watch->epoll, EPOLL_CTL_DEL, fd, &event);
  else if (epoll_ctl(watch->epoll, EPOLL_CTL_MOD, fd, &event) != 0)
    epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event);
}

void watch_time(const Watch *watch, const struct timeval *left) {
  if (watch->timer < 0)
    return;
  struct itimerspec when;
  memset(&when, 0, sizeof when);
  if (left != NULL) {
    when.it_value.tv_sec = left->tv_sec;
    when.it_value.tv_nsec = left->tv_usec * 1000;
    if (left->tv_sec == 0 && left->tv_usec == 0)
      when.it_value.tv_nsec = 1; /* 0 would be never */
  }
  timerfd_settime(watch->timer, 0, &when, NULL);
}

int watch_ready(const Watch *watch, struct epoll_event *events, int most) {
  int count = epoll_wait(watch->epoll, events, most, 0);
  int sockets = 0;
  for (int i = 0; i < count; i++)
    if (events[i].data.fd != watch->timer) /* which is set anew soon */
      events[sockets++] = events[i];
  return sockets;
}
