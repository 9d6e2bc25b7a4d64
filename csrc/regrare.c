/*
** regrare.c - register calls that need a network card, or a filter program.
*/
#include "regrare.h"
#include "buffer.h"
#include "fail.h"
#include "fields.h"
#include "luaring.h"
#include "registers.h"

#include <errno.h>

#define AREA_GROUP   UINT16_MAX /* under which the pins keep what it takes */
#define PAGE         4096
#define ENTRIES_MAX  32768
#define BPF_CMD      1 /* IO_URING_BPF_CMD_FILTER */
#define BPF_LEAST    8 /* bytes of an instruction, struct sock_filter */
#define BPF_SIZE_MAX (4096 * BPF_LEAST)
#define ENTRY_SIZE   16 /* struct io_uring_zcrx_rqe */

static uint32_t field(lua_State *L, const char *name, lua_Integer absent) {
  return (uint32_t)fields_integer(L, 2, "register_ifq", name, absent, 0,
                                  INT32_MAX);
}

/*
** Keeps memory for as long as the ring: the card writes to it.  Where there
** is no place to note that, for good.
*/
static void keep(Ring *ring, Mem *mem) {
  if (!pins_provide(&ring->pins, AREA_GROUP, mem))
    mem_hold(mem);
}

/*
** ring:register_ifq{if_idx=, if_rxq=, rq_entries=, flags=} -> Buffer that
** the card fills, and the zcrx_id that the row recv_zc takes; or nil,
** message, code.  Takes the receive queue if_rxq of the network card if_idx,
** whose driver must know memory providers and split headers (ethtool -G
** tcp-data-split on).  The ring is one with cqe32 and defer_taskrun.
** io_uring_register_ifq(3), Linux 6.15.
*/
static int register_ifq(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  static const char *const known[] = { "if_idx", "if_rxq", "rq_entries",
                                       "flags", NULL };
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  fields_check_names(L, 2, "register_ifq", known);
  lua_Integer if_idx =
      fields_integer(L, 2, "register_ifq", "if_idx", -1, 0, INT32_MAX);
  if (if_idx < 0)
    return luaL_error(L, "register_ifq: no 'if_idx'");
  UapiZcrxIfq reg = {
    .if_idx = (uint32_t)if_idx,
    .if_rxq = field(L, "if_rxq", 0),
    .rq_entries = field(L, "rq_entries", 256),
    .flags = field(L, "flags", 0),
  };
  if (reg.rq_entries == 0 || reg.rq_entries > ENTRIES_MAX)
    return luaL_error(L, "register_ifq: 'rq_entries' is out of range");
  size_t refill = PAGE + (size_t)reg.rq_entries * ENTRY_SIZE;
  refill = (refill + PAGE - 1) & ~(size_t)(PAGE - 1);
  const Buffer *area = buffer_push_new(L, (size_t)reg.rq_entries * PAGE, PAGE);
  const Buffer *ring_memory = buffer_push_new(L, refill, PAGE);
  UapiZcrxArea where = { .addr = (uintptr_t)area->bytes, .len = area->size };
  UapiRegionDesc region = { .user_addr = (uintptr_t)ring_memory->bytes,
                            .size = ring_memory->size,
                            .flags = IORING_MEM_REGION_TYPE_USER };
  reg.area_ptr = (uintptr_t)&where;
  reg.region_ptr = (uintptr_t)&region;
  int code = kernel_register(&ring->uring, IORING_REGISTER_ZCRX_IFQ, &reg, 1);
  if (code < 0)
    return fail_push(L,
                     "register_ifq (it needs a network card with header "
                     "split)",
                     -code);
  keep(ring, area->mem);
  keep(ring, ring_memory->mem);
  lua_settop(L, 3);
  lua_pushinteger(L, reg.zcrx_id);
  return 2;
}

/*
** ring:register_zcrx_ctrl(zcrx_id, command) -> true, or nil, message, code:
** "flush_rq" takes the entries of the refill queue at once.
** io_uring_register_zcrx_ctrl(3), Linux 6.19.
*/
static int register_zcrx_ctrl(lua_State *L) {
  static const char *const names[] = { "flush_rq", NULL };
  Ring *ring = luaring_check(L, 1);
  lua_Integer id = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 0 <= id && id <= INT32_MAX, 2, "out of range");
  UapiZcrxCtrl ctrl = { .zcrx_id = (uint32_t)id,
                        .op = (uint32_t)luaL_checkoption(L, 3, NULL, names) };
  int code = kernel_register(&ring->uring, IORING_REGISTER_ZCRX_CTRL, &ctrl, 0);
  if (code < 0)
    return registers_push_failure(L, "register_zcrx_ctrl", -code);
  lua_pushboolean(L, 1);
  return 1;
}

/*
** ring:register_bpf_filter(opcode, string [, flags]) -> true, or nil,
** message, code: a program of classic BPF, as an array of struct
** sock_filter, that lets ops of an opcode pass where it returns 1.
** io_uring_register_bpf_filter(3), Linux 7.0.
*/
static int register_bpf_filter(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer opcode = luaL_checkinteger(L, 2);
  size_t size;
  const char *program = luaL_checklstring(L, 3, &size);
  lua_Integer flags = luaL_optinteger(L, 4, 0);
  luaL_argcheck(L, 0 <= opcode && opcode < RING_OPCODES, 2, "out of range");
  luaL_argcheck(L, size > 0 && size % BPF_LEAST == 0 && size <= BPF_SIZE_MAX, 3,
                "not an array of instructions of 8 bytes");
  luaL_argcheck(L, 0 <= flags && flags <= INT32_MAX, 4, "out of range");
  UapiBpf bpf = { .cmd_type = BPF_CMD,
                  .opcode = (uint32_t)opcode,
                  .flags = (uint32_t)flags,
                  .filter_len = (uint32_t)(size / BPF_LEAST),
                  .filter_ptr = (uintptr_t)program };
  int code = kernel_register(&ring->uring, IORING_REGISTER_BPF_FILTER, &bpf, 1);
  if (code < 0)
    return registers_push_failure(L, "register_bpf_filter", -code);
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {
  { "register_bpf_filter", register_bpf_filter },
  { "register_ifq", register_ifq },
  { "register_zcrx_ctrl", register_zcrx_ctrl },
  { NULL, NULL },
};

void regrare_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
