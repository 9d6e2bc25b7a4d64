/*
** query.c - one query, from its start to its answer.
** c-ares calls back at any time: while a query starts, sockets are worked
** on, or the channel is cancelled or closed.  The answer is kept until Lua
** asks for it, and nothing here but what Lua calls enters Lua.
*/
#include "query.h"

#include <arpa/inet.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct Query {
  Query *next; /* the one whose answer came after ours */
  Answers *answers;
  struct ares_addrinfo *found; /* what getaddrinfo has found, or */
  unsigned char *bytes;        /* what the server has sent */
  size_t size;
  int status;    /* of c-ares */
  bool answered; /* the others are only then of interest */
  bool dead;     /* Lua has no use for an answer any more */
};

static const struct {
  int status;
  const char *name;
} STATUSES[] = {
  { ARES_SUCCESS, "SUCCESS" },     { ARES_ENODATA, "NODATA" },
  { ARES_EFORMERR, "FORMERR" },    { ARES_ESERVFAIL, "SERVFAIL" },
  { ARES_ENOTFOUND, "NXDOMAIN" },  { ARES_ENOTIMP, "NOTIMP" },
  { ARES_EREFUSED, "REFUSED" },    { ARES_EBADNAME, "BADNAME" },
  { ARES_EBADRESP, "BADRESP" },    { ARES_ECONNREFUSED, "CONNREFUSED" },
  { ARES_ETIMEOUT, "TIMEOUT" },    { ARES_ENOMEM, "NOMEM" },
  { ARES_ECANCELLED, "CANCELED" }, { ARES_EDESTRUCTION, "CLOSED" },
};

static const char *status_name(int status) {
  for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++)
    if (STATUSES[i].status == status)
      return STATUSES[i].name;
  return ares_strerror(status);
}

void answers_init(Answers *answers) {
  answers->out = 0;
  answers->first = NULL;
  answers->place = &answers->first;
}

Query *query_push(lua_State *L, Answers *answers) {
  Query *query = lua_newuserdatauv(L, sizeof *query, 0);
  memset(query, 0, sizeof *query);
  query->answers = answers;
  luaL_setmetatable(L, QUERY_TYPE);
  return query;
}

Query *query_take(Answers *answers) {
  Query *query = answers->first;
  if (query == NULL)
    return NULL;
  answers->first = query->next;
  if (answers->first == NULL)
    answers->place = &answers->first;
  query->next = NULL;
  return query;
}

static void add_answer(Query *query, int status) {
  Answers *answers = query->answers;
  query->status = status;
  query->answered = true;
  answers->out--;
  if (query->dead)
    return;
  *answers->place = query;
  answers->place = &query->next;
}

void query_on_addrinfo(void *arg, int status, int timeouts,
                       struct ares_addrinfo *found) {
  (void)timeouts;
  Query *query = arg;
  if (query->dead && found != NULL) {
    ares_freeaddrinfo(found);
    found = NULL;
  }
  query->found = found;
  add_answer(query, status);
}

void query_on_bytes(void *arg, int status, int timeouts, unsigned char *bytes,
                    int size) {
  (void)timeouts;
  Query *query = arg;
  if (status == ARES_SUCCESS && size > 0 && !query->dead) {
    query->bytes = malloc((size_t)size);
    if (query->bytes == NULL) {
      status = ARES_ENOMEM;
    } else {
      memcpy(query->bytes, bytes, (size_t)size);
      query->size = (size_t)size;
    }
  }
  add_answer(query, status);
}

static Query *check_query(lua_State *L) {
  return luaL_checkudata(L, 1, QUERY_TYPE);
}

static bool push_host(lua_State *L, const struct sockaddr *address) {
  char text[INET6_ADDRSTRLEN];
  const void *bytes = &((const struct sockaddr_in *)address)->sin_addr;
  if (address->sa_family == AF_INET6)
    bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
  else if (address->sa_family != AF_INET)
    return false;
  if (inet_ntop(address->sa_family, bytes, text, sizeof text) == NULL)
    return false;
  lua_pushstring(L, text);
  return true;
}

/* Pushes {host, ...}, and for how many seconds all that led there holds. */
static int push_found(lua_State *L, const struct ares_addrinfo *found) {
  int ttl = INT_MAX;
  lua_Integer count = 0;
  lua_newtable(L);
  for (const struct ares_addrinfo_node *node = found->nodes; node != NULL;
       node = node->ai_next) {
    if (!push_host(L, node->ai_addr))
      continue;
    lua_rawseti(L, -2, ++count);
    if (node->ai_ttl < ttl)
      ttl = node->ai_ttl;
  }
  for (const struct ares_addrinfo_cname *name = found->cnames; name != NULL;
       name = name->next)
    if (name->ttl < ttl)
      ttl = name->ttl;
  lua_pushinteger(L, ttl > 0 && count > 0 ? ttl : 0);
  return 2;
}

/*
** query:answer() -> nil while there is none; "SUCCESS" and the bytes that
** the server has sent, or the hosts with their TTL; or what went wrong
*/
static int query_answer(lua_State *L) {
  const Query *query = check_query(L);
  if (!query->answered) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushstring(L, status_name(query->status));
  if (query->status != ARES_SUCCESS)
    return 1;
  if (query->found != NULL)
    return 1 + push_found(L, query->found);
  lua_pushlstring(L, (const char *)query->bytes, query->size);
  return 2;
}

static int query_gc(lua_State *L) {
  Query *query = check_query(L);
  query->dead = true;
  if (query->found != NULL)
    ares_freeaddrinfo(query->found);
  free(query->bytes);
  query->found = NULL;
  query->bytes = NULL;
  query->size = 0;
  return 0;
}

static const luaL_Reg methods[] = {
  { "answer", query_answer },
  { NULL, NULL },
};

void query_open(lua_State *L) {
  luaL_newmetatable(L, QUERY_TYPE);
  lua_pushcfunction(L, query_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
