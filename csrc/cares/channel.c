/*
** channel.c - uring.cares.Channel: c-ares with its servers and sockets.
** A channel has a descriptor while queries are out, and only then: when it
** is readable, process() has something to do.
*/
#include "channel.h"
#include "query.h"
#include "settings.h"
#include "sockets.h"
#include "watch.h"

#include <lauxlib.h>
#include <unistd.h>

#define BATCH 16 /* sockets that are worked on at a time */

typedef struct {
  ares_channel ares; /* NULL: closed */
  Answers answers;
  Watch watch;
  pid_t pid; /* whose sockets these are */
} Channel;

static Channel *check_channel(lua_State *L) {
  return luaL_checkudata(L, 1, CHANNEL_TYPE);
}

static Channel *check_usable(lua_State *L) {
  Channel *channel = check_channel(L);
  if (channel->ares == NULL)
    luaL_error(L, "the channel is closed");
  if (channel->pid != getpid())
    luaL_error(L, "the channel belongs to the process that was forked");
  return channel;
}

static void on_state(void *arg, ares_socket_t fd, int readable, int writable) {
  const Channel *channel = arg;
  watch_socket(&channel->watch, fd, readable, writable);
}

/* Where all are answered the watch is closed, else it knows until when. */
static void settle(Channel *channel) {
  struct timeval left;
  if (channel->answers.out == 0) {
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    watch_close(&channel->watch); /* some versions close sockets only then */
  } else {
    watch_time(&channel->watch, ares_timeout(channel->ares, NULL, &left));
  }
}

static int push_failure(lua_State *L, const char *reason) {
  lua_pushnil(L);
  lua_pushstring(L, reason);
  return 2;
}

static int open_ares(ares_channel *ares, Settings *settings) {
  int status = ares_init_options(ares, &settings->options, settings->mask);
  if (status != ARES_SUCCESS) {
    *ares = NULL;
    return status;
  }
  sockets_use(*ares);
  if (settings->servers == NULL)
    return status;
  return ares_set_servers_ports_csv(*ares, settings->servers);
}

static bool has_one_server(ares_channel ares) {
  struct ares_addr_port_node *servers = NULL;
  if (ares_get_servers_ports(ares, &servers) != ARES_SUCCESS)
    return false;
  bool one = servers != NULL && servers->next == NULL;
  ares_free_data(servers);
  return one;
}

/*
** Where one server fails, c-ares asks the next.  If there is none, some
** versions say no more than that the connection was refused; so they shall
** then take what the server says for the answer.
*/
static int open_fitting(ares_channel *ares, Settings *settings) {
  int status = open_ares(ares, settings);
  if (status != ARES_SUCCESS || !has_one_server(*ares))
    return status;
  ares_destroy(*ares);
  settings->options.flags |= ARES_FLAG_NOCHECKRESP;
  return open_ares(ares, settings);
}

/* channel(settings) -> Channel, or nil, reason.  ares_init_options(3) */
static int channel_new(lua_State *L) {
  Settings settings;
  settings_read(L, 1, &settings);
  Channel *channel = lua_newuserdatauv(L, sizeof *channel, 1);
  channel->ares = NULL;
  channel->pid = getpid();
  answers_init(&channel->answers);
  watch_init(&channel->watch);
  lua_newtable(L); /* queries that are not taken, by their addresses */
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, CHANNEL_TYPE);
  settings.options.sock_state_cb = on_state;
  settings.options.sock_state_cb_data = channel;
  settings.mask |= ARES_OPT_SOCK_STATE_CB;
  int status = open_fitting(&channel->ares, &settings);
  if (status != ARES_SUCCESS)
    return push_failure(L, ares_strerror(status));
  return 1;
}

/* Pushes a query that the channel keeps; NULL, and nil and an errno. */
static Query *push_query(lua_State *L, Channel *channel) {
  int code = watch_open(&channel->watch);
  if (code != 0) {
    lua_pushnil(L);
    lua_pushinteger(L, code);
    return NULL;
  }
  lua_getiuservalue(L, 1, 1);
  Query *query = query_push(L, &channel->answers);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, -3, query);
  channel->answers.out++;
  return query;
}

