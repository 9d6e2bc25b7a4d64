/*
** regbufs.c - a ring's buffers: registered ones, and buffer rings.
**
** The ring holds what is registered: the kernel has the pages, and would
** write to them after their memory was used for something else.
*/
#include "regbufs.h"
#include "buffer.h"
#include "fail.h"
#include "fields.h"
#include "luabufring.h"
#include "luaring.h"
#include "op.h"
#include "registers.h"
#include "tags.h"

#include <errno.h>
#include <sys/uio.h>

#define BGID_MAPPED_MAX 2047  /* what mmap has offsets for */
#define BUFFERS_MAX     16384 /* IORING_MAX_REG_BUFFERS */

/* The Buffer at an index; false stands for an empty place: NULL. */
static const Buffer *check_item(lua_State *L, int index, uint32_t item) {
  const Buffer *buffer = buffer_test(L, -1);
  if (buffer == NULL && lua_isboolean(L, -1) && !lua_toboolean(L, -1))
    return NULL;
  const char *why = NULL;
  if (buffer == NULL)
    why = lua_pushfstring(L, "item %d: %s expected, got %s", (int)item + 1,
                          BUFFER_TYPE, luaL_typename(L, -1));
  else if (buffer->mem == NULL)
    why = lua_pushfstring(L,
                          "item %d: the buffer is closed, or a slice of "
                          "a string",
                          (int)item + 1);
  if (why != NULL)
    luaL_argerror(L, index, why);
  return buffer;
}

/* Pushes the Buffers of the list at an index as an array of iovecs. */
static struct iovec *push_iovecs(lua_State *L, int index, uint32_t count) {
  struct iovec *iovecs = lua_newuserdatauv(L, count * sizeof iovecs[0], 0);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    const Buffer *buffer = check_item(L, index, i);
    iovecs[i] = (struct iovec){ 0 };
    if (buffer != NULL)
      iovecs[i] = (struct iovec){ .iov_base = (void *)buffer->bytes,
                                  .iov_len = buffer->size };
    lua_pop(L, 1);
  }
  return iovecs;
}

/* The kernel has them: from now on the ring holds their memory. */
static void pin(lua_State *L, Ring *ring, int index, uint32_t offset,
                uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    const Buffer *buffer = buffer_test(L, -1);
    pins_put(&ring->pins, offset + i, buffer != NULL ? buffer->mem : NULL);
    lua_pop(L, 1);
  }
}

static int reserve(Ring *ring, uint32_t count) {
  if (ring->pins.count > 0)
    return -EBUSY;
  return pins_reserve(&ring->pins, count) ? 0 : -ENOMEM;
}

/*
** ring:register_buffers(buffers [, tags]) -> true, or nil, message, code.
** buffers is a list, whose first has the index 0 for read_fixed and the
** like; false leaves a place empty.  tags are integers: one comes with a CQE
** once its buffer is gone and no op uses it.  EBUSY: there are some already.
** io_uring_register_buffers(3), Linux 5.1; tags 5.13.
*/
static int register_buffers(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_settop(L, 3);
  uint32_t count = tags_check_count(L, 2);
  luaL_argcheck(L, count <= BUFFERS_MAX, 2, "1 to 16384 items expected");
  const struct iovec *iovecs = push_iovecs(L, 2, count);
  const uint64_t *tags = tags_push(L, 3, count);
  int code = reserve(ring, count);
  if (code < 0)
    return registers_push_done(L, "register_buffers", code);
  if (tags == NULL) {
    code =
        kernel_register(&ring->uring, IORING_REGISTER_BUFFERS, iovecs, count);
  } else {
    struct io_uring_rsrc_register reg = { .nr = count,
                                          .data = (uintptr_t)iovecs,
                                          .tags = (uintptr_t)tags };
    code = kernel_register(&ring->uring, IORING_REGISTER_BUFFERS2, &reg,
                           sizeof reg);
  }
  if (code < 0)
    pins_clear(&ring->pins);
  else
    pin(L, ring, 2, 0, count);
  if (code == -ENOMEM)
    return fail_push(L,
                     "register_buffers: RLIMIT_MEMLOCK (ulimit -l) may be "
                     "too small",
                     ENOMEM);
  return registers_push_done(L, "register_buffers", code);
}

/*
** ring:register_buffers_sparse(count) -> true, or nil, message, code: so
** many empty places, for register_buffers_update.
** io_uring_register_buffers_sparse(3), Linux 5.19.
*/
static int register_buffers_sparse(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer count = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= count && count <= BUFFERS_MAX, 2, "out of range");
  struct io_uring_rsrc_register reg = { .nr = (uint32_t)count,
                                        .flags = IORING_RSRC_REGISTER_SPARSE };
  int code = reserve(ring, (uint32_t)count);
  if (code == 0) {
    code = kernel_register(&ring->uring, IORING_REGISTER_BUFFERS2, &reg,
                           sizeof reg);
    if (code < 0)
      pins_clear(&ring->pins);
  }
  return registers_push_done(L, "register_buffers_sparse", code);
}

