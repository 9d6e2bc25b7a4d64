/*
** compat.h - numbers of the kernel's interface that an older liburing or libc
** lacks.
**
** Debian 12 has liburing 2.3, which is as old as Linux 6.0.  What is newer
** stands here whatever the installed header has: opcodes as macros, which
** hide an enumerator of the same name and value.  So nothing asks for a
** version.  Structures are in uapi.h, helpers in prep.h.
*/
#ifndef uring_compat_h
#define uring_compat_h

#include "uapi.h"

#include <liburing.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define IORING_OP_READ_MULTISHOT   49
#define IORING_OP_WAITID           50
#define IORING_OP_FUTEX_WAIT       51
#define IORING_OP_FUTEX_WAKE       52
#define IORING_OP_FUTEX_WAITV      53
#define IORING_OP_FIXED_FD_INSTALL 54
#define IORING_OP_FTRUNCATE        55
#define IORING_OP_BIND             56
#define IORING_OP_LISTEN           57
#define IORING_OP_RECV_ZC          58
#define IORING_OP_EPOLL_WAIT       59
#define IORING_OP_READV_FIXED      60
#define IORING_OP_WRITEV_FIXED     61
#define IORING_OP_PIPE             62
#define IORING_OP_NOP128           63
#define IORING_OP_URING_CMD128     64

#define IORING_UNREGISTER_PBUF_RING      23
#define IORING_REGISTER_SYNC_CANCEL      24
#define IORING_REGISTER_FILE_ALLOC_RANGE 25
#define IORING_REGISTER_PBUF_STATUS      26
#define IORING_REGISTER_NAPI             27
#define IORING_UNREGISTER_NAPI           28
#define IORING_REGISTER_CLOCK            29
#define IORING_REGISTER_CLONE_BUFFERS    30
#define IORING_REGISTER_SEND_MSG_RING    31
#define IORING_REGISTER_ZCRX_IFQ         32
#define IORING_REGISTER_RESIZE_RINGS     33
#define IORING_REGISTER_MEM_REGION       34
#define IORING_REGISTER_QUERY            35
#define IORING_REGISTER_ZCRX_CTRL        36
#define IORING_REGISTER_BPF_FILTER       37

#define IORING_REGISTER_USE_REGISTERED_RING (1U << 31)
#define IORING_REGISTER_SRC_REGISTERED      (1U << 0)
#define IORING_REGISTER_DST_REPLACE         (1U << 1)
#define IORING_MEM_REGION_TYPE_USER         1
#define IORING_MEM_REGION_REG_WAIT_ARG      1
#define IORING_REG_WAIT_TS                  (1U << 0)
#define IOU_PBUF_RING_MMAP                  1
#define IOU_PBUF_RING_INC                   2
#define IO_URING_QUERY_OPCODES              0
#define IO_URING_NAPI_REGISTER_OP           0

#define SOCKET_URING_OP_SIOCINQ     0
#define SOCKET_URING_OP_SIOCOUTQ    1
#define SOCKET_URING_OP_GETSOCKOPT  2
#define SOCKET_URING_OP_SETSOCKOPT  3
#define SOCKET_URING_OP_GETSOCKNAME 5

/* Flags are macros in the header too; the first that it may lack. */
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#endif
#ifndef IORING_SETUP_REGISTERED_FD_ONLY
#define IORING_SETUP_REGISTERED_FD_ONLY (1U << 15)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_SETUP_HYBRID_IOPOLL
#define IORING_SETUP_HYBRID_IOPOLL (1U << 17)
#endif
#ifndef IORING_SETUP_CQE_MIXED
#define IORING_SETUP_CQE_MIXED (1U << 18)
#endif
#ifndef IORING_SETUP_SQE_MIXED
#define IORING_SETUP_SQE_MIXED (1U << 19)
#endif
#ifndef IORING_SETUP_SQ_REWIND
#define IORING_SETUP_SQ_REWIND (1U << 20)
#endif

#ifndef IORING_FEAT_REG_REG_RING
#define IORING_FEAT_REG_REG_RING (1U << 13)
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)
#endif
#ifndef IORING_FEAT_MIN_TIMEOUT
#define IORING_FEAT_MIN_TIMEOUT (1U << 15)
#endif
#ifndef IORING_FEAT_RW_ATTR
#define IORING_FEAT_RW_ATTR (1U << 16)
#endif
#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17)
#endif

#ifndef IORING_CQE_F_BUF_MORE
#define IORING_CQE_F_BUF_MORE (1U << 4)
#endif
#ifndef IORING_CQE_F_SKIP
#define IORING_CQE_F_SKIP (1U << 5)
#endif
#ifndef IORING_CQE_F_32
#define IORING_CQE_F_32 (1U << 15)
#endif

#ifndef IORING_ENTER_EXT_ARG_REG
#define IORING_ENTER_EXT_ARG_REG (1U << 6)
#endif
#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7)
#endif

#ifndef IORING_ASYNC_CANCEL_OP
#define IORING_ASYNC_CANCEL_OP (1U << 5)
#endif
#ifndef IORING_ASYNC_CANCEL_USERDATA
#define IORING_ASYNC_CANCEL_USERDATA (1U << 4)
#endif
#ifndef IORING_TIMEOUT_MULTISHOT
#define IORING_TIMEOUT_MULTISHOT (1U << 6)
#endif
#ifndef IORING_SEND_ZC_REPORT_USAGE
#define IORING_SEND_ZC_REPORT_USAGE (1U << 3)
#endif
#ifndef IORING_RECVSEND_BUNDLE
#define IORING_RECVSEND_BUNDLE (1U << 4)
#endif
#ifndef IORING_SEND_VECTORIZED
#define IORING_SEND_VECTORIZED (1U << 5)
#endif
#ifndef IORING_ACCEPT_DONTWAIT
#define IORING_ACCEPT_DONTWAIT (1U << 1)
#endif
#ifndef IORING_ACCEPT_POLL_FIRST
#define IORING_ACCEPT_POLL_FIRST (1U << 2)
#endif
#ifndef IORING_NOTIF_USAGE_ZC_COPIED
#define IORING_NOTIF_USAGE_ZC_COPIED (1U << 31)
#endif
#ifndef IORING_MSG_RING_FLAGS_PASS
#define IORING_MSG_RING_FLAGS_PASS (1U << 1)
#endif
#ifndef IORING_FIXED_FD_NO_CLOEXEC
#define IORING_FIXED_FD_NO_CLOEXEC (1U << 0)
#endif
#ifndef IORING_POLL_ADD_LEVEL
#define IORING_POLL_ADD_LEVEL (1U << 3)
#endif
#ifndef IORING_FILE_INDEX_ALLOC
#define IORING_FILE_INDEX_ALLOC (~0U)
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif
#ifndef FUTEX2_SIZE_U32
#define FUTEX2_SIZE_U32 0x02
#endif
#ifndef FUTEX2_PRIVATE
#define FUTEX2_PRIVATE 0x80
#endif

#endif
