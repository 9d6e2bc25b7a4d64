/*
** chain.c - uring.Chain: ops that run one after the other.
**
** A chain that is split over two submits is two chains.  So its SQEs lie in
** their userdata until it is known how many there are; then they go into
** the SQ together, or none does.
*/
#include "chain.h"
#include "luaring.h"
#include "sqe.h"

#define CHAIN_TYPE "uring.Chain"
#define CHAIN_RING 1
#define CHAIN_SQES 2

typedef struct {
  lua_Integer count; /* of the SQEs in user value 2; negative: it is over */
} Chain;

static Chain *check_open(lua_State *L) {
  Chain *chain = luaL_checkudata(L, 1, CHAIN_TYPE);
  if (chain->count < 0)
    luaL_error(L, "the chain is complete");
  return chain;
}

static int add_sqe(lua_State *L, bool wide) {
  Chain *chain = check_open(L);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, CHAIN_SQES);
  lua_getiuservalue(L, 1, CHAIN_RING);
  lua_pushboolean(L, 0); /* room, so that entering it cannot raise */
  lua_rawseti(L, 2, chain->count + 1);
  sqe_push_staged(L, 3, wide);
  lua_pushvalue(L, -1);
  lua_rawseti(L, 2, ++chain->count);
  return 1;
}

/* chain:get_sqe() -> SQE, which runs when the one before it has succeeded */
static int chain_get_sqe(lua_State *L) {
  return add_sqe(L, false);
}

/* chain:get_sqe128() -> SQE of 128 bytes, see ring:get_sqe128 */
static int chain_get_sqe128(lua_State *L) {
  return add_sqe(L, true);
}

/* The SQE of a number in the table on the top. */
static Sqe *sqe_at(lua_State *L, lua_Integer number) {
  lua_rawgeti(L, -1, number);
  Sqe *sqe = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return sqe;
}

/* __gc(chain): gives up the SQEs that are not in the SQ, without allocating */
static int chain_close(lua_State *L) {
  Chain *chain = luaL_checkudata(L, 1, CHAIN_TYPE);
  lua_Integer count = chain->count;
  chain->count = -1;
  if (count <= 0)
    return 0;
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, CHAIN_RING);
  const Ring *ring = lua_touserdata(L, 2);
  if (!ring->open) /* it has forgotten all its ops */
    return 0;
  luaring_push_held(L, 2);
  lua_getiuservalue(L, 1, CHAIN_SQES);
  for (lua_Integer i = 1; i <= count; i++)
    sqe_abandon(L, 3, sqe_at(L, i));
  return 0;
}

/* Who skips its CQE needs another one to say that it is over. */
static const char *why_not_skip(const Ring *ring, const Sqe *sqe,
                                const Sqe *next) {
  if (ring->uring.flags & IORING_SETUP_SQPOLL)
    return "on a ring with sqpoll, which may split the chain";
  if (!(sqe->slot->op->traits & TRAIT_SKIPS))
    return "which it may post twice, or not at all where it fails";
  if (sqe->sqe->flags & IOSQE_BUFFER_SELECT)
    return "which tells the buffer that it picked";
  if (next == NULL)
    return "as the last of the chain: nobody would say that it is over";
  if (next->slot->op->traits & TRAIT_LIMITS)
    return "with a link_timeout";
  return NULL;
}

static bool skips(const Sqe *sqe) {
  return sqe->sqe->flags & IOSQE_CQE_SKIP_SUCCESS;
}

/* Whether one of them skips its CQE; raises where that would not be safe. */
static bool check_skips(lua_State *L, const Ring *ring, lua_Integer count) {
  bool some = false, hard = false, earlier = true;
  for (lua_Integer i = 1; i <= count; i++) {
    const Sqe *sqe = sqe_at(L, i);
    const char *name = sqe->slot->op->name, *why = NULL;
    if (skips(sqe)) {
      why = why_not_skip(ring, sqe, i < count ? sqe_at(L, i + 1) : NULL);
      if (why == NULL && !earlier)
        why = "behind one that does not";
      some = true;
    }
    if (why != NULL)
      luaL_error(L, "chain: %s cannot skip its CQE %s", name, why);
    earlier = skips(sqe);
    hard = hard || (sqe->sqe->flags & IOSQE_IO_HARDLINK);
  }
  if (some && hard)
    luaL_error(L, "chain: an op of a chain with io_hardlink cannot skip its "
                  "CQE");
  return some;
}

