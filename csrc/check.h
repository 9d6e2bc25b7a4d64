/*
** check.h - what the checks of all kinds of arguments have in common.
** Only for argcheck.c, checknum.c and checkmem.c.
*/
#ifndef uring_check_h
#define uring_check_h

#include "arg.h"

#include <lua.h>

/* Where one argument comes from. */
typedef struct {
  const Op *op;
  const ArgSpec *spec;
  int index; /* on the stack */
  int level; /* whose line an error names */
} Source;

typedef void Check(lua_State *L, const Source *from, Args *args, Arg *arg);

/* Raises "recv: bad argument 'fd' (out of range)". */
void check_refuse(lua_State *L, const Source *from, const char *why);
/* Raises "recv: bad argument 'buf' (uring.Buffer expected, got number)". */
void check_wrong(lua_State *L, const Source *from, const char *expected);

/* Numbers, see checknum.c. */
Check check_fd, check_dirfd, check_slot, check_index, check_bgid, check_int,
    check_size, check_advice, check_zcflags, check_offset, check_id, check_data,
    check_seconds, check_how;
/* Memory, see checkmem.c. */
Check check_out, check_pages, check_into, check_bufring, check_source,
    check_src, check_command, check_iovecs, check_vector, check_msg,
    check_msgout, check_futexes, check_fds, check_path, check_name,
    check_address, check_peer;

#endif
