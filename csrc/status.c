/*
** status.c - what statx(2) tells of a file, as a table.
**
** RATIONALE: the kernel gives each op statx to a thread of its own, which
** costs ten times what it brings.  Of an open file on a local file system
** all is in memory: there, asking by a call waits for nothing.
*/
#include "status.h"
#include "buffer.h"
#include "fail.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SYS_statmount
#define SYS_statmount 457 /* the same everywhere, but on alpha */
#endif

enum { PERM = 07777, FIELDS = 18 };

static const char *type_of(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    case S_IFCHR:
      return "char";
    case S_IFBLK:
      return "block";
    default:
      return "unknown";
  }
}

static void set_integer(lua_State *L, const char *name, uint64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_time(lua_State *L, const char *name, UapiStatxTime time) {
  lua_pushnumber(L, (lua_Number)time.sec + time.nsec / (lua_Number)1e9);
  lua_setfield(L, -2, name);
}

static void push_status(lua_State *L, const UapiStatx *status) {
  lua_createtable(L, 0, FIELDS);
  lua_pushstring(L, type_of(status->mode));
  lua_setfield(L, -2, "type");
  set_integer(L, "perm", status->mode & PERM);
  set_integer(L, "mask", status->mask);
  set_integer(L, "blksize", status->blksize);
  set_integer(L, "attributes", status->attributes);
  set_integer(L, "nlink", status->nlink);
  set_integer(L, "uid", status->uid);
  set_integer(L, "gid", status->gid);
  set_integer(L, "mode", status->mode);
  set_integer(L, "ino", status->ino);
  set_integer(L, "size", status->size);
  set_integer(L, "blocks", status->blocks);
  set_time(L, "atime", status->atime);
  set_time(L, "btime", status->btime);
  set_time(L, "ctime", status->ctime);
  set_time(L, "mtime", status->mtime);
  set_integer(L, "rdev", makedev(status->rdev_major, status->rdev_minor));
  set_integer(L, "dev", makedev(status->dev_major, status->dev_minor));
}

/*
** stat_in(buffer) -> {type = "file", perm = 0644, ...}, what the row statx has
** written there, 256 bytes: also mask, blksize, attributes, nlink, uid, gid,
** mode, ino, size, blocks, atime, btime, ctime, mtime (seconds), rdev, dev.
** statx(2)
*/
static int stat_in(lua_State *L) {
  const Buffer *buffer = buffer_test(L, 1);
  luaL_argcheck(L,
                buffer != NULL && buffer->bytes != NULL &&
                    buffer->size >= sizeof(UapiStatx),
                1, "Buffer of 256 bytes expected");
  UapiStatx status;
  memcpy(&status, buffer->bytes, sizeof status);
  push_status(L, &status);
  return 1;
}

/*
** stat_known(fd) -> what stat_in tells, of an open file, as the kernel knows
** it by now: no server is asked; and the number of its mount, which is never
** another's, or nil before Linux 6.8; or nil, errno.  statx(2),
** AT_STATX_DONT_SYNC
*/
static int stat_known(lua_State *L) {
  UapiStatx status;
  int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  unsigned mask = STATX_BASIC_STATS | STATX_BTIME | UAPI_STATX_MNT_ID_UNIQUE;
  if (statx((int)luaL_checkinteger(L, 1), "", flags, mask,
            (struct statx *)&status) != 0)
    return fail_push_code(L, errno);
  push_status(L, &status);
  if (!(status.mask & UAPI_STATX_MNT_ID_UNIQUE))
    return 1;
  lua_pushinteger(L, (lua_Integer)status.mnt_id);
  return 2;
}

/*
** mount_magic(mount) -> integer of linux/magic.h: what kind of file system is
** there; or nil, errno.  statmount(2), Linux 6.8
*/
static int mount_magic(lua_State *L) {
  UapiMountAsked asked = {
    .size = sizeof asked,
    .mnt_id = (uint64_t)luaL_checkinteger(L, 1),
    .param = UAPI_STATMOUNT_SB_BASIC,
  };
  UapiMount mount = { .mask = 0 };
  if (syscall(SYS_statmount, &asked, &mount, sizeof mount, 0) != 0)
    return fail_push_code(L, errno);
  if (!(mount.mask & UAPI_STATMOUNT_SB_BASIC))
    return fail_push_code(L, EOPNOTSUPP);
  lua_pushinteger(L, (lua_Integer)mount.sb_magic);
  return 1;
}

static const luaL_Reg functions[] = {
  { "mount_magic", mount_magic },
  { "stat_in", stat_in },
  { "stat_known", stat_known },
  { NULL, NULL },
};

void status_open(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
