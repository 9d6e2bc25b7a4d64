/*
** lookup.h - names become addresses as the C library sees it.
*/
#ifndef uring_lookup_h
#define uring_lookup_h

#include <netdb.h>
#include <stddef.h>

#define LOOKUP_CODE (-100) /* added to the EAI_ codes, so that none is ours */

/*
** getaddrinfo(3): as bytes for each address, int32_t family, socktype,
** protocol and length, and a struct sockaddr of that length; to be freed.
** Returns 0, an errno, or LOOKUP_CODE and an EAI_ code.
*/
int lookup(const char *node, const char *service, const struct addrinfo *hints,
           char **bytes, size_t *size);
/* What such a negative code means. */
const char *lookup_reason(int code);

#endif
