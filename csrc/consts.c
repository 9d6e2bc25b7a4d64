/*
** consts.c - the numbers of the UAPI, by their full names.
*/
#include "consts.h"
#include "flags.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

typedef struct {
  const char *name;
  lua_Integer value;
} Const;

/* clang-format off */
#define C(name) \
  { #name, (lua_Integer)(name) }

static const Const CONSTS[] = {
  C(IORING_ASYNC_CANCEL_ALL), C(IORING_ASYNC_CANCEL_ANY),
  C(IORING_ASYNC_CANCEL_FD), C(IORING_CQE_BUFFER_SHIFT),
  C(IORING_FSYNC_DATASYNC), C(IORING_RECVSEND_POLL_FIRST),
  C(IORING_TIMEOUT_ABS), C(IORING_TIMEOUT_BOOTTIME),
  C(IORING_TIMEOUT_ETIME_SUCCESS), C(IORING_TIMEOUT_REALTIME),
  C(AF_INET), C(AF_INET6), C(AF_UNIX), C(SOCK_STREAM), C(SOCK_DGRAM),
  C(SOCK_SEQPACKET), C(SOCK_CLOEXEC), C(SOCK_NONBLOCK), C(SOL_SOCKET),
  C(SO_ERROR), C(SO_KEEPALIVE), C(SO_LINGER), C(SO_RCVBUF), C(SO_REUSEADDR),
  C(SO_REUSEPORT), C(SO_SNDBUF), C(IPPROTO_IPV6), C(IPV6_V6ONLY),
  C(IPPROTO_TCP), C(TCP_NODELAY), C(MSG_DONTWAIT), C(MSG_MORE),
  C(MSG_NOSIGNAL), C(MSG_PEEK), C(MSG_WAITALL), C(SHUT_RD), C(SHUT_WR),
  C(SHUT_RDWR), C(SOMAXCONN),
  C(AT_EMPTY_PATH), C(AT_FDCWD), C(AT_SYMLINK_NOFOLLOW), C(O_APPEND),
  C(O_CLOEXEC), C(O_CREAT), C(O_DIRECT), C(O_DIRECTORY), C(O_EXCL),
  C(O_NOFOLLOW), C(O_NONBLOCK), C(O_PATH), C(O_RDONLY), C(O_RDWR), C(O_SYNC),
  C(O_TMPFILE), C(O_TRUNC), C(O_WRONLY), C(STATX_BASIC_STATS), C(STATX_BTIME),
  C(STATX_SIZE), C(STATX_TYPE), C(STATX_ALL),
  C(POLLERR), C(POLLHUP), C(POLLIN), C(POLLOUT), C(POLLPRI), C(POLLRDHUP),
};

static const Const ERRNOS[] = {
  C(EPERM), C(ENOENT), C(ESRCH), C(EINTR), C(EIO), C(ENXIO), C(E2BIG),
  C(ENOEXEC), C(EBADF), C(ECHILD), C(EAGAIN), C(ENOMEM), C(EACCES), C(EFAULT),
  C(ENOTBLK), C(EBUSY), C(EEXIST), C(EXDEV), C(ENODEV), C(ENOTDIR), C(EISDIR),
  C(EINVAL), C(ENFILE), C(EMFILE), C(ENOTTY), C(ETXTBSY), C(EFBIG), C(ENOSPC),
  C(ESPIPE), C(EROFS), C(EMLINK), C(EPIPE), C(EDOM), C(ERANGE), C(EDEADLK),
  C(ENAMETOOLONG), C(ENOLCK), C(ENOSYS), C(ENOTEMPTY), C(ELOOP), C(ENOMSG),
  C(EIDRM), C(ECHRNG), C(EL2NSYNC), C(EL3HLT), C(EL3RST), C(ELNRNG),
  C(EUNATCH), C(ENOCSI), C(EL2HLT), C(EBADE), C(EBADR), C(EXFULL), C(ENOANO),
  C(EBADRQC), C(EBADSLT), C(EBFONT), C(ENOSTR), C(ENODATA), C(ETIME), C(ENOSR),
  C(ENONET), C(ENOPKG), C(EREMOTE), C(ENOLINK), C(EADV), C(ESRMNT), C(ECOMM),
  C(EPROTO), C(EMULTIHOP), C(EDOTDOT), C(EBADMSG), C(EOVERFLOW), C(ENOTUNIQ),
  C(EBADFD), C(EREMCHG), C(ELIBACC), C(ELIBBAD), C(ELIBSCN), C(ELIBMAX),
  C(ELIBEXEC), C(EILSEQ), C(ERESTART), C(ESTRPIPE), C(EUSERS), C(ENOTSOCK),
  C(EDESTADDRREQ), C(EMSGSIZE), C(EPROTOTYPE), C(ENOPROTOOPT),
  C(EPROTONOSUPPORT), C(ESOCKTNOSUPPORT), C(EOPNOTSUPP), C(EPFNOSUPPORT),
  C(EAFNOSUPPORT), C(EADDRINUSE), C(EADDRNOTAVAIL), C(ENETDOWN),
  C(ENETUNREACH), C(ENETRESET), C(ECONNABORTED), C(ECONNRESET), C(ENOBUFS),
  C(EISCONN), C(ENOTCONN), C(ESHUTDOWN), C(ETOOMANYREFS), C(ETIMEDOUT),
  C(ECONNREFUSED), C(EHOSTDOWN), C(EHOSTUNREACH), C(EALREADY), C(EINPROGRESS),
  C(ESTALE), C(EUCLEAN), C(ENOTNAM), C(ENAVAIL), C(EISNAM), C(EREMOTEIO),
  C(EDQUOT), C(ENOMEDIUM), C(EMEDIUMTYPE), C(ECANCELED), C(ENOKEY),
  C(EKEYEXPIRED), C(EKEYREVOKED), C(EKEYREJECTED), C(EOWNERDEAD),
  C(ENOTRECOVERABLE), C(ERFKILL),
};

#undef C
/* clang-format on */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void set_all(lua_State *L, const Const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    lua_pushinteger(L, list[i].value);
    lua_setfield(L, -2, list[i].name);
  }
}

/* The flags that have names of their own, under their full ones. */
static void set_flags(lua_State *L, const char *prefix, const Flag *list) {
  for (; list->name != NULL; list++) {
    luaL_Buffer name;
    luaL_buffinit(L, &name);
    luaL_addstring(&name, prefix);
    for (const char *at = list->name; *at != '\0'; at++)
      luaL_addchar(&name, (char)toupper((unsigned char)*at));
    luaL_pushresult(&name);
    lua_pushinteger(L, list->value);
    lua_rawset(L, -3);
  }
}

void consts_open(lua_State *L) {
  lua_newtable(L);
  set_all(L, CONSTS, COUNT(CONSTS));
  set_flags(L, "IORING_SETUP_", FLAGS_SETUP);
  set_flags(L, "IOSQE_", FLAGS_SQE);
  set_flags(L, "IORING_CQE_F_", FLAGS_CQE);
  set_flags(L, "IORING_FEAT_", FLAGS_FEATURE);
  lua_setfield(L, -2, "consts");
  lua_newtable(L);
  set_all(L, ERRNOS, COUNT(ERRNOS));
  lua_setfield(L, -2, "errnos");
}
