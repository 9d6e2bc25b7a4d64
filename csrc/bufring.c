/*
** bufring.c - uring.BufRing: buffers that the kernel picks from (bgid).
*/
#include "bufring.h"

#include <assert.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <sys/mman.h>

static void destroy(BufRing *ring) {
  if (ring->entries != NULL)
    munmap(ring->entries, ring->entries_size);
  if (ring->mem != NULL)
    mem_drop(ring->mem);
  free(ring->out);
  free(ring);
}

static BufRing *allocate(uint32_t count, uint32_t size) {
  BufRing *ring = calloc(1, sizeof *ring);
  if (ring == NULL)
    return NULL;
  ring->holders = 1;
  ring->count = count;
  ring->size = size;
  ring->entries_size = count * sizeof(struct io_uring_buf);
  ring->out = calloc(count, sizeof ring->out[0]);
  ring->mem = mem_new((size_t)count * size, 64);
  void *map = mmap(NULL, ring->entries_size, PROT_READ | PROT_WRITE,
                   MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (map != MAP_FAILED)
    ring->entries = map;
  if (ring->out == NULL || ring->mem == NULL || ring->entries == NULL ||
      madvise(map, ring->entries_size, MADV_DONTFORK) != 0) {
    destroy(ring);
    return NULL;
  }
  return ring;
}

/* Puts a buffer behind those that the kernel already has. */
static void provide(BufRing *ring, uint32_t bid) {
  io_uring_buf_ring_add(ring->entries, bufring_bytes(ring, bid), ring->size,
                        (unsigned short)bid, (int)ring->count - 1, 0);
  io_uring_buf_ring_advance(ring->entries, 1);
  ring->available++;
}

int bufring_new(struct io_uring *uring, uint16_t bgid, uint32_t count,
                uint32_t size, BufRing **made) {
  BufRing *ring = allocate(count, size);
  if (ring == NULL)
    return -ENOMEM;
  struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)ring->entries,
                                  .ring_entries = count,
                                  .bgid = bgid };
  int code = io_uring_register_buf_ring(uring, &reg, 0);
  if (code < 0) {
    destroy(ring);
    return code;
  }
  ring->uring = uring;
  ring->bgid = bgid;
  io_uring_buf_ring_init(ring->entries);
  for (uint32_t bid = 0; bid < count; bid++)
    provide(ring, bid);
  *made = ring;
  return 0;
}

void bufring_close(BufRing *ring) {
  if (ring->uring == NULL)
    return;
  io_uring_unregister_buf_ring(ring->uring, ring->bgid);
  ring->uring = NULL;
}

void bufring_drop(BufRing *ring) {
  assert(ring->holders > 0);
  if (--ring->holders == 0)
    destroy(ring);
}

char *bufring_bytes(const BufRing *ring, uint32_t bid) {
  return ring->mem->bytes + (size_t)bid * ring->size;
}

void bufring_lend(BufRing *ring, uint32_t bid) {
  assert(bid < ring->count && !ring->out[bid]);
  ring->out[bid] = true;
  ring->available--;
}

void bufring_recycle(BufRing *ring, uint32_t bid) {
  assert(bid < ring->count && ring->out[bid]);
  ring->out[bid] = false;
  if (ring->uring != NULL)
    provide(ring, bid);
}

BufRing *bufring_test(lua_State *L, int index) {
  BufRing **box = luaL_testudata(L, index, BUFRING_TYPE);
  return box != NULL ? *box : NULL;
}

BufRing **bufring_push(lua_State *L) {
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

/* The buffer that an integer names, which must be out. */
static uint32_t check_out(lua_State *L, const BufRing *ring, int arg,
                          lua_Integer bid) {
  if (bid < 0 || bid >= ring->count)
    luaL_argerror(L, arg, "no such buffer in this ring");
  if (!ring->out[bid])
    luaL_argerror(L, arg,
                  "the buffer is not out: it was recycled, "
                  "or no completion has lent it");
  return (uint32_t)bid;
}

/*
** bufring:string(flags, res) -> the bytes that a completion with these
** flags and result left in a buffer, which is recycled
*/
static int bufring_string(lua_State *L) {
  BufRing *ring = check_self(L);
  lua_Integer flags = luaL_checkinteger(L, 2);
  lua_Integer res = luaL_checkinteger(L, 3);
  luaL_argcheck(L, flags & IORING_CQE_F_BUFFER, 2,
                "the completion has no buffer (no IORING_CQE_F_BUFFER)");
  lua_Integer number = (flags & 0xffffffff) >> IORING_CQE_BUFFER_SHIFT;
  uint32_t bid = check_out(L, ring, 2, number);
  luaL_argcheck(L, 0 <= res && res <= ring->size, 3, "not a byte count");
  lua_pushlstring(L, bufring_bytes(ring, bid), (size_t)res);
  bufring_recycle(ring, bid);
  return 1;
}

/* bufring:recycle(bid) gives a buffer back to the kernel unread */
static int bufring_give_back(lua_State *L) {
  BufRing *ring = check_self(L);
  bufring_recycle(ring, check_out(L, ring, 2, luaL_checkinteger(L, 2)));
  return 0;
}

/* bufring:available() -> how many buffers the kernel may pick from */
static int bufring_available(lua_State *L) {
  lua_pushinteger(L, check_self(L)->available);
  return 1;
}

/* bufring:bgid() -> its group number, for set_buf_group */
static int bufring_bgid(lua_State *L) {
  lua_pushinteger(L, check_self(L)->bgid);
  return 1;
}

/* bufring:close(), once more is nothing; ops in flight keep their bytes */
static int bufring_shut(lua_State *L) {
  bufring_close(check_self(L));
  return 0;
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
  { "available", bufring_available }, { "bgid", bufring_bgid },
  { "close", bufring_shut },          { "recycle", bufring_give_back },
  { "string", bufring_string },       { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__close", bufring_shut },
  { "__gc", bufring_gc },
  { NULL, NULL },
};

void bufring_open(lua_State *L) {
  luaL_newmetatable(L, BUFRING_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
