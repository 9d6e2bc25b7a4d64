/*
** sockpath.c - the files of Unix sockets: stale ones, and ours.
** None of these calls blocks.
*/
#include "sockpath.h"
#include "addr.h"

#include <errno.h>
#include <lauxlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Which file a path leads to, and whose it is: a fork's child owns none. */
typedef struct {
  dev_t device;
  ino_t inode;
  pid_t owner;
} Mark;

/* Fills a Mark, and returns the path; NULL: there is no socket. */
static const char *look(lua_State *L, Mark *mark) {
  const Address *address = luaL_checkudata(L, 1, ADDRESS_TYPE);
  const struct sockaddr_un *un = (const void *)&address->storage;
  struct stat status;
  if (!addr_is_path(address) || lstat(un->sun_path, &status) != 0 ||
      !S_ISSOCK(status.st_mode))
    return NULL;
  memset(mark, 0, sizeof *mark);
  *mark = (Mark){ status.st_dev, status.st_ino, getpid() };
  return un->sun_path;
}

/*
** Whether nobody has the socket any more.  A socket of datagrams asks: who
** listens refuses it without noticing.
*/
static bool is_stale(const Address *address) {
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  int code = connect(fd, (const void *)&address->storage, address->length);
  bool refused = code != 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

/* remove_stale(address) -> whether a socket was there that nobody had */
static int path_remove_stale(lua_State *L) {
  Mark mark;
  const char *path = look(L, &mark);
  bool stale = path != NULL && is_stale(lua_touserdata(L, 1));
  lua_pushboolean(L, stale && unlink(path) == 0);
  return 1;
}

/*
** mark_path(address) -> the bytes of a mark by which to know the socket
** again; nil: there is none
*/
static int path_mark(lua_State *L) {
  Mark mark;
  if (look(L, &mark) == NULL)
    lua_pushnil(L);
  else
    lua_pushlstring(L, (const char *)&mark, sizeof mark);
  return 1;
}

/* remove_marked(address, mark) -> whether it was there, and is removed */
static int path_remove_marked(lua_State *L) {
  size_t size;
  const char *known = luaL_checklstring(L, 2, &size);
  Mark mark;
  const char *path = look(L, &mark);
  bool ours = path != NULL && size == sizeof mark &&
              memcmp(known, &mark, sizeof mark) == 0;
  lua_pushboolean(L, ours && unlink(path) == 0);
  return 1;
}

static const luaL_Reg functions[] = {
  { "mark_path", path_mark },
  { "remove_marked", path_remove_marked },
  { "remove_stale", path_remove_stale },
  { NULL, NULL },
};

void sockpath_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
