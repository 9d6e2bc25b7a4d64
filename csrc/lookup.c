/*
** lookup.c - names become addresses as the C library sees it.
*/
#include "lookup.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t size_of(const struct addrinfo *each) {
  return 4 * sizeof(int32_t) + each->ai_addrlen;
}

static char *put(char *at, const struct addrinfo *each) {
  int32_t head[] = { each->ai_family, each->ai_socktype, each->ai_protocol,
                     (int32_t)each->ai_addrlen };
  memcpy(at, head, sizeof head);
  memcpy(at + sizeof head, each->ai_addr, each->ai_addrlen);
  return at + size_of(each);
}

int lookup(const char *node, const char *service, const struct addrinfo *hints,
           char **bytes, size_t *size) {
  struct addrinfo *list;
  int code = getaddrinfo(node, service, hints, &list);
  if (code == EAI_SYSTEM)
    return errno;
  if (code != 0)
    return LOOKUP_CODE + code;
  for (struct addrinfo *each = list; each != NULL; each = each->ai_next)
    *size += size_of(each);
  char *at = *bytes = malloc(*size);
  for (struct addrinfo *each = list; at != NULL && each != NULL;
       each = each->ai_next)
    at = put(at, each);
  freeaddrinfo(list);
  return *bytes == NULL ? ENOMEM : 0;
}

const char *lookup_reason(int code) {
  return gai_strerror(code - LOOKUP_CODE);
}
