/*
** msg.c - uring.Message: what sendmsg sends and recvmsg fills.
*/
#include "msg.h"
#include "addr.h"
#include "buffer.h"
#include "fields.h"
#include "iovecs.h"

#include <lauxlib.h>
#include <string.h>

#define CONTROL_MAX 65536
#define KEPT        3 /* user values: what iov, name and control were */

Message *msg_test(lua_State *L, int index) {
  return luaL_testudata(L, index, MESSAGE_TYPE);
}

static MessageMemory *memory_of(const Message *message) {
  return (MessageMemory *)message->mem->bytes;
}

struct msghdr *msg_header(const Message *message) {
  return &memory_of(message)->header;
}

static const Message *check_self(lua_State *L) {
  const Message *message = luaL_checkudata(L, 1, MESSAGE_TYPE);
  if (message->mem == NULL)
    luaL_error(L, "attempt to use a collected message");
  return message;
}

void msg_make_room(const Message *message) {
  MessageMemory *memory = memory_of(message);
  memory->header.msg_namelen = 0;
  if (memory->header.msg_name != NULL)
    memory->header.msg_namelen = sizeof memory->name;
  memory->header.msg_controllen = memory->control_size;
  memory->header.msg_flags = 0;
  memset(&memory->name, 0, sizeof memory->name);
  memset(memory->control, 0, memory->control_size);
}

/* How many bytes of control data the field on the top says there are. */
static size_t control_size(lua_State *L) {
  size_t size = 0;
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_tolstring(L, -1, &size);
  } else if (lua_isinteger(L, -1)) {
    lua_Integer wanted = lua_tointeger(L, -1);
    size = wanted < 0 ? CONTROL_MAX + 1 : (size_t)wanted;
  } else if (!lua_isnil(L, -1)) {
    luaL_error(L, "message: 'control' must be a string or a size");
  }
  if (size > CONTROL_MAX)
    luaL_error(L, "message: 'control' is out of range");
  return size;
}

static void set_control(lua_State *L, Message *message, size_t size) {
  MessageMemory *memory = memory_of(message);
  memory->control_size = size;
  memory->header.msg_controllen = size;
  if (size > 0)
    memory->header.msg_control = memory->control;
  if (lua_type(L, -1) == LUA_TSTRING) {
    memcpy(memory->control, lua_tostring(L, -1), size);
    message->writable = false;
  }
}

static void set_name(lua_State *L, Message *message) {
  MessageMemory *memory = memory_of(message);
  const Address *address = addr_test(L, -1);
  if (address != NULL) {
    memcpy(&memory->name, &address->storage, address->length);
    memory->header.msg_namelen = address->length;
    message->writable = false;
  } else if (lua_isboolean(L, -1) && lua_toboolean(L, -1)) {
    memory->header.msg_namelen = sizeof memory->name;
  } else {
    if (!lua_isnoneornil(L, -1) && !lua_isboolean(L, -1))
      luaL_error(L, "message: 'name' must be an Address, or true");
    return;
  }
  memory->header.msg_name = &memory->name;
}

static void set_one(Message *message, const void *bytes, size_t size) {
  MessageMemory *memory = memory_of(message);
  memory->one = (struct iovec){ .iov_base = (void *)bytes, .iov_len = size };
  memory->header.msg_iov = &memory->one;
  memory->header.msg_iovlen = 1;
}

static void set_iov(lua_State *L, Message *message) {
  const Buffer *buffer = buffer_test(L, -1);
  const Iovecs *iovecs = iovecs_test(L, -1);
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t size;
    const char *bytes = lua_tolstring(L, -1, &size);
    set_one(message, bytes, size);
    message->borrows = true;
  } else if (buffer != NULL && buffer->bytes != NULL) {
    set_one(message, buffer->bytes, buffer->size);
    if (buffer->mem != NULL)
      mem_add_part(message->mem, buffer->mem);
    else
      message->borrows = true;
  } else if (iovecs != NULL && iovecs->mem != NULL) {
    memory_of(message)->header.msg_iov = (void *)iovecs->mem->bytes;
    memory_of(message)->header.msg_iovlen = iovecs->count;
    mem_add_part(message->mem, iovecs->mem);
    message->borrows = !iovecs->writable;
  } else if (!lua_isnil(L, -1)) {
    luaL_error(L, buffer != NULL
                      ? "message: 'iov' is a closed buffer"
                      : "message: 'iov' must be a string, a Buffer or an "
                        "Iovecs");
  }
}

