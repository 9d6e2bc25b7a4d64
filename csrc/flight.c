/*
** flight.c - an op takes off and lands: what Lua keeps for it meanwhile.
*/
#include "flight.h"

#include <lauxlib.h>
#include <string.h>

static lua_Integer data_place(const Slot *slot) {
  return 2 * (lua_Integer)slot->index + 1;
}

static lua_Integer anchor_place(const Slot *slot) {
  return 2 * (lua_Integer)slot->index + 2;
}

/*
** Stands for nil in the table: a nil would be a hole, and filling a hole
** may allocate.
*/
static const char NOTHING;

/*
** lua_seti and lua_geti: the table has no metatable, and where a place is
** in its array they are cheaper than the raw ones.
*/
static void put_nothing(lua_State *L, int held, lua_Integer place) {
  lua_pushlightuserdata(L, (void *)&NOTHING);
  lua_seti(L, held, place);
}

void flight_make_room(lua_State *L, Ring *ring, int held) {
  lua_Integer first = 2 * (lua_Integer)slot_table_count(&ring->slots) + 1;
  for (lua_Integer i = 0; i < 2 * SLOT_CHUNK; i++)
    put_nothing(L, held, first + i);
  if (!slot_table_grow(&ring->slots))
    luaL_error(L, "not enough memory for more operations in flight");
}

void flight_pin(lua_State *L, Ring *ring, const Op *op, const Args *args) {
  if ((op->traits & TRAIT_KEEPS) &&
      !pins_provide(&ring->pins, (uint16_t)args->a[2].i, args->mem[0]))
    luaL_error(L, "%s: not enough memory", op->name);
  if (args->has_address && !ring->slots.has_addresses &&
      !slot_table_add_addresses(&ring->slots))
    luaL_error(L, "%s: not enough memory", op->name);
}

void flight_load(lua_State *L, int held, Slot *slot, const Args *args) {
  for (int i = 0; i < args->mem_count; i++)
    slot_hold(slot, args->mem[i]);
  slot->bufring = args->bufring;
  if (args->anchor != 0) {
    lua_pushvalue(L, args->anchor);
    lua_seti(L, held, anchor_place(slot));
    slot->anchored = true;
  }
}

void flight_unload(lua_State *L, int held, Slot *slot) {
  if (slot->mem_count > 0)
    slot_drop_mems(slot);
  slot->bufring = NULL;
  if (slot->anchored) {
    put_nothing(L, held, anchor_place(slot));
    slot->anchored = false;
  }
}

void flight_abandon(lua_State *L, Ring *ring, int held, Slot *slot) {
  flight_unload(L, held, slot);
  put_nothing(L, held, data_place(slot));
  slot_give(&ring->slots, slot);
}

void flight_land_silent(lua_State *L, Ring *ring, int held, Slot *slot) {
  Slot *silent;
  while ((silent = slot_next_silent(&ring->slots, slot)) != NULL)
    flight_abandon(L, ring, held, silent);
}

void flight_set_data(lua_State *L, int held, const Slot *slot) {
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    put_nothing(L, held, data_place(slot));
  } else {
    lua_seti(L, held, data_place(slot));
  }
}

void flight_set_running(lua_State *L, int held, const Slot *slot) {
  lua_pushthread(L);
  lua_seti(L, held, data_place(slot));
}

lua_State *flight_push_thread(lua_State *L, int held, const Slot *slot) {
  lua_geti(L, held, data_place(slot));
  return lua_tothread(L, -1);
}

bool flight_push_data(lua_State *L, int held, const Slot *slot) {
  lua_geti(L, held, data_place(slot));
  if (lua_touserdata(L, -1) != &NOTHING)
    return true;
  lua_pop(L, 1);
  lua_pushnil(L);
  return false;
}

static bool chooses_slot(const Op *op) {
  return op->result == RESULT_SLOT || op->result == RESULT_SLOTS;
}

static void select_buffers(struct io_uring_sqe *sqe, const Slot *slot,
                           const BufRing *bufring) {
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = bufring->shape.bgid;
  if (!(slot->op->traits & (TRAIT_MULTISHOT | TRAIT_BUNDLE)) &&
      !bufring->shape.source)
    sqe->len = bufring->shape.size;
}

void flight_prepare(struct io_uring_sqe *sqe, size_t size, Slot *slot,
                    const Args *args) {
  memset(sqe, 0, size); /* newer helpers leave flags as they were */
  slot->op->prep(sqe, args->a, &slot->memory);
  io_uring_sqe_set_data64(sqe, slot_id(slot));
  slot->fd = sqe->fd;
  if (chooses_slot(slot->op)) {
    slot->picks = sqe->file_index == (uint32_t)IORING_FILE_INDEX_ALLOC;
    slot->res = (int32_t)(sqe->file_index - 1);
  }
  slot->bundles = sqe->ioprio & IORING_RECVSEND_BUNDLE;
  if (args->bufring != NULL)
    select_buffers(sqe, slot, args->bufring);
}
