/*
** writer.h - write of a connection, where there is nothing to refuse.
*/
#ifndef uring_writer_h
#define uring_writer_h

#include <lua.h>

/* Adds its function to the table on the top. */
void writer_open(lua_State *L);

#endif
