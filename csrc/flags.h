/*
** flags.h - flags by name: "single_issuer", {"io_link", "async"}, or a number.
*/
#ifndef uring_flags_h
#define uring_flags_h

#include <lua.h>
#include <stdint.h>

typedef struct {
  const char *name; /* lower case, without the prefix; NULL ends a list */
  uint32_t value;
} Flag;

extern const Flag FLAGS_SETUP[];   /* IORING_SETUP_* */
extern const Flag FLAGS_SQE[];     /* IOSQE_* */
extern const Flag FLAGS_CQE[];     /* IORING_CQE_F_* */
extern const Flag FLAGS_FEATURE[]; /* IORING_FEAT_* */

/*
** The bits of the value at an index: nil, an integer, a name, or a list of
** names.  Raises where a name or a bit is not one of the list.
*/
uint32_t flags_check(lua_State *L, int index, const char *what,
                     const Flag *list);
/* Pushes the set of names of the bits: {single_issuer = true, ...} */
void flags_push(lua_State *L, uint32_t bits, const Flag *list);

#endif
