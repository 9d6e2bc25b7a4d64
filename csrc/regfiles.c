/*
** regfiles.c - a ring's registered files: slots that ops use as descriptors.
*/
#include "regfiles.h"
#include "luaring.h"
#include "registers.h"
#include "tags.h"

#include <limits.h>

#define FILES_MAX 1048576 /* IORING_MAX_FIXED_FILES */

/* Pushes the descriptors of the list at an index as an array; -1: none. */
static int *push_fds(lua_State *L, int index, uint32_t count) {
  int *fds = lua_newuserdatauv(L, count * sizeof fds[0], 0);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    lua_Integer fd = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : INT_MIN;
    if (fd < -2 || fd > INT_MAX)
      luaL_argerror(
          L, index,
          lua_pushfstring(L, "item %d: descriptor expected", (int)i + 1));
    fds[i] = (int)fd;
    lua_pop(L, 1);
  }
  return fds;
}

/*
** ring:register_files(fds [, tags]) -> true, or nil, message, code.  fds is
** a list of descriptors, whose first is the slot 0 for set_fixed_file; -1
** leaves a slot empty.  The slots stay when the descriptors are closed.
** tags are integers: one comes with a CQE once its slot was emptied and no
** op uses it.  io_uring_register_files(3), Linux 5.1; tags 5.13.
*/
static int register_files(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_settop(L, 3);
  uint32_t count = tags_check_count(L, 2);
  const int *fds = push_fds(L, 2, count);
  const uint64_t *tags = tags_push(L, 3, count);
  int code;
  if (tags == NULL) {
    code = kernel_register(&ring->uring, IORING_REGISTER_FILES, fds, count);
  } else {
    struct io_uring_rsrc_register reg = { .nr = count,
                                          .data = (uintptr_t)fds,
                                          .tags = (uintptr_t)tags };
    code =
        kernel_register(&ring->uring, IORING_REGISTER_FILES2, &reg, sizeof reg);
  }
  return registers_push_done(L, "register_files", code);
}

/*
** ring:register_files_sparse(count) -> true, or nil, message, code: so many
** empty slots.  io_uring_register_files_sparse(3), Linux 5.19.
*/
static int register_files_sparse(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer count = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= count && count <= FILES_MAX, 2, "out of range");
  struct io_uring_rsrc_register reg = { .nr = (uint32_t)count,
                                        .flags = IORING_RSRC_REGISTER_SPARSE };
  return registers_push_done(
      L, "register_files_sparse",
      kernel_register(&ring->uring, IORING_REGISTER_FILES2, &reg, sizeof reg));
}

/*
** ring:register_files_update(offset, fds [, tags]) -> how many slots have
** been replaced from the slot 'offset' on, or nil, message, code; -1 empties
** one, -2 leaves it.  io_uring_register_files_update(3), Linux 5.5; tags
** 5.13.
*/
static int register_files_update(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_settop(L, 4);
  uint32_t offset = tags_check_offset(L, 2), count = tags_check_count(L, 3);
  const int *fds = push_fds(L, 3, count);
  const uint64_t *tags = tags_push(L, 4, count);
  struct io_uring_rsrc_update2 update = { .offset = offset,
                                          .data = (uintptr_t)fds,
                                          .tags = (uintptr_t)tags,
                                          .nr = count };
  struct io_uring_rsrc_update plain = { .offset = offset,
                                        .data = (uintptr_t)fds };
  int code = tags == NULL
                 ? kernel_register(&ring->uring, IORING_REGISTER_FILES_UPDATE,
                                   &plain, count)
                 : kernel_register(&ring->uring, IORING_REGISTER_FILES_UPDATE2,
                                   &update, sizeof update);
  if (code < 0)
    return registers_push_failure(L, "register_files_update", -code);
  lua_pushinteger(L, code);
  return 1;
}

/*
** ring:unregister_files() -> true, or nil, message, code.  Ops that use one
** go on.  Older kernels wait for them first.  Tags
** come with CQEs from Linux 6.13 on.
** io_uring_unregister_files(3)
*/
static int unregister_files(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  return registers_push_done(
      L, "unregister_files",
      kernel_register(&ring->uring, IORING_UNREGISTER_FILES, NULL, 0));
}

/*
** ring:register_file_alloc_range(offset, count) -> true, or nil, message,
** code: from these slots the kernel takes those that it chooses itself.
** io_uring_register_file_alloc_range(3), Linux 6.0.
*/
static int register_file_alloc_range(lua_State *L) {
  Ring *ring = luaring_check(L, 1);
  lua_Integer offset = luaL_checkinteger(L, 2);
  lua_Integer count = luaL_checkinteger(L, 3);
  luaL_argcheck(L, 0 <= offset && offset <= FILES_MAX, 2, "out of range");
  luaL_argcheck(L, 0 <= count && count <= FILES_MAX, 3, "out of range");
  struct io_uring_file_index_range range = { .off = (uint32_t)offset,
                                             .len = (uint32_t)count };
  return registers_push_done(L, "register_file_alloc_range",
                             kernel_register(&ring->uring,
                                             IORING_REGISTER_FILE_ALLOC_RANGE,
                                             &range, 0));
}

static const luaL_Reg methods[] = {
  { "register_file_alloc_range", register_file_alloc_range },
  { "register_files", register_files },
  { "register_files_sparse", register_files_sparse },
  { "register_files_update", register_files_update },
  { "unregister_files", unregister_files },
  { NULL, NULL },
};

void regfiles_open(lua_State *L) {
  luaring_add_methods(L, methods);
}
