/*
** luabufring.c - uring.BufRing: buffers that the kernel picks from (bgid).
*/
#include "luabufring.h"
#include "buffer.h"
#include "registers.h"
#include "usertype.h"

#include <lauxlib.h>

static const char METATABLE; /* see usertype.h */

BufRing *luabufring_test(lua_State *L, int index) {
  BufRing **box = usertype_test(L, index, &METATABLE);
  return box != NULL ? *box : NULL;
}

BufRing **luabufring_push(lua_State *L) {
  BufRing **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, BUFRING_TYPE);
  return box;
}

static BufRing *check_self(lua_State *L) {
  BufRing *ring = *(BufRing **)luaL_checkudata(L, 1, BUFRING_TYPE);
  if (ring == NULL)
    luaL_error(L, "attempt to use a collected buffer ring");
  else if (ring->uring != NULL && !*ring->alive)
    luaL_error(L, "the buffer ring belongs to the process that was forked");
  return ring;
}

static BufRing *check_open(lua_State *L) {
  BufRing *ring = check_self(L);
  if (ring->uring == NULL)
    luaL_error(L, "attempt to use a closed buffer ring");
  return ring;
}

/* The buffer that an integer names, which must be out. */
static uint32_t check_out(lua_State *L, const BufRing *ring, int arg,
                          lua_Integer bid) {
  if (bid < 0 || bid >= ring->shape.count)
    luaL_argerror(L, arg, "no such buffer in this ring");
  if (ring->lent[bid].pieces.count == 0)
    luaL_argerror(L, arg,
                  "the buffer is not out: it was recycled, "
                  "or no completion has lent it");
  return (uint32_t)bid;
}

/* The piece that flags and result (arguments 2 and 3) tell of. */
static PieceWalk check_piece(lua_State *L, const BufRing *ring) {
  PieceWalk walk = { 0 };
  lua_Integer flags = luaL_checkinteger(L, 2);
  lua_Integer res = luaL_checkinteger(L, 3);
  luaL_argcheck(L, flags & IORING_CQE_F_BUFFER, 2,
                "the completion has no buffer (no IORING_CQE_F_BUFFER)");
  lua_Integer number = (flags & 0xffffffff) >> IORING_CQE_BUFFER_SHIFT;
  bufring_first_piece(ring, check_out(L, ring, 2, number), &walk);
  luaL_argcheck(L, res == walk.left, 3,
                "not a byte count of the completion whose turn it is");
  return walk;
}

static void push_walk(lua_State *L, const BufRing *ring, PieceWalk walk) {
  const char *bytes = "";
  uint32_t size = walk.left;
  uint32_t part = bufring_next_part(ring, &walk, &bytes);
  if (walk.left == 0) {
    lua_pushlstring(L, bytes, part);
    return;
  }
  luaL_Buffer whole;
  luaL_buffinitsize(L, &whole, size);
  luaL_addlstring(&whole, bytes, part);
  while (walk.left > 0) {
    part = bufring_next_part(ring, &walk, &bytes);
    luaL_addlstring(&whole, bytes, part);
  }
  luaL_pushresult(&whole);
}

/*
** bufring:string(flags, res) -> the bytes that a completion with these
** flags and result left in a buffer, or (a bundle) in several; they are
** recycled.  Take completions of one buffer in their order.
*/
static int bufring_string(lua_State *L) {
  BufRing *ring = check_self(L);
  PieceWalk walk = check_piece(L, ring);
  push_walk(L, ring, walk);
  bufring_take_piece(ring, walk.bid);
  return 1;
}

void luabufring_push_view(lua_State *L, BufRing *ring, uint32_t bid,
                          const char *bytes, uint32_t size) {
  Buffer *view = buffer_push(L);
  view->mem = bufring_view(ring, bid, bytes, size);
  if (view->mem == NULL)
    luaL_error(L, "view: not enough memory");
  view->bytes = bytes;
  view->size = size;
}

void luabufring_push_ahead(lua_State *L, BufRing *ring, unsigned cqe_flags,
                           uint32_t size, bool bundle) {
  PieceWalk walk = bufring_piece_ahead(ring, cqe_flags, size, bundle);
  if (!ring->shape.views || bundle || walk.left == 0) {
    push_walk(L, ring, walk);
    return;
  }
  const char *bytes = "";
  uint32_t bid = walk.bid;
  uint32_t part = bufring_next_part(ring, &walk, &bytes);
  luabufring_push_view(L, ring, bid, bytes, part);
}

