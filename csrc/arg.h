/*
** arg.h - an op's arguments, as argcheck.c reads them off the Lua stack.
*/
#ifndef uring_arg_h
#define uring_arg_h

#include "bufring.h"
#include "op.h"
#include "pins.h"
#include "slot.h"

typedef struct {
  const struct io_uring *uring; /* of the op, with its pins; both are to be */
  const Pins *pins;             /* set before arg_check */
  bool copies;                  /* strings, which it may outlive, likewise */
  size_t command;               /* bytes that its SQE has room for, likewise */
  Arg a[OP_ARGS_MAX];
  Mem *mem[SLOT_MEMS]; /* what the op must hold */
  int mem_count;
  bool has_address;
  bool copied; /* a list of descriptors: what the kernel writes is lost */
  int anchor;  /* stack index of what Lua must keep for it, or 0 */
  BufRing *bufring;
} Args;

#define ARG_COMMAND_ROOM      16 /* in an SQE of 64 bytes */
#define ARG_COMMAND_ROOM_WIDE 80

#endif
