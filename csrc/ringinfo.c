/*
** ringinfo.c - what a ring tells about itself: parameters, features, counts.
*/
#include "ringinfo.h"
#include "fail.h"
#include "flags.h"
#include "luaring.h"

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static void push_sq_offsets(lua_State *L, const struct io_sqring_offsets *off) {
  lua_createtable(L, 0, 7);
  set_integer(L, "head", off->head);
  set_integer(L, "tail", off->tail);
  set_integer(L, "ring_mask", off->ring_mask);
  set_integer(L, "ring_entries", off->ring_entries);
  set_integer(L, "flags", off->flags);
  set_integer(L, "dropped", off->dropped);
  set_integer(L, "array", off->array);
}

static void push_cq_offsets(lua_State *L, const struct io_cqring_offsets *off) {
  lua_createtable(L, 0, 7);
  set_integer(L, "head", off->head);
  set_integer(L, "tail", off->tail);
  set_integer(L, "ring_mask", off->ring_mask);
  set_integer(L, "ring_entries", off->ring_entries);
  set_integer(L, "overflow", off->overflow);
  set_integer(L, "cqes", off->cqes);
  set_integer(L, "flags", off->flags);
}

/*
** ring:params() -> {sq_entries=, cq_entries=, flags=, features=,
** sq_thread_cpu=, sq_thread_idle=, wq_fd=, sq_off={}, cq_off={}}, as
** io_uring_setup(2) filled them in
*/
static int info_params(lua_State *L) {
  const struct io_uring_params *params = &luaring_check(L, 1)->params;
  lua_createtable(L, 0, 9);
  set_integer(L, "sq_entries", params->sq_entries);
  set_integer(L, "cq_entries", params->cq_entries);
  set_integer(L, "flags", params->flags);
  set_integer(L, "features", params->features);
  set_integer(L, "sq_thread_cpu", params->sq_thread_cpu);
  set_integer(L, "sq_thread_idle", params->sq_thread_idle);
  set_integer(L, "wq_fd", params->wq_fd);
  push_sq_offsets(L, &params->sq_off);
  lua_setfield(L, -2, "sq_off");
  push_cq_offsets(L, &params->cq_off);
  lua_setfield(L, -2, "cq_off");
  return 1;
}

/* ring:features() -> the set of IORING_FEAT_* names: {nodrop=true, ...} */
static int info_features(lua_State *L) {
  flags_push(L, luaring_check(L, 1)->params.features, FLAGS_FEATURE);
  return 1;
}

/* ring:flags() -> the set of IORING_SETUP_* names that it runs with */
static int info_flags(lua_State *L) {
  flags_push(L, luaring_check(L, 1)->params.flags, FLAGS_SETUP);
  return 1;
}

/*
** ring:probe() -> {[row] = true} for each row whose opcode this kernel
** has, or nil, message, code.  io_uring_register_probe(3).
*/
static int info_probe(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  bool supported[RING_OPCODES];
  int code = ring_probe(ring, supported);
  if (code < 0)
    return fail_push(L, "probe", -code);
  lua_createtable(L, 0, (int)OPS_COUNT);
  for (unsigned i = 0; i < OPS_COUNT; i++)
    if (supported[OPS[i].opcode]) {
      lua_pushboolean(L, 1);
      lua_setfield(L, -2, OPS[i].name);
    }
  return 1;
}

/* ring:sq_space_left() -> how many SQEs get_sqe can still give */
static int info_sq_space_left(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_pushinteger(L, io_uring_sq_space_left(&ring->uring));
  return 1;
}

/* ring:sq_ready() -> how many SQEs wait for submit */
static int info_sq_ready(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_pushinteger(L, io_uring_sq_ready(&ring->uring));
  return 1;
}

/*
** ring:cq_ready() -> how many CQEs are there to be taken; on a ring with
** cqe_mixed one of 32 bytes counts twice
*/
static int info_cq_ready(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_pushinteger(L, io_uring_cq_ready(&ring->uring));
  return 1;
}

/* ring:cq_has_overflow() -> whether CQEs wait in the kernel for room */
static int info_cq_has_overflow(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_pushboolean(L, io_uring_cq_has_overflow(&ring->uring));
  return 1;
}

/* ring:in_flight() -> how many ops have not had their final CQE taken */
static int info_in_flight(lua_State *L) {
  lua_pushinteger(L, luaring_check(L, 1)->slots.in_flight);
  return 1;
}

/* ring:fileno() -> its descriptor, readable where there are CQEs */
static int info_fileno(lua_State *L) {
  lua_pushinteger(L, luaring_check(L, 1)->uring.ring_fd);
  return 1;
}

static const luaL_Reg methods[] = {
  { "cq_has_overflow", info_cq_has_overflow },
  { "cq_ready", info_cq_ready },
  { "features", info_features },
  { "fileno", info_fileno },
  { "flags", info_flags },
  { "in_flight", info_in_flight },
  { "params", info_params },
  { "probe", info_probe },
  { "sq_ready", info_sq_ready },
  { "sq_space_left", info_sq_space_left },
  { NULL, NULL },
};

void ringinfo_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
