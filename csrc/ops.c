/*
** ops.c - expands ops.def into prep functions and the OPS array.
*/
#include "op.h"

#include <fcntl.h>
#include <string.h>

/* What a row needs of the op's memory, taken from a checked argument. */

static struct __kernel_timespec *time_of(OpMemory *memory, const Arg *arg) {
  memory->time = arg->time;
  return &memory->time;
}

static struct sockaddr *address_of(OpMemory *memory, const Arg *arg) {
  memcpy(&memory->address, arg->data, arg->size);
  return (struct sockaddr *)&memory->address;
}

static socklen_t *length_of(OpMemory *memory, const Arg *arg) {
  memory->length = (socklen_t)arg->size;
  return arg->data != NULL ? &memory->length : NULL;
}

/* First expansion: one prep function for each row. */
#define OP(name, opcode, major, minor, result, traits, arguments, helper, \
           call, summary)                                                 \
  static void prep_##name(struct io_uring_sqe *sqe, const Arg *a,         \
                          OpMemory *m) {                                  \
    (void)a;                                                              \
    (void)m;                                                              \
    helper call;                                                          \
  }
#include "ops.def"
#undef OP

/* Second expansion: the rows. */
/* clang-format off */
#define ARGS(...) { __VA_ARGS__ }
#define NOTHING { NULL, ARG_NONE, false, 0 }
#define FD(name) { #name, ARG_FD, false, 0 }
#define DIRFD(name) { #name, ARG_DIRFD, false, 0 }
#define INT(name) { #name, ARG_INT, false, 0 }
#define OPT(name, def) { #name, ARG_INT, true, def }
#define OFFSET(name) { #name, ARG_OFFSET, true, -1 }
#define ID(name) { #name, ARG_ID, false, 0 }
#define OUT(name) { #name, ARG_OUT, false, 0 }
#define STRUCT(name, type) { #name, ARG_OUT, false, sizeof(struct type) }
#define INTO(name) { #name, ARG_INTO, false, 0 }
#define BUFRING(name) { #name, ARG_BUFRING, false, 0 }
#define SRC(name) { #name, ARG_SRC, false, 0 }
#define IOVECS(name) { #name, ARG_IOVECS, false, 0 }
#define VECTOR(name) { #name, ARG_VECTOR, false, 0 }
#define PATH(name) { #name, ARG_PATH, false, 0 }
#define SECONDS(name) { #name, ARG_SECONDS, false, 0 }
#define ADDRESS(name) { #name, ARG_ADDRESS, false, 0 }
#define PEER(name) { #name, ARG_PEER, true, 0 }
/* clang-format on */
#define OP(name, opcode, major, minor, result, traits, arguments, helper, \
           call, summary)                                                 \
  { #name,           summary,        #helper,                             \
    prep_##name,     arguments,      IORING_OP_##opcode,                  \
    RESULT_##result, TRAIT_##traits, OP_KERNEL(major, minor) },

const Op OPS[] = {
#include "ops.def"
};

const unsigned OPS_COUNT = sizeof OPS / sizeof OPS[0];
