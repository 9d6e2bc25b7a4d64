/*
** slot.c - who is in flight: chunks of slots, a free list, generations.
*/
#include "slot.h"

#include <assert.h>
#include <stdlib.h>

#define GENERATION_MASK UINT32_C(0x3fffffff)

void slot_table_init(SlotTable *table) {
  *table = (SlotTable){ .free_head = SLOT_NONE };
}

/* Makes room for the addresses of a chunk; false: there is no memory. */
static bool add_addresses(Slot *chunk) {
  struct sockaddr_storage *rooms = calloc(SLOT_CHUNK, sizeof *rooms);
  if (rooms == NULL)
    return false;
  for (uint32_t i = 0; i < SLOT_CHUNK; i++)
    chunk[i].memory.address = &rooms[i];
  return true;
}

bool slot_table_add_addresses(SlotTable *table) {
  for (uint32_t i = 0; i < table->chunk_count; i++)
    if (table->chunks[i]->memory.address == NULL &&
        !add_addresses(table->chunks[i]))
      return false;
  table->has_addresses = true;
  return true;
}

bool slot_table_grow(SlotTable *table) {
  uint32_t first = slot_table_count(table);
  size_t bytes = (table->chunk_count + 1) * sizeof table->chunks[0];
  Slot **chunks = realloc(table->chunks, bytes);
  if (chunks == NULL)
    return false;
  table->chunks = chunks;
  Slot *chunk = calloc(SLOT_CHUNK, sizeof *chunk);
  if (chunk == NULL)
    return false;
  if (table->has_addresses && !add_addresses(chunk)) {
    free(chunk);
    return false;
  }
  chunks[table->chunk_count++] = chunk;
  for (uint32_t i = SLOT_CHUNK; i-- > 0;) { /* low indices on top */
    chunk[i].index = first + i;
    chunk[i].next_free = table->free_head;
    table->free_head = first + i;
  }
  return true;
}

void slot_table_free(SlotTable *table) {
  assert(table->in_flight == 0);
  for (uint32_t i = 0; i < table->chunk_count; i++) {
    free(table->chunks[i]->memory.address);
    free(table->chunks[i]);
  }
  free(table->chunks);
  slot_table_init(table);
}

Slot *slot_take(SlotTable *table, const Op *op) {
  assert(op != NULL);
  assert(table->free_head != SLOT_NONE);
  Slot *slot = slot_table_at(table, table->free_head);
  assert(slot->op == NULL);
  table->free_head = slot->next_free;
  table->in_flight++;
  slot->op = op;
  slot->bufring = NULL;
  slot->anchored = slot->staged = slot->picks = slot->skips = false;
  slot->before = slot->after = SLOT_NONE;
  slot->flags = 0;
  return slot;
}

static void unchain(const SlotTable *table, Slot *slot) {
  if (slot->before != SLOT_NONE)
    slot_table_at(table, slot->before)->after = slot->after;
  if (slot->after != SLOT_NONE)
    slot_table_at(table, slot->after)->before = slot->before;
  slot->before = slot->after = SLOT_NONE;
}

void slot_chain(Slot *before, Slot *after) {
  before->after = after->index;
  after->before = before->index;
}

/*
** Only the first ops of a chain skip their CQEs (see chain.c), and ops of a
** chain run one after the other.  So where another op posts its CQE, those
** that skip theirs are over; and where one posts a CQE that it should skip,
** it has failed, and the rest of the chain is cancelled without a word.
*/
Slot *slot_next_silent(const SlotTable *table, Slot *slot) {
  uint32_t at = slot->before;
  while (at != SLOT_NONE && !slot_table_at(table, at)->skips)
    at = slot_table_at(table, at)->before;
  if (at == SLOT_NONE && slot->skips)
    at = slot->after;
  if (at == SLOT_NONE)
    return NULL;
  Slot *silent = slot_table_at(table, at);
  unchain(table, silent);
  return silent;
}

Slot *slot_next_live(const SlotTable *table, uint32_t *index) {
  while (*index < slot_table_count(table)) {
    Slot *slot = slot_table_at(table, (*index)++);
    if (slot->op != NULL)
      return slot;
  }
  return NULL;
}

void slot_give(SlotTable *table, Slot *slot) {
  assert(slot->op != NULL);
  assert(table->in_flight > 0);
  if (slot_is_chained(slot))
    unchain(table, slot);
  if (slot->mem_count > 0)
    slot_drop_mems(slot);
  slot->op = NULL;
  slot->generation = (slot->generation + 1) & GENERATION_MASK;
  slot->next_free = table->free_head;
  table->free_head = slot->index;
  table->in_flight--;
}

void slot_hold(Slot *slot, Mem *mem) {
  assert(slot->mem_count < SLOT_MEMS);
  slot->mem[slot->mem_count++] = mem_hold(mem);
}

void slot_drop_mems(Slot *slot) {
  while (slot->mem_count > 0)
    mem_drop(slot->mem[--slot->mem_count]);
}

bool slot_is_id(uint64_t number) {
  return number >> 62 == SLOT_ID_TAG >> 62;
}
