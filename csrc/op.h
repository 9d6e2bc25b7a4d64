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
#include <sys/epoll.h>

#define OP_ARGS_MAX             6
#define OP_KERNEL(major, minor) ((uint16_t)((major) << 8 | (minor)))

typedef enum {
  ARG_NONE,
  ARG_FD,      /* a descriptor; where the SQE says so, a slot */
  ARG_DIRFD,   /* a directory's descriptor, or AT_FDCWD */
  ARG_FDS,     /* several descriptors: a table, or a Buffer of them */
  ARG_SLOT,    /* a slot of the registered files, or any that is free */
  ARG_INDEX,   /* of a registered Buffer, which an earlier argument is in */
  ARG_BGID,    /* an integer of 16 bits */
  ARG_INT,     /* an integer of 32 bits, signed or unsigned */
  ARG_ZCFLAGS, /* IORING_RECVSEND_ flags, none that reads pointers */
  ARG_SIZE,    /* an integer of 63 bits */
  ARG_ADVICE,  /* what madvise may do to memory of ours */
  ARG_OFFSET,  /* a place in a file; -1 is the current one */
  ARG_ID,      /* what prep returned for another op */
  ARG_DATA,    /* an integer that is no id, for a CQE or an event */
  ARG_OUT,     /* a Buffer that the kernel fills */
  ARG_BUF,     /* a Buffer that the kernel reads */
  ARG_PAGES,   /* a Buffer whose pages are its own */
  ARG_INTO,    /* a Buffer, or a BufRing that the kernel picks one from */
  ARG_BUFRING, /* a BufRing that the kernel fills */
  ARG_SOURCE,  /* a BufRing of which the kernel sends */
  ARG_SRC,     /* a string or Buffer that the kernel reads */
  ARG_COMMAND, /* what an SQE has room for at its end */
  ARG_IOVECS,  /* several of those */
  ARG_VECTOR,  /* several Buffers that the kernel fills */
  ARG_MSG,     /* a Message to send */
  ARG_MSGOUT,  /* a Message to receive */
  ARG_FUTEXES, /* a Futexes */
  ARG_PATH,    /* a string without zeros */
  ARG_NAME,    /* another */
  ARG_SECONDS, /* a number of seconds, or {seconds, nanoseconds} */
  ARG_HOW,     /* {flags =, mode =, resolve =} for openat2 */
  ARG_ADDRESS, /* an Address */
  ARG_PEER     /* a Buffer for an address that the kernel tells, or nil */
} ArgKind;

typedef enum {
  RESULT_NONE,    /* true */
  RESULT_COUNT,   /* how many bytes */
  RESULT_NUMBER,  /* what the row's summary says */
  RESULT_FD,      /* a new descriptor; ours to close where nobody waits */
  RESULT_SLOT,    /* a slot that the kernel chose; ours to empty likewise */
  RESULT_PIPE,    /* true; two new descriptors go to a Buffer */
  RESULT_SLOTS,   /* the same with slots */
  RESULT_MASK,    /* poll events */
  RESULT_MATCHES, /* true; where all are cancelled, how many */
  RESULT_EXPIRED  /* true: the time is over, which the kernel calls ETIME */
} ResultKind;

typedef enum {
  TRAIT_NONE = 0,
  TRAIT_MULTISHOT = 1, /* several CQEs, all but the last with F_MORE */
  TRAIT_NOTIF = 2,     /* a second CQE, once the data is free again */
  TRAIT_BUNDLE = 4,    /* takes several buffers of a ring at a time */
  TRAIT_KEEPS = 8,     /* the kernel keeps the memory after the CQE */
  TRAIT_WIDE = 16,     /* needs an SQE of 128 bytes */
  TRAIT_LIMITS = 32,   /* limits the op before it in its chain */
  TRAIT_SKIPS = 64,    /* may skip its CQE: where it fails, its chain ends */
  TRAIT_PARTS = 128,   /* each CQE with F_MORE tells a part of the result */
  TRAIT_SURE = 256,    /* ends soon, and is not cancelled with its task */
  TRAIT_CLOSES = TRAIT_SKIPS | TRAIT_SURE
} Trait;

typedef struct {
  const char *name;
  ArgKind kind;
  bool optional;
  int64_t fallback;
} ArgSpec;

/* One checked argument, ready for a liburing prep helper. */
typedef struct {
  int64_t i;     /* descriptors, integers, offsets, ids */
  void *data;    /* buffers, strings, iovecs, addresses */
  unsigned size; /* of data: bytes, or count of iovecs */
  union {
    struct __kernel_timespec time; /* seconds */
    UapiOpenHow how;
  };
} Arg;

/*
** What the kernel reads or writes for one op besides its buffers.  It is
** part of the op's slot, so it stays in place until the last CQE; so does
** the room for an address, which is large, and which few ops have.
*/
typedef struct {
  union {
    struct __kernel_timespec time;
    struct epoll_event event;
    UapiOpenHow how;
    socklen_t length;
    struct {
      int pair[2]; /* that the kernel writes */
      int *buffer; /* where they go with the CQE; the slot holds it */
    } pipe;
  };
  struct sockaddr_storage *address;
} OpMemory;

typedef struct {
  const char *name;
  const char *summary;
  const char *helper; /* liburing's name, which is the man page's */
  void (*prep)(struct io_uring_sqe *sqe, const Arg *a, OpMemory *memory);
  ArgSpec args[OP_ARGS_MAX];
  uint8_t opcode;
  uint8_t result;
  uint16_t traits;
  uint16_t since; /* OP_KERNEL(major, minor) */
} Op;

extern const Op OPS[];
extern const unsigned OPS_COUNT;

#endif
