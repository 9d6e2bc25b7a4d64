/*
** argcheck.c - Lua values become an op's arguments, by kind.
*/
#include "argcheck.h"
#include "check.h"

static const struct {
  const char *name;
  Check *check;
} KINDS[] = {
  [ARG_FD] = { "fd", check_fd },
  [ARG_DIRFD] = { "dirfd", check_dirfd },
  [ARG_FDS] = { "fds", check_fds },
  [ARG_SLOT] = { "slot", check_slot },
  [ARG_INDEX] = { "index", check_index },
  [ARG_BGID] = { "bgid", check_bgid },
  [ARG_INT] = { "int", check_int },
  [ARG_SIZE] = { "size", check_size },
  [ARG_ADVICE] = { "advice", check_advice },
  [ARG_OFFSET] = { "offset", check_offset },
  [ARG_ID] = { "id", check_id },
  [ARG_DATA] = { "data", check_data },
  [ARG_OUT] = { "out", check_out },
  [ARG_BUF] = { "buf", check_out },
  [ARG_ZCFLAGS] = { "zcflags", check_zcflags },
  [ARG_PAGES] = { "pages", check_pages },
  [ARG_INTO] = { "into", check_into },
  [ARG_BUFRING] = { "bufring", check_bufring },
  [ARG_SOURCE] = { "source", check_source },
  [ARG_SRC] = { "src", check_src },
  [ARG_COMMAND] = { "command", check_command },
  [ARG_IOVECS] = { "iovecs", check_iovecs },
  [ARG_VECTOR] = { "vector", check_vector },
  [ARG_MSG] = { "msg", check_msg },
  [ARG_MSGOUT] = { "msgout", check_msgout },
  [ARG_FUTEXES] = { "futexes", check_futexes },
  [ARG_PATH] = { "path", check_path },
  [ARG_NAME] = { "name", check_name },
  [ARG_SECONDS] = { "seconds", check_seconds },
  [ARG_HOW] = { "how", check_how },
  [ARG_ADDRESS] = { "address", check_address },
  [ARG_PEER] = { "peer", check_peer },
};

const char *arg_kind_name(ArgKind kind) {
  return KINDS[kind].name;
}

void arg_check(lua_State *L, const Op *op, int first, int level, Args *args) {
  args->mem_count = 0;
  args->anchor = 0;
  args->copied = args->has_address = false;
  args->bufring = NULL;
  if (op->args[0].name == NULL)
    return;
  Source from = { .op = op, .index = first, .level = level };
  for (int i = 0; i < OP_ARGS_MAX && op->args[i].name != NULL; i++) {
    from.spec = &op->args[i];
    if (from.spec->optional && lua_isnil(L, from.index))
      args->a[i] = (Arg){ .i = from.spec->fallback };
    else
      KINDS[from.spec->kind].check(L, &from, args, &args->a[i]);
    from.index++;
  }
}
