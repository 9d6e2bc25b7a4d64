/*
** clone.c - registered buffers of one ring become those of another.
*/
#include "clone.h"
#include "fields.h"
#include "luaring.h"
#include "registers.h"

#include <errno.h>
#include <string.h>

#define BUFFERS_MAX 16384 /* IORING_MAX_REG_BUFFERS */

/* The fields of the table at index 3, if there is one. */
static void read_part(lua_State *L, UapiCloneBuffers *clone) {
  static const char *const known[] = { "src_off", "dst_off", "nr", "replace",
                                       NULL };
  if (lua_isnil(L, 3))
    return;
  luaL_checktype(L, 3, LUA_TTABLE);
  fields_check_names(L, 3, "clone_buffers", known);
  const char *what = "clone_buffers";
  clone->src_off =
      (uint32_t)fields_integer(L, 3, what, "src_off", 0, 0, BUFFERS_MAX);
  clone->dst_off =
      (uint32_t)fields_integer(L, 3, what, "dst_off", 0, 0, BUFFERS_MAX);
  clone->nr = (uint32_t)fields_integer(L, 3, what, "nr", 0, 1, BUFFERS_MAX);
  if (fields_boolean(L, 3, what, "replace"))
    clone->flags |= IORING_REGISTER_DST_REPLACE;
}

/* How many are to be cloned, or -errno. */
static int count_clones(const Ring *source, const UapiCloneBuffers *clone) {
  uint32_t last = source->pins.count, count = clone->nr;
  if (count == 0 && clone->src_off < last)
    count = last - clone->src_off;
  if (count == 0 || clone->src_off + count > last)
    return last > 0 ? -EOVERFLOW : -ENXIO;
  return (int)count;
}

/* Makes room for what will be cloned, and clones it. */
static int clone_part(lua_State *L, Ring *ring, const Ring *source,
                      UapiCloneBuffers *clone) {
  Pins *pins = &ring->pins;
  int count = count_clones(source, clone);
  bool fresh = pins->count == 0;
  if (count < 0)
    return count;
  if (!fresh && !(clone->flags & IORING_REGISTER_DST_REPLACE))
    return -EBUSY;
  if (clone->src_off > 0 || clone->dst_off > 0)
    clone->nr = (uint32_t)count; /* the kernel counts only from the first */
  size_t size = (size_t)count * sizeof(Mem *);
  Mem **cloned = lua_newuserdatauv(L, size, 0); /* source may be the ring */
  memcpy(cloned, &source->pins.buffers[clone->src_off], size);
  if (!pins_grow(pins, clone->dst_off + (uint32_t)count))
    return -ENOMEM;
  int code =
      kernel_register(&ring->uring, IORING_REGISTER_CLONE_BUFFERS, clone, 1);
  if (code < 0 && fresh)
    pins_clear(pins);
  if (code < 0)
    return code;
  for (int i = 0; i < count; i++) /* first held, so that none is let go of */
    if (cloned[i] != NULL)
      mem_hold(cloned[i]);
  for (int i = 0; i < count; i++) {
    pins_put(pins, clone->dst_off + (uint32_t)i, cloned[i]);
    if (cloned[i] != NULL)
      mem_drop(cloned[i]);
  }
  return code;
}

/*
** ring:clone_buffers(source [, {src_off=, dst_off=, nr=, replace=}]) -> true,
** or nil, message, code: registers the buffers of another ring here too, by
** the same indices; or nr of them from the index src_off on, here from
** dst_off on (Linux 6.13); replace: though there are some here.
** io_uring_clone_buffers(3), Linux 6.12.
*/
static int clone_buffers(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  const Ring *source = luaring_check(L, 2);
  bool indexed = source->uring.ring_fd < 0;
  UapiCloneBuffers clone = {
    .src_fd = (uint32_t)(indexed ? source->uring.enter_ring_fd
                                 : source->uring.ring_fd),
    .flags = indexed ? IORING_REGISTER_SRC_REGISTERED : 0,
  };
  lua_settop(L, 3);
  read_part(L, &clone);
  return registers_push_done(L, "clone_buffers",
                             clone_part(L, ring, source, &clone));
}

static const luaL_Reg methods[] = {
  { "clone_buffers", clone_buffers },
  { NULL, NULL },
};

void clone_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
