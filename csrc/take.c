/*
** take.c - a CQE becomes what a coroutine gets.
*/
#include "take.h"
#include "flight.h"
#include "luabufring.h"
#include "result.h"

#include <errno.h>

/* The buffers that a CQE has lent, if any, are the kernel's again. */
static void give_back(const Ring *ring, const Slot *slot,
                      const struct io_uring_cqe *cqe) {
  if (ring_lend(ring, slot, cqe))
    bufring_take_piece(slot->bufring, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
}

/* What this CQE, a notification or the last part, says with those before. */
static int whole_result(const Slot *slot, const struct io_uring_cqe *cqe) {
  if (slot->op->traits & TRAIT_NOTIF)
    return slot->res;
  if (cqe->res >= 0)
    return slot->res + cqe->res;
  return slot->res > 0 ? slot->res : cqe->res;
}

/* Pushes what was received where that is one buffer, as it mostly is. */
static bool push_whole(lua_State *L, const Slot *slot,
                       const struct io_uring_cqe *cqe) {
  BufRing *bufring = slot->bufring;
  uint32_t size = (uint32_t)cqe->res;
  uint32_t bid = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
  if (cqe->res <= 0 || !(cqe->flags & IORING_CQE_F_BUFFER) || slot->bundles ||
      bufring->shape.source)
    return false;
  const char *bytes = bufring_whole(bufring, bid, cqe->flags, &size);
  if (bytes == NULL)
    return false;
  if (bufring->shape.views) /* both may raise */
    luabufring_push_view(L, bufring, bid, bytes, size);
  else
    lua_pushlstring(L, bytes, size);
  bufring_take_whole(bufring, bid);
  return true;
}

/*
** Pushes the value of a CQE, or nil; returns what comes with it.  What a
** buffer ring received becomes a string or a view.  Where that raises,
** nothing has happened yet.
*/
static lua_Integer push_value(lua_State *L, const Ring *ring, const Slot *slot,
                              const struct io_uring_cqe *cqe) {
  BufRing *bufring = slot->bufring;
  lua_Integer extra = cqe->flags;
  if (bufring != NULL && slot->flags == 0 && push_whole(L, slot, cqe))
    return extra;
  if (slot->flags & IORING_CQE_F_MORE)
    extra = result_push(L, slot, whole_result(slot, cqe), cqe->flags);
  else if (bufring == NULL || bufring->shape.source || cqe->res < 0)
    extra = result_push(L, slot, cqe->res, cqe->flags);
  else if (cqe->flags & IORING_CQE_F_BUFFER)
    luabufring_push_ahead(L, bufring, cqe->flags, (uint32_t)cqe->res,
                          slot->bundles);
  else
    lua_pushliteral(L, ""); /* the end, for which no buffer was taken */
  if (ring_may_lend(slot))
    give_back(ring, slot, cqe);
  return extra;
}

/* Whether the op goes on, and nobody is to hear of this CQE alone. */
static bool is_early(const Slot *slot, const struct io_uring_cqe *cqe) {
  return (slot->op->traits & (TRAIT_NOTIF | TRAIT_PARTS)) &&
         (cqe->flags & IORING_CQE_F_MORE);
}

static void keep_early(const Ring *ring, Slot *slot,
                       const struct io_uring_cqe *cqe) {
  bool parts = slot->flags & IORING_CQE_F_MORE;
  slot->res = (parts ? slot->res : 0) + cqe->res;
  slot->flags = cqe->flags;
  if (ring_may_lend(slot))
    give_back(ring, slot, cqe);
}

/* Whether to push what a CQE brings needs memory, so that it may raise. */
static bool may_raise(const Slot *slot) {
  return slot->bufring != NULL;
}

/* Whether a coroutine was closed while it waited. */
static bool has_ended(lua_State *waiting) {
  int status = lua_status(waiting);
  return status != LUA_YIELD && (status != LUA_OK || lua_gettop(waiting) == 0);
}

/* Nobody gets what the CQE in hand brings. */
static void dispose(const Taking *taking) {
  if (ring_may_lend(taking->slot))
    give_back(taking->ring, taking->slot, taking->cqe);
  result_dispose(&taking->ring->uring, taking->slot, taking->cqe->res);
}

/* The CQE in hand is done with. */
static inline void finish(lua_State *L, int held, Taking *taking) {
  Slot *slot = taking->slot;
  taking->slot = NULL;
  if (!(taking->cqe->flags & IORING_CQE_F_MORE))
    flight_land(L, taking->ring, held, slot);
}

/* Takes a CQE of ours in hand; false: there are no more to be taken. */
static bool fetch(Taking *taking) {
  Ring *ring = taking->ring;
  while (taking->left > 0 && ring_usable(ring) &&
         enter_take(&ring->uring, taking->cqe)) {
    taking->left--;
    taking->slot = ring_slot_of(ring, taking->cqe);
    if (taking->slot != NULL)
      return true;
  }
  taking->left = 0;
  return false;
}

/* Pushes what the CQE in hand brings to whom; NULL: to nobody. */
static lua_State *push(lua_State *L, int held, Taking *taking) {
  lua_State *waiting = flight_push_thread(L, held, taking->slot);
  lua_Integer extra = ECANCELED;
  if (waiting == NULL) {
    lua_pop(L, 1);
    dispose(taking);
  } else if (has_ended(waiting)) { /* who resumed it may wait for it yet */
    dispose(taking);
    lua_pushnil(L);
  } else {
    extra = push_value(L, taking->ring, taking->slot, taking->cqe);
  }
  if (waiting != NULL)
    lua_pushinteger(L, extra);
  finish(L, held, taking);
  return waiting;
}

lua_State *take_next(lua_State *L, int held, Taking *taking, bool guarded) {
  while (taking->slot != NULL || fetch(taking)) {
    if (is_early(taking->slot, taking->cqe)) {
      keep_early(taking->ring, taking->slot, taking->cqe);
      taking->slot = NULL;
      continue;
    }
    if (!guarded && may_raise(taking->slot))
      return NULL;
    lua_State *waiting = push(L, held, taking);
    if (waiting != NULL)
      return waiting;
  }
  return NULL;
}

lua_State *take_failed(lua_State *L, int held, Taking *taking) {
  lua_State *waiting = flight_push_thread(L, held, taking->slot);
  dispose(taking);
  if (waiting == NULL) {
    lua_pop(L, 1);
  } else {
    lua_pushnil(L);
    lua_pushinteger(L, ENOMEM);
  }
  finish(L, held, taking);
  return waiting;
}
