/*
** slot.h - who is in flight.  A slot lives from prep to the final CQE.
**
** Slots stand in chunks that never move, because the kernel may hold a
** pointer into slot->memory.  user_data names a slot and its generation,
** never an address, so a late or foreign CQE cannot hit a live op:
**
**   bit 62 set | generation (30 bits) << 32 | index (32 bits)
**
** Bit 62 keeps small integers, as other rings send them, from ever being
** an id.  Knows nothing of Lua.
*/
#ifndef uring_slot_h
#define uring_slot_h

#include "mem.h"
#include "op.h"

#define SLOT_CHUNK 256
#define SLOT_MEMS  3
#define SLOT_NONE  UINT32_MAX

struct BufRing;

typedef struct {
  const Op *op; /* NULL when free */
  uint32_t index;
  uint32_t generation;
  uint32_t next_free;
  struct BufRing *bufring; /* that it selects from, or NULL */
  bool bundles;            /* takes several buffers of it at a time */
  bool anchored;           /* Lua keeps a string or more alive for it */
  bool staged;             /* in a chain that is still being made */
  bool picks;              /* the kernel picks a slot of the files for it */
  bool skips;              /* no CQE where it succeeds (CQE_SKIP_SUCCESS) */
  uint32_t before, after;  /* in its chain, or SLOT_NONE */
  int32_t fd;              /* of its SQE, for people who look */
  int32_t res;             /* of an op whose notification is still to come */
  uint32_t flags;
  uint8_t mem_count;
  Mem *mem[SLOT_MEMS];
  OpMemory memory;
} Slot;

typedef struct {
  Slot **chunks;
  uint32_t chunk_count;
  uint32_t in_flight;
  uint32_t free_head; /* SLOT_NONE: grow before taking */
  bool has_addresses; /* each slot has room for one */
} SlotTable;

void slot_table_init(SlotTable *table);
/* Adds a chunk of free slots; false: there is no memory. */
bool slot_table_grow(SlotTable *table);
/* From now on slots have room for addresses; false: there is no memory. */
bool slot_table_add_addresses(SlotTable *table);
/* Only where nothing is in flight. */
void slot_table_free(SlotTable *table);
static inline uint32_t slot_table_count(const SlotTable *table) {
  return table->chunk_count * SLOT_CHUNK;
}
static inline Slot *slot_table_at(const SlotTable *table, uint32_t index) {
  return &table->chunks[index / SLOT_CHUNK][index % SLOT_CHUNK];
}

/* There must be a free slot. */
Slot *slot_take(SlotTable *table, const Op *op);
void slot_give(SlotTable *table, Slot *slot);
void slot_hold(Slot *slot, Mem *mem);
/* Lets go of the memory, as slot_give does. */
void slot_drop_mems(Slot *slot);

static inline bool slot_is_chained(const Slot *slot) {
  return slot->before != SLOT_NONE || slot->after != SLOT_NONE;
}
/* Puts a slot behind another in a chain of links. */
void slot_chain(Slot *before, Slot *after);
/*
** The final CQE of 'slot' is here: the next op of its chain that is over as
** well and will post none, taken out of it; NULL: no more.
*/
Slot *slot_next_silent(const SlotTable *table, Slot *slot);
/* The live slot from an index on, which moves behind it; NULL: no more. */
Slot *slot_next_live(const SlotTable *table, uint32_t *index);

#define SLOT_ID_TAG (UINT64_C(1) << 62)

/* Whether a number could be the id of a slot. */
bool slot_is_id(uint64_t number);
static inline uint64_t slot_id(const Slot *slot) {
  return SLOT_ID_TAG | (uint64_t)slot->generation << 32 | slot->index;
}
/* The live slot that an id names, or NULL. */
static inline Slot *slot_find(const SlotTable *table, uint64_t id) {
  uint32_t index = (uint32_t)id;
  if (index >= slot_table_count(table))
    return NULL;
  Slot *slot = slot_table_at(table, index);
  return slot->op != NULL && slot_id(slot) == id ? slot : NULL;
}

#endif
