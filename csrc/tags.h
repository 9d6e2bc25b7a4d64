/*
** tags.h - lists that a register call takes: positions, and tags.
*/
#ifndef uring_tags_h
#define uring_tags_h

#include <lua.h>
#include <stdint.h>

#define TAGS_LIST_MAX 32768

/* How many items the list at an index has; raises where none or too many. */
uint32_t tags_check_count(lua_State *L, int index);
/*
** Pushes the tags at an index as an array, as many as there are items; NULL
** and nil where there are none.  A tag comes with a CQE once nothing uses
** its item any more; 0 stands for none.
*/
const uint64_t *tags_push(lua_State *L, int index, uint32_t count);
/* A position in a table of registered things. */
uint32_t tags_check_offset(lua_State *L, int index);

#endif
