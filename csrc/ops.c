/*
** ops.c - expands ops.def into prep functions and the OPS array.
*/
#include "op.h"
#include "prep.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>

/* What a row needs of the op's memory, taken from a checked argument. */

static struct __kernel_timespec *time_of(OpMemory *memory, const Arg *arg) {
  memory->time = arg->time;
  return &memory->time;
}

static struct sockaddr *address_of(OpMemory *memory, const Arg *arg) {
  memcpy(memory->address, arg->data, arg->size);
  return (struct sockaddr *)memory->address;
}

static socklen_t *length_of(OpMemory *memory, const Arg *arg) {
  memory->length = (socklen_t)arg->size;
  return arg->data != NULL ? &memory->length : NULL;
}

static struct open_how *how_of(OpMemory *memory, const Arg *arg,
                               uint64_t flags) {
  memory->how = arg->how;
  memory->how.flags |= flags;
  return (void *)&memory->how;
}

static struct epoll_event *event_of(OpMemory *memory, const Arg *events,
                                    const Arg *data) {
  memory->event.events = (uint32_t)events->i;
  memory->event.data.u64 = (uint64_t)data->i;
  return &memory->event;
}

static int *pair_of(OpMemory *memory, const Arg *arg) {
  memory->pipe.buffer = arg->data;
  return memory->pipe.pair;
}

/* A slot as the helpers want it, of which some add 1 to say "any". */
static unsigned slot_of(const Arg *arg) {
  unsigned slot = (unsigned)arg->i;
  return slot == IORING_FILE_INDEX_ALLOC ? slot - 1 : slot;
}

/* How many buffers of a size there are. */
static int count_of(const Arg *buffer, const Arg *size) {
  return size->i > 0 ? (int)(buffer->size / size->i) : 0;
}

static void command_of(struct io_uring_sqe *sqe, const Arg *arg) {
  if (arg->size > 0) /* cmd lies at addr3, and may reach beyond the SQE */
    memcpy((char *)sqe + offsetof(struct io_uring_sqe, addr3), arg->data,
           arg->size);
}

/* First expansion: one prep function for each row. */
#define OP(name, code, major, minor, result, traits, arguments, helper, call, \
           summary)                                                           \
  static void prep_##name(struct io_uring_sqe *sqe, const Arg *a,             \
                          OpMemory *m) {                                      \
    (void)a;                                                                  \
    (void)m;                                                                  \
    helper call;                                                              \
    sqe->opcode = IORING_OP_##code;                                           \
  }
#include "ops.def"
#undef OP

/* Second expansion: the rows. */
/* clang-format off */
#define ARGS(...) { __VA_ARGS__ }
#define NOTHING { NULL, ARG_NONE, false, 0 }
#define FD(name) { #name, ARG_FD, false, 0 }
#define DIRFD(name) { #name, ARG_DIRFD, false, 0 }
#define FDS(name) { #name, ARG_FDS, false, 0 }
#define INT(name) { #name, ARG_INT, false, 0 }
#define SIZE(name) { #name, ARG_SIZE, false, 0 }
#define BGID(name) { #name, ARG_BGID, false, 0 }
#define ID(name) { #name, ARG_ID, false, 0 }
#define DATA(name) { #name, ARG_DATA, false, 0 }
#define INDEX(name) { #name, ARG_INDEX, false, 0 }
#define OUT(name) { #name, ARG_OUT, false, 0 }
#define PAGES(name) { #name, ARG_PAGES, false, 0 }
#define INTO(name) { #name, ARG_INTO, false, 0 }
#define BUFRING(name) { #name, ARG_BUFRING, false, 0 }
#define SOURCE(name) { #name, ARG_SOURCE, false, 0 }
#define SRC(name) { #name, ARG_SRC, false, 0 }
#define IOVECS(name) { #name, ARG_IOVECS, false, 0 }
#define VECTOR(name) { #name, ARG_VECTOR, false, 0 }
#define MSG(name) { #name, ARG_MSG, false, 0 }
#define MSGOUT(name) { #name, ARG_MSGOUT, false, 0 }
#define FUTEXES(name) { #name, ARG_FUTEXES, false, 0 }
#define PATH(name) { #name, ARG_PATH, false, 0 }
#define NAME(name) { #name, ARG_NAME, false, 0 }
#define SECONDS(name) { #name, ARG_SECONDS, false, 0 }
#define HOW(name) { #name, ARG_HOW, false, 0 }
#define ADDRESS(name) { #name, ARG_ADDRESS, false, 0 }
#define COMMAND(name) { #name, ARG_COMMAND, true, 0 }
#define PEER(name) { #name, ARG_PEER, true, 0 }
#define OFFSET(name) { #name, ARG_OFFSET, true, -1 }
#define SLOT(name) { #name, ARG_SLOT, true, IORING_FILE_INDEX_ALLOC }
#define OPTSIZE(name) { #name, ARG_SIZE, true, 0 }
#define ADVICE(name) { #name, ARG_ADVICE, false, 0 }
#define AT(name) { #name, ARG_SLOT, false, 0 }
#define BUF(name) { #name, ARG_BUF, false, 0 }
#define ZCFLAGS(name) { #name, ARG_ZCFLAGS, true, 0 }
#define OPTDATA(name) { #name, ARG_DATA, true, 0 }
#define OPT(name, def) { #name, ARG_INT, true, def }
#define STRUCT(name, size) { #name, ARG_OUT, false, size }
#define OPTSTRUCT(name, size) { #name, ARG_OUT, true, size }
/* clang-format on */
#define OP(name, code, major, minor, result, traits, arguments, helper, call, \
           summary)                                                           \
  { #name,           summary,        #helper,                                 \
    prep_##name,     arguments,      IORING_OP_##code,                        \
    RESULT_##result, TRAIT_##traits, OP_KERNEL(major, minor) },

const Op OPS[] = {
#include "ops.def"
};

const unsigned OPS_COUNT = sizeof OPS / sizeof OPS[0];