/*
** bufring:view(flags, res) -> Buffer of the same bytes, not copied; of a
** bundle, one for each buffer that it fills.  They go back when the view is
** closed or recycled: until then the kernel has fewer to pick from.
*/
static int bufring_show(lua_State *L) {
  BufRing *ring = check_self(L);
  PieceWalk walk = check_piece(L, ring);
  uint32_t first = walk.bid;
  lua_settop(L, 1);
  do {
    const char *bytes = "";
    uint32_t bid = walk.bid;
    uint32_t part = bufring_next_part(ring, &walk, &bytes);
    luaL_checkstack(L, 4, "too many buffers");
    luabufring_push_view(L, ring, bid, bytes, part);
  } while (walk.left > 0);
  bufring_take_piece(ring, first);
  return lua_gettop(L) - 1;
}

static int recycle_view(lua_State *L, const BufRing *ring) {
  Buffer *view = buffer_test(L, 2);
  if (view->bytes == NULL)
    return luaL_argerror(L, 2, "the view was recycled");
  if (view->mem == NULL || view->mem->owner != ring)
    return luaL_argerror(L, 2, "no view of this ring");
  buffer_close(view);
  return 0;
}

/*
** bufring:recycle(bid_or_view) gives back to the kernel: what completions
** have left in a buffer, unread, by its number; or a view, once
*/
static int bufring_give_back(lua_State *L) {
  BufRing *ring = check_self(L);
  if (buffer_test(L, 2) != NULL)
    return recycle_view(L, ring);
  uint32_t bid = check_out(L, ring, 2, luaL_checkinteger(L, 2));
  while (ring->lent[bid].pieces.count > 0)
    bufring_take_piece(ring, bid);
  return 0;
}

/*
** bufring:add(string) -> bid of a buffer that was filled with it, for the
** kernel to send; or nil, message, ENOBUFS where none is free.  Of a ring
** that was made with source=true.  io_uring_buf_ring_add(3)
*/
static int bufring_fill(lua_State *L) {
  BufRing *ring = check_open(L);
  size_t size;
  const char *bytes = luaL_checklstring(L, 2, &size);
  luaL_argcheck(L, ring->shape.source, 1, "not a source: it is to receive");
  luaL_argcheck(L, 0 < size && size <= ring->shape.size, 2,
                "empty, or longer than a buffer");
  int bid = bufring_add(ring, bytes, (uint32_t)size);
  if (bid < 0)
    return registers_push_failure(L, "add", -bid);
  lua_pushinteger(L, bid);
  return 1;
}

/* bufring:available() -> how many buffers the kernel may pick from */
static int bufring_available(lua_State *L) {
  lua_pushinteger(L, check_self(L)->available);
  return 1;
}

/* bufring:bgid() -> its group number, for set_buf_group */
static int bufring_bgid(lua_State *L) {
  lua_pushinteger(L, check_self(L)->shape.bgid);
  return 1;
}

/*
** bufring:head() -> how many buffers the kernel has picked, modulo 65536;
** or nil, message, code.  io_uring_buf_ring_head(3), Linux 6.8.
*/
static int bufring_picked(lua_State *L) {
  int head = bufring_head(check_open(L));
  if (head < 0)
    return registers_push_failure(L, "head", -head);
  lua_pushinteger(L, head);
  return 1;
}

/* bufring:close(), once more is nothing; ops in flight keep their bytes */
static int bufring_shut(lua_State *L) {
  bufring_close(check_self(L));
  return 0;
}

/* tostring(bufring) -> "uring.BufRing (bgid 1, 8 × 4096 bytes)" */
static int bufring_tostring(lua_State *L) {
  const BufRing *ring = *(BufRing **)luaL_checkudata(L, 1, BUFRING_TYPE);
  if (ring == NULL || ring->uring == NULL)
    lua_pushliteral(L, BUFRING_TYPE " (closed)");
  else
    lua_pushfstring(L, "%s (bgid %d, %d × %I bytes)", BUFRING_TYPE,
                    (int)ring->shape.bgid, (int)ring->shape.count,
                    (lua_Integer)ring->shape.size);
  return 1;
}

/* __gc(bufring): the ring goes on holding it until it closes */
static int bufring_gc(lua_State *L) {
  BufRing **box = luaL_checkudata(L, 1, BUFRING_TYPE);
  if (*box != NULL)
    bufring_drop(*box);
  *box = NULL;
  return 0;
}

static const luaL_Reg methods[] = {
  { "add", bufring_fill },
  { "available", bufring_available },
  { "bgid", bufring_bgid },
  { "close", bufring_shut },
  { "head", bufring_picked },
  { "recycle", bufring_give_back },
  { "string", bufring_string },
  { "view", bufring_show },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__close", bufring_shut },
  { "__gc", bufring_gc },
  { "__tostring", bufring_tostring },
  { NULL, NULL },
};

void luabufring_open(lua_State *L) {
  luaL_newmetatable(L, BUFRING_TYPE);
  usertype_set(L, &METATABLE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
