/*
** fields.h - tables of named fields, as functions take them for options.
*/
#ifndef uring_fields_h
#define uring_fields_h

#include <lua.h>
#include <stdbool.h>

/*
** Raises "what: unknown field 'x'" where the table at an index has one that
** is not in the list, which ends with NULL.
*/
void fields_check_names(lua_State *L, int index, const char *what,
                        const char *const known[]);
/*
** The integer that a field is, or what stands for an absent one.  Raises
** "what: 'x' is out of range" where it is none, or not between two others.
*/
lua_Integer fields_integer(lua_State *L, int index, const char *what,
                           const char *name, lua_Integer absent,
                           lua_Integer least, lua_Integer most);
/* The boolean that a field is; absent: false.  Raises where it is neither. */
bool fields_boolean(lua_State *L, int index, const char *what,
                    const char *name);

#endif