/* A link before the chain would make it part of another. */
static void check_before(lua_State *L, const Ring *ring) {
  const struct io_uring_sq *sq = &ring->uring.sq;
  unsigned shift = ring->uring.flags & IORING_SETUP_SQE128 ? 1 : 0;
  if (io_uring_sq_ready(&ring->uring) == 0)
    return;
  const struct io_uring_sqe *last =
      &sq->sqes[((sq->sqe_tail - 1) & sq->ring_mask) << shift];
  if (last->flags & (IOSQE_IO_LINK | IOSQE_IO_HARDLINK))
    luaL_error(L, "chain: the SQE before it has a link");
}

static unsigned count_entries(lua_State *L, lua_Integer count) {
  unsigned entries = 0;
  for (lua_Integer i = 1; i <= count; i++)
    entries += sqe_entries(sqe_at(L, i));
  return entries;
}

static void link_up(lua_State *L, lua_Integer count) {
  Slot *before = NULL;
  for (lua_Integer i = 1; i <= count; i++) {
    Sqe *sqe = sqe_at(L, i);
    Slot *slot = sqe->slot;
    bool hard = sqe->sqe->flags & IOSQE_IO_HARDLINK;
    sqe->sqe->flags &= (uint8_t) ~(IOSQE_IO_LINK | IOSQE_IO_HARDLINK);
    uint8_t link = hard ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;
    sqe_commit(sqe, i < count ? link : 0);
    if (before != NULL)
      slot_chain(before, slot);
    before = slot;
  }
}

/* The function has returned: the chain goes into the SQ. */
static int finish(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  Ring *ring = luaring_check(L, 1);
  Chain *chain = luaL_checkudata(L, 3, CHAIN_TYPE);
  lua_Integer count = chain->count;
  if (count < 0)
    return luaL_error(L, "the chain is complete");
  lua_getiuservalue(L, 3, CHAIN_SQES);
  bool some_skip = check_skips(L, ring, count);
  unsigned entries = count_entries(L, count);
  if (!ring_make_room(ring, entries))
    return luaL_error(L, "chain: no room for %d SQEs: the SQ has %d entries",
                      (int)entries, (int)ring->uring.sq.ring_entries);
  check_before(L, ring);
  chain->count = -1;
  link_up(L, count);
  if (some_skip) /* who is before it can no longer be linked to it */
    ring->epoch++;
  lua_pushinteger(L, count);
  return 1;
}

/*
** ring:chain(body) -> how many SQEs it has.  Calls body with a Chain, whose
** get_sqe gives SQEs that are linked: each runs when the one before it has
** succeeded, with io_hardlink in its flags also when it has failed.  All go
** into the SQ together, after a submit where it has no room for them; where
** body raises, none does.  Raises where they are more than the SQ has
** entries.  The first ones may have cqe_skip_success in their flags: they
** post a CQE only where they fail, and then nothing behind them does.  Not
** every op counts as failed for the kernel: fsync, renameat and the like do
** not end a chain.  io_uring_enter(2), IOSQE_IO_LINK.
*/
static int ring_chain(lua_State *L) {
  luaring_check(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  Chain *chain = lua_newuserdatauv(L, sizeof *chain, 2);
  chain->count = 0;
  luaL_setmetatable(L, CHAIN_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 3, CHAIN_RING);
  lua_newtable(L);
  lua_setiuservalue(L, 3, CHAIN_SQES);
  lua_toclose(L, 3);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_callk(L, 1, 0, 0, finish);
  return finish(L, LUA_OK, 0);
}

/* tostring(chain) -> "uring.Chain (3 SQEs)" or "uring.Chain (complete)" */
static int chain_tostring(lua_State *L) {
  const Chain *chain = luaL_checkudata(L, 1, CHAIN_TYPE);
  if (chain->count < 0)
    lua_pushliteral(L, CHAIN_TYPE " (complete)");
  else
    lua_pushfstring(L, "%s (%I SQEs)", CHAIN_TYPE, chain->count);
  return 1;
}

static const luaL_Reg ring_methods[] = {
  { "chain", ring_chain },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "get_sqe", chain_get_sqe },
  { "get_sqe128", chain_get_sqe128 },
  { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__close", chain_close },
  { "__gc", chain_close },
  { "__tostring", chain_tostring },
  { NULL, NULL },
};

void chain_open(lua_State *L) {
  luaL_newmetatable(L, CHAIN_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaring_add_methods(L, ring_methods);
}