/*
** ring:register_buffers_update(offset, buffers [, tags]) -> how many places
** have been replaced from the index 'offset' on, or nil, message, code;
** false empties one.  io_uring_register_buffers_update_tag(3), Linux 5.13.
*/
static int register_buffers_update(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_settop(L, 4);
  uint32_t offset = tags_check_offset(L, 2), count = tags_check_count(L, 3);
  const struct iovec *iovecs = push_iovecs(L, 3, count);
  const uint64_t *tags = tags_push(L, 4, count);
  if (offset + count > ring->pins.count)
    return registers_push_done(L, "register_buffers_update", -EINVAL);
  struct io_uring_rsrc_update2 update = { .offset = offset,
                                          .data = (uintptr_t)iovecs,
                                          .tags = (uintptr_t)tags,
                                          .nr = count };
  int code = kernel_register(&ring->uring, IORING_REGISTER_BUFFERS_UPDATE,
                             &update, sizeof update);
  if (code < 0)
    return registers_push_failure(L, "register_buffers_update", -code);
  pin(L, ring, 3, offset, (uint32_t)code);
  lua_pushinteger(L, code);
  return 1;
}

/*
** ring:unregister_buffers() -> true, or nil, message, code.  Ops that use
** one go on.  Older kernels wait for them first.  Tags
** come with CQEs from Linux 6.13 on.
** io_uring_unregister_buffers(3)
*/
static int unregister_buffers(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  int code = kernel_register(&ring->uring, IORING_UNREGISTER_BUFFERS, NULL, 0);
  if (code >= 0)
    pins_clear(&ring->pins);
  return registers_push_done(L, "unregister_buffers", code);
}

static lua_Integer field(lua_State *L, const char *name, lua_Integer least,
                         lua_Integer most) {
  int exact;
  lua_getfield(L, 2, name);
  lua_Integer value = lua_tointegerx(L, -1, &exact);
  if (!exact || value < least || value > most)
    luaL_error(L, "buf_ring: '%s' must be an integer from %I to %I", name,
               least, most);
  lua_pop(L, 1);
  return value;
}

/* Which kernel knows buffer rings of a shape. */
static int since_of(const BufRingShape *shape) {
  if (shape->incremental)
    return OP_KERNEL(6, 12);
  return shape->mapped ? OP_KERNEL(6, 4) : OP_KERNEL(5, 19);
}

/*
** ring:buf_ring{bgid=, entries=, size=, first=, incremental=, mapped=,
** source=, views=} -> BufRing of so many buffers of 'size' bytes, or nil,
** message, code.  entries is a power of two.  first: so many of them are
** provided (default: all), and as many more each time an op has found none,
** until a thousand turns have done with fewer.
** incremental: the kernel fills a buffer piece by piece (Linux 6.12).  mapped:
** it allocates the entries (6.4).  source: begins empty, to send from.  views:
** what uring.op receives into it is a view, not a string.  EBUSY: an op in
** flight still selects from a closed ring of this number.
** io_uring_register_buf_ring(3), Linux 5.19.
*/
static int make_buf_ring(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  static const char *const known[] = { "bgid",   "entries",     "size",
                                       "first",  "incremental", "mapped",
                                       "source", "views",       NULL };
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  fields_check_names(L, 2, "buf_ring", known);
  BufRingShape shape = {
    .bgid = (uint16_t)field(L, "bgid", 0, UINT16_MAX),
    .count = (uint32_t)field(L, "entries", 1, 32768),
    .size = (uint32_t)field(L, "size", 1, 1 << 30),
    .incremental = fields_boolean(L, 2, "buf_ring", "incremental"),
    .mapped = fields_boolean(L, 2, "buf_ring", "mapped"),
    .source = fields_boolean(L, 2, "buf_ring", "source"),
    .views = fields_boolean(L, 2, "buf_ring", "views"),
  };
  shape.first = shape.count;
  if (lua_getfield(L, 2, "first") != LUA_TNIL)
    shape.first = (uint32_t)field(L, "first", 1, shape.count);
  if (shape.mapped && shape.bgid > BGID_MAPPED_MAX)
    return luaL_error(L, "buf_ring: 'bgid' must be an integer from 0 to %d",
                      BGID_MAPPED_MAX);
  if ((shape.count & (shape.count - 1)) != 0)
    return luaL_error(L, "buf_ring: 'entries' must be a power of two");
  BufRing **box = luabufring_push(L);
  int code = ring_add_bufring(ring, &shape, box);
  if (code < 0)
    return fail_push_needing(L, "buf_ring", since_of(&shape), -code);
  return 1;
}

static const luaL_Reg methods[] = {
  { "buf_ring", make_buf_ring },
  { "register_buffers", register_buffers },
  { "register_buffers_sparse", register_buffers_sparse },
  { "register_buffers_update", register_buffers_update },
  { "unregister_buffers", unregister_buffers },
  { NULL, NULL },
};

void regbufs_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
