/*
** op.h - what one row of the opcode table says.
** The argument and result kinds are few and closed: a new kind is one
** function in arg.c or result.c, a new row is a line in ops.def.
*/
#ifndef uring_op_h
#define uring_op_h

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#define OP_ARGS_MAX             6
#define OP_KERNEL(major, minor) ((uint16_t)((major) << 8 | (minor)))

typedef enum {
  ARG_NONE,
  ARG_FD,      /* a descriptor */
  ARG_DIRFD,   /* a directory's descriptor, or AT_FDCWD */
  ARG_INT,     /* an integer of 32 bits, signed or unsigned */
  ARG_OFFSET,  /* a place in a file; -1 is the current one */
  ARG_ID,      /* what prep returned for another op */
  ARG_OUT,     /* a Buffer that the kernel fills */
  ARG_INTO,    /* a Buffer, or a BufRing that the kernel picks one from */
  ARG_BUFRING, /* a BufRing */
  ARG_SRC,     /* a string or Buffer that the kernel reads */
  ARG_IOVECS,  /* several of those */
  ARG_VECTOR,  /* several Buffers that the kernel fills */
  ARG_PATH,    /* a string without zeros */
  ARG_SECONDS, /* a number of seconds, or {seconds, nanoseconds} */
  ARG_ADDRESS, /* an Address */
  ARG_PEER     /* a Buffer for an address that the kernel tells, or nil */
} ArgKind;

typedef enum {
  RESULT_NONE,   /* true */
  RESULT_COUNT,  /* how many bytes */
  RESULT_FD,     /* a new descriptor; ours to close where nobody waits */
  RESULT_MASK,   /* poll events */
  RESULT_EXPIRED /* true: the time is over, which the kernel calls ETIME */
} ResultKind;

typedef enum {
  TRAIT_NONE = 0,
  TRAIT_MULTISHOT = 1 /* several CQEs, all but the last with F_MORE */
} Trait;

typedef struct {
  const char *name;
  ArgKind kind;
  bool optional;
  int64_t fallback;
} ArgSpec;

/* One checked argument, ready for a liburing prep helper. */
typedef struct {
  int64_t i;                     /* descriptors, integers, offsets, ids */
  void *data;                    /* buffers, strings, iovecs, addresses */
  unsigned size;                 /* of data: bytes, or count of iovecs */
  struct __kernel_timespec time; /* seconds */
} Arg;

/*
** What the kernel reads or writes for one op besides its buffers.  It is
** part of the op's slot, so it stays in place until the last CQE.
*/
typedef union {
  struct __kernel_timespec time;
  struct sockaddr_storage address;
  socklen_t length;
} OpMemory;

typedef struct {
  const char *name;
  const char *summary;
  const char *helper; /* liburing's name, which is the man page's */
  void (*prep)(struct io_uring_sqe *sqe, const Arg *a, OpMemory *memory);
  ArgSpec args[OP_ARGS_MAX];
  uint8_t opcode;
  uint8_t result;
  uint8_t traits;
  uint16_t since; /* OP_KERNEL(major, minor) */
} Op;

extern const Op OPS[];
extern const unsigned OPS_COUNT;

#endif