/*
** message{iov=, name=, control=} -> Message for sendmsg and recvmsg.  iov is
** a string, a Buffer or an Iovecs; name an Address to send to, or true where
** the sender's shall be told; control a string to send, or how many bytes
** there shall be room for.  sendmsg(2), recvmsg(2)
*/
static int msg_new(lua_State *L) {
  static const char *const known[] = { "iov", "name", "control", NULL };
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  fields_check_names(L, 1, "message", known);
  Message *message = lua_newuserdatauv(L, sizeof *message, KEPT);
  *message = (Message){ .mem = NULL, .writable = true };
  luaL_setmetatable(L, MESSAGE_TYPE);
  lua_getfield(L, 1, "control");
  size_t size = control_size(L);
  message->mem = mem_new(sizeof(MessageMemory) + size, _Alignof(max_align_t));
  if (message->mem == NULL || !mem_reserve_parts(message->mem, 1))
    return luaL_error(L, "message: not enough memory");
  set_control(L, message, size);
  lua_setiuservalue(L, 2, 1);
  lua_getfield(L, 1, "name");
  set_name(L, message);
  lua_setiuservalue(L, 2, 2);
  lua_getfield(L, 1, "iov");
  set_iov(L, message);
  lua_setiuservalue(L, 2, 3);
  message->writable = message->writable && !message->borrows;
  return 1;
}

/* message:name() -> Address that it was received from, or nil */
static int msg_name(lua_State *L) {
  const MessageMemory *memory = memory_of(check_self(L));
  socklen_t length = memory->header.msg_namelen;
  if (memory->header.msg_name == NULL || length == 0 ||
      memory->name.ss_family == AF_UNSPEC) {
    lua_pushnil(L);
    return 1;
  }
  if (length > sizeof memory->name)
    length = sizeof memory->name;
  addr_push(L, &memory->name, length);
  return 1;
}

/* message:control() -> the bytes of control data that came with it */
static int msg_control(lua_State *L) {
  const MessageMemory *memory = memory_of(check_self(L));
  static const char nothing[sizeof(size_t)]; /* for a cmsg_len */
  size_t size = memory->header.msg_controllen;
  if (size > memory->control_size)
    size = memory->control_size;
  size_t head = size < sizeof nothing ? size : sizeof nothing;
  if (memcmp(memory->control, nothing, head) == 0)
    size = 0; /* none was received */
  lua_pushlstring(L, memory->control, size);
  return 1;
}

/* message:flags() -> integer, the MSG_ flags that it was received with */
static int msg_flags(lua_State *L) {
  int flags = msg_header(check_self(L))->msg_flags;
  lua_pushinteger(L, flags & ~MSG_CMSG_CLOEXEC); /* that we have set */
  return 1;
}

/*
** message:room() -> how many bytes there are for a name and for control
** data, as recvmsg_multishot lays them out
*/
static int msg_room(lua_State *L) {
  const MessageMemory *memory = memory_of(check_self(L));
  lua_pushinteger(L, memory->header.msg_name != NULL ? sizeof memory->name : 0);
  lua_pushinteger(L, (lua_Integer)memory->control_size);
  return 2;
}

/* tostring(message) -> "uring.Message (2 parts)" */
static int msg_tostring(lua_State *L) {
  const Message *message = luaL_checkudata(L, 1, MESSAGE_TYPE);
  size_t parts = message->mem ? msg_header(message)->msg_iovlen : 0;
  lua_pushfstring(L, "%s (%d part%s)", MESSAGE_TYPE, (int)parts,
                  parts == 1 ? "" : "s");
  return 1;
}

/* __gc(message): an op in flight keeps the memory for as long as it needs */
static int msg_gc(lua_State *L) {
  Message *message = luaL_checkudata(L, 1, MESSAGE_TYPE);
  if (message->mem != NULL)
    mem_drop(message->mem);
  message->mem = NULL;
  return 0;
}

static const luaL_Reg functions[] = {
  { "message", msg_new },
  { NULL, NULL },
};

static const luaL_Reg methods[] = {
  { "control", msg_control }, { "flags", msg_flags }, { "name", msg_name },
  { "room", msg_room },       { NULL, NULL },
};

static const luaL_Reg metamethods[] = {
  { "__gc", msg_gc },
  { "__tostring", msg_tostring },
  { NULL, NULL },
};

void msg_open(lua_State *L) {
  luaL_newmetatable(L, MESSAGE_TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
