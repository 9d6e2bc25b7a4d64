/*
** checkmem.c - arguments that are memory: what the op holds or anchors.
*/
#include "buffer.h"
#include "check.h"
#include "futexes.h"
#include "iovecs.h"
#include "luabufring.h"
#include "msg.h"

#include <assert.h>
#include <lauxlib.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define SIZE_MAX_AT_ONCE 0x7ffff000u /* MAX_RW_COUNT: more is cut off */
#define FDS_MAX          32768

static void hold(Args *args, Mem *mem) {
  assert(args->mem_count < SLOT_MEMS);
  args->mem[args->mem_count++] = mem;
}

/* Several values to anchor become a table, still before anything is taken. */
static void anchor(lua_State *L, const Source *from, Args *args) {
  if (args->anchor == 0) {
    args->anchor = from->index;
    return;
  }
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, args->anchor);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, from->index);
  lua_rawseti(L, -2, 2);
  args->anchor = lua_gettop(L);
}

static unsigned at_once(size_t size) {
  return size > SIZE_MAX_AT_ONCE ? SIZE_MAX_AT_ONCE : (unsigned)size;
}

static void take_buffer(const Buffer *buffer, Args *args, Arg *arg) {
  arg->data = (void *)buffer->bytes;
  arg->size = at_once(buffer->size);
  hold(args, buffer->mem);
}

static void check_open(lua_State *L, const Source *from, const Buffer *buffer) {
  if (buffer == NULL)
    check_wrong(L, from, BUFFER_TYPE);
  else if (buffer->bytes == NULL)
    check_refuse(L, from, "the buffer is closed");
  else if (buffer->mem == NULL)
    check_refuse(L, from, "a slice of a string is read-only");
}

static void take_out(lua_State *L, const Source *from, const Buffer *buffer,
                     Args *args, Arg *arg) {
  check_open(L, from, buffer);
  if (buffer->size < (size_t)from->spec->fallback)
    check_refuse(L, from, "the buffer is too small");
  take_buffer(buffer, args, arg);
}

void check_out(lua_State *L, const Source *from, Args *args, Arg *arg) {
  take_out(L, from, buffer_test(L, from->index), args, arg);
}

/* What the kernel does to a page must not hit anything else on it. */
void check_pages(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Buffer *buffer = buffer_test(L, from->index);
  check_open(L, from, buffer);
  if (buffer->mem->alignment < (size_t)sysconf(_SC_PAGESIZE))
    check_refuse(L, from, "the buffer is not aligned to pages");
  take_buffer(buffer, args, arg);
}

static void take_bufring(lua_State *L, const Source *from, BufRing *bufring,
                         bool source, Args *args, Arg *arg) {
  if (bufring == NULL)
    check_wrong(L, from, BUFRING_TYPE);
  else if (bufring->uring == NULL)
    check_refuse(L, from, "the buffer ring is closed");
  else if (bufring->uring != args->uring)
    check_refuse(L, from, "a buffer ring of another ring");
  else if (bufring->shape.source != source)
    check_refuse(L, from,
                 source ? "the buffer ring is to receive, not a source"
                        : "the buffer ring is a source, to send from");
  else {
    args->bufring = bufring;
    hold(args, bufring->mem);
    arg->data = NULL;
    arg->size = 0;
  }
}

void check_bufring(lua_State *L, const Source *from, Args *args, Arg *arg) {
  take_bufring(L, from, luabufring_test(L, from->index), false, args, arg);
}

void check_source(lua_State *L, const Source *from, Args *args, Arg *arg) {
  take_bufring(L, from, luabufring_test(L, from->index), true, args, arg);
}

void check_into(lua_State *L, const Source *from, Args *args, Arg *arg) {
  BufRing *bufring = luabufring_test(L, from->index);
  Buffer *buffer;
  if (bufring != NULL)
    take_bufring(L, from, bufring, false, args, arg);
  else if ((buffer = buffer_test(L, from->index)) != NULL)
    take_out(L, from, buffer, args, arg);
  else
    check_wrong(L, from, BUFFER_TYPE " or " BUFRING_TYPE);
}

/*
** A notification cannot be cancelled, nor can an op on some rings, so that it
** may outlive Lua's strings.
*/
static bool must_copy(const Source *from, const Args *args) {
  return args->copies || (from->op->traits & TRAIT_NOTIF);
}

/* The Buffer stays on the stack until the op holds its memory. */
static void take_copy(lua_State *L, const char *bytes, size_t size, Args *args,
                      Arg *arg) {
  const Buffer *copy = buffer_push_new(L, size > 0 ? size : 1, 1);
  memcpy(copy->mem->bytes, bytes, size);
  take_buffer(copy, args, arg);
  arg->size = at_once(size);
}

static void take_string(lua_State *L, const Source *from, const char *bytes,
                        size_t size, Args *args, Arg *arg) {
  if (must_copy(from, args)) {
    take_copy(L, bytes, size, args, arg);
    return;
  }
  arg->data = (void *)bytes;
  arg->size = at_once(size);
  anchor(L, from, args);
}

