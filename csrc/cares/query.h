/*
** query.h - one query, from its start to its answer.
*/
#ifndef uring_cares_query_h
#define uring_cares_query_h

#define CARES_NO_DEPRECATED /* what 1.18 has is all that we use */
#include <ares.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#define QUERY_TYPE "uring.cares.Query"

typedef struct Query Query;

/* The queries of one channel. */
typedef struct {
  size_t out;    /* how many have no answer yet */
  Query *first;  /* of those that have one and were not taken */
  Query **place; /* for the next of them */
} Answers;

void answers_init(Answers *answers);

/*
** Pushes a query that has no answer.  Who gives it to c-ares keeps it until it
** has one, and counts it as out.
*/
Query *query_push(lua_State *L, Answers *answers);
/* Takes out the first that has an answer; NULL where none has. */
Query *query_take(Answers *answers);

/* What c-ares calls with the answer.  They never enter Lua. */
void query_on_addrinfo(void *query, int status, int timeouts,
                       struct ares_addrinfo *found);
void query_on_bytes(void *query, int status, int timeouts, unsigned char *bytes,
                    int size);

/* Makes the metatable of queries. */
void query_open(lua_State *L);

#endif