/*
** addrinfo(name, family, sorted) -> Query, or nil, errno.  family is "inet",
** "inet6" or nil.  ares_getaddrinfo(3)
*/
static int channel_addrinfo(lua_State *L) {
  static const char *const names[] = { "any", "inet", "inet6", NULL };
  static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
  Channel *channel = check_usable(L);
  const char *name = luaL_checkstring(L, 2);
  struct ares_addrinfo_hints hints = { .ai_socktype = SOCK_STREAM };
  hints.ai_family = families[luaL_checkoption(L, 3, "any", names)];
  hints.ai_flags = lua_toboolean(L, 4) ? 0 : ARES_AI_NOSORT;
  Query *query = push_query(L, channel);
  if (query == NULL)
    return 2;
  ares_getaddrinfo(channel->ares, name, NULL, &hints, query_on_addrinfo, query);
  settle(channel);
  return 1;
}

/* query(name, type) -> Query, or nil, errno; type is a number.  ares_query(3)
 */
static int channel_query(lua_State *L) {
  Channel *channel = check_usable(L);
  const char *name = luaL_checkstring(L, 2);
  int type = (int)luaL_checkinteger(L, 3);
  Query *query = push_query(L, channel);
  if (query == NULL)
    return 2;
  ares_query(channel->ares, name, 1, type, query_on_bytes, query);
  settle(channel);
  return 1;
}

/* process() reads, writes and gives up waiting, as far as that is due. */
static int channel_process(lua_State *L) {
  Channel *channel = check_usable(L);
  struct epoll_event events[BATCH];
  int count = watch_ready(&channel->watch, events, BATCH);
  for (int i = 0; i < count; i++) {
    ares_socket_t fd = events[i].data.fd;
    bool in = events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP);
    bool out = events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP);
    ares_process_fd(channel->ares, in ? fd : ARES_SOCKET_BAD,
                    out ? fd : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  settle(channel);
  return 0;
}

/* finished() -> a Query that has an answer, once; nil where none has */
static int channel_finished(lua_State *L) {
  Channel *channel = check_channel(L);
  const Query *query = query_take(&channel->answers);
  if (query == NULL) {
    lua_pushnil(L);
    return 1;
  }
  lua_getiuservalue(L, 1, 1);
  lua_rawgetp(L, -1, query);
  lua_pushnil(L);
  lua_rawsetp(L, -3, query); /* needs no memory */
  return 1;
}

/* fileno() -> fd that is readable when process has something to do; nil
** while no query is out */
static int channel_fileno(lua_State *L) {
  const Channel *channel = check_channel(L);
  if (channel->watch.epoll >= 0)
    lua_pushinteger(L, channel->watch.epoll);
  else
    lua_pushnil(L);
  return 1;
}

/* is_ours() -> false where it is closed, or this is a forked child */
static int channel_is_ours(lua_State *L) {
  const Channel *channel = check_channel(L);
  lua_pushboolean(L, channel->ares != NULL && channel->pid == getpid());
  return 1;
}

/* cancel() ends all queries that are out.  ares_cancel(3) */
static int channel_cancel(lua_State *L) {
  Channel *channel = check_usable(L);
  ares_cancel(channel->ares);
  settle(channel);
  return 0;
}

/* close() ends all queries, and closes the sockets.  ares_destroy(3) */
static int channel_close(lua_State *L) {
  Channel *channel = check_channel(L);
  ares_channel ares = channel->ares;
  channel->ares = NULL;
  if (ares != NULL)
    ares_destroy(ares);
  watch_close(&channel->watch);
  return 0;
}

static const luaL_Reg methods[] = {
  { "addrinfo", channel_addrinfo },
  { "cancel", channel_cancel },
  { "close", channel_close },
  { "fileno", channel_fileno },
  { "finished", channel_finished },
  { "is_ours", channel_is_ours },
  { "process", channel_process },
  { "query", channel_query },
  { NULL, NULL },
};

void channel_open(lua_State *L) {
  luaL_newmetatable(L, CHANNEL_TYPE);
  lua_pushcfunction(L, channel_close);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, channel_new);
  lua_setfield(L, -2, "channel");
}