void check_src(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Buffer *buffer;
  if (lua_type(L, from->index) == LUA_TSTRING) {
    size_t size;
    const char *bytes = lua_tolstring(L, from->index, &size);
    take_string(L, from, bytes, size, args, arg);
  } else if ((buffer = buffer_test(L, from->index)) == NULL) {
    check_wrong(L, from, "string or " BUFFER_TYPE);
  } else if (buffer->bytes == NULL) {
    check_refuse(L, from, "the buffer is closed");
  } else if (buffer->mem != NULL) {
    take_buffer(buffer, args, arg);
  } else { /* it keeps the string that it is a slice of */
    take_string(L, from, buffer->bytes, buffer->size, args, arg);
  }
}

void check_iovecs(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Iovecs *iovecs = iovecs_test(L, from->index);
  if (iovecs == NULL)
    check_wrong(L, from, IOVECS_TYPE);
  else if (iovecs->mem == NULL) /* met again by another finalizer */
    check_refuse(L, from, "they were collected");
  else {
    arg->data = iovecs->mem->bytes;
    arg->size = iovecs->count;
    hold(args, iovecs->mem);
    if (!iovecs->writable && must_copy(from, args))
      check_refuse(L, from, "they must be Buffers, not strings");
    if (!iovecs->writable)
      anchor(L, from, args);
  }
}

void check_vector(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Iovecs *iovecs = iovecs_test(L, from->index);
  if (iovecs != NULL && !iovecs->writable)
    check_refuse(L, from, "strings among them are read-only");
  check_iovecs(L, from, args, arg);
}

void check_command(lua_State *L, const Source *from, Args *args, Arg *arg) {
  check_src(L, from, args, arg);
  if (arg->size > args->command)
    check_refuse(L, from,
                 lua_pushfstring(L, "more than %d bytes", (int)args->command));
}

static const Message *check_message(lua_State *L, const Source *from,
                                    Args *args, Arg *arg) {
  const Message *message = msg_test(L, from->index);
  if (message == NULL)
    check_wrong(L, from, MESSAGE_TYPE);
  else if (message->mem == NULL)
    check_refuse(L, from, "it was collected");
  else {
    arg->data = msg_header(message);
    hold(args, message->mem);
  }
  return message;
}

void check_msg(lua_State *L, const Source *from, Args *args, Arg *arg) {
  bool borrows = check_message(L, from, args, arg)->borrows;
  if (borrows && must_copy(from, args))
    check_refuse(L, from, "its parts must be Buffers, not strings");
  if (borrows)
    anchor(L, from, args);
}

void check_msgout(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Message *message = check_message(L, from, args, arg);
  if (!message->writable)
    check_refuse(L, from, "it was made to be sent");
  msg_make_room(message);
}

void check_futexes(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Futexes *futexes = futexes_test(L, from->index);
  if (futexes == NULL)
    check_wrong(L, from, FUTEXES_TYPE);
  else if (futexes->mem == NULL)
    check_refuse(L, from, "they were collected");
  else {
    arg->data = futexes->mem->bytes;
    arg->size = futexes->count;
    hold(args, futexes->mem);
  }
}

/* The Buffer stays on the stack until the op holds its memory. */
static const Buffer *copy_fds(lua_State *L, const Source *from) {
  lua_Unsigned count = lua_rawlen(L, from->index);
  if (count == 0 || count > FDS_MAX)
    check_refuse(L, from, "1 to 32768 descriptors expected");
  const Buffer *buffer = buffer_push_new(L, count * sizeof(int), 1);
  int *fds = (int *)buffer->mem->bytes;
  for (lua_Unsigned i = 0; i < count; i++) {
    lua_rawgeti(L, from->index, (lua_Integer)i + 1);
    lua_Integer fd = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : INT_MIN;
    if (fd < -2 || fd > INT_MAX)
      check_refuse(L, from,
                   lua_pushfstring(L, "no descriptor at %d", (int)i + 1));
    fds[i] = (int)fd;
    lua_pop(L, 1);
  }
  return buffer;
}

void check_fds(lua_State *L, const Source *from, Args *args, Arg *arg) {
  const Buffer *buffer = buffer_test(L, from->index);
  if (buffer != NULL)
    check_open(L, from, buffer);
  else if (lua_type(L, from->index) == LUA_TTABLE) {
    buffer = copy_fds(L, from);
    args->copied = true;
  } else {
    check_wrong(L, from, "table or " BUFFER_TYPE);
    return;
  }
  take_buffer(buffer, args, arg);
  arg->size /= sizeof(int);
}

static void check_text(lua_State *L, const Source *from, Args *args, Arg *arg,
                       const char *what) {
  if (lua_type(L, from->index) != LUA_TSTRING)
    check_wrong(L, from, what);
  size_t size;
  const char *text = lua_tolstring(L, from->index, &size);
  if (strlen(text) != size)
    check_refuse(L, from,
                 lua_pushfstring(L, "the %s contains a zero byte", what));
  if (args->copies) {
    take_copy(L, text, size + 1, args, arg);
    return;
  }
  arg->data = (void *)text;
  arg->size = (unsigned)size;
  anchor(L, from, args);
}

void check_path(lua_State *L, const Source *from, Args *args, Arg *arg) {
  check_text(L, from, args, arg, "path");
}

void check_name(lua_State *L, const Source *from, Args *args, Arg *arg) {
  check_text(L, from, args, arg, "name");
}

void check_peer(lua_State *L, const Source *from, Args *args, Arg *arg) {
  check_out(L, from, args, arg);
  if (arg->size < sizeof(struct sockaddr_storage))
    check_refuse(L, from, "the buffer is too small for an address (128 bytes)");
}
