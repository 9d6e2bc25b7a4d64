/*
** uapi.h - structures of the kernel's interface that an older liburing lacks,
** under names of our own.  Includes nothing of ours.
*/
#ifndef uring_uapi_h
#define uring_uapi_h

#include <linux/time_types.h>
#include <stdint.h>

/* struct io_uring_buf_reg */
typedef struct {
  uint64_t ring_addr;
  uint32_t ring_entries;
  uint16_t bgid, flags;
  uint32_t min_left;
  uint32_t resv[5];
} UapiBufReg;

/* struct io_uring_buf_status */
typedef struct {
  uint32_t buf_group, head;
  uint32_t resv[8];
} UapiBufStatus;

/* struct io_uring_napi */
typedef struct {
  uint32_t busy_poll_to;
  uint8_t prefer_busy_poll, opcode, pad[2];
  uint32_t op_param, resv;
} UapiNapi;

/* struct io_uring_clock_register */
typedef struct {
  uint32_t clockid;
  uint32_t resv[3];
} UapiClock;

/* struct io_uring_clone_buffers */
typedef struct {
  uint32_t src_fd, flags, src_off, dst_off, nr;
  uint32_t pad[3];
} UapiCloneBuffers;

/* struct io_uring_region_desc */
typedef struct {
  uint64_t user_addr, size;
  uint32_t flags, id;
  uint64_t mmap_offset;
  uint64_t resv[4];
} UapiRegionDesc;

/* struct io_uring_mem_region_reg */
typedef struct {
  uint64_t region_uptr, flags;
  uint64_t resv[2];
} UapiMemRegion;

/* struct io_uring_reg_wait */
typedef struct {
  struct __kernel_timespec ts;
  uint32_t min_wait_usec, flags;
  uint64_t sigmask;
  uint32_t sigmask_sz;
  uint32_t pad[3];
  uint64_t pad2[2];
} UapiRegWait;

/* struct io_uring_getevents_arg */
typedef struct {
  uint64_t sigmask;
  uint32_t sigmask_sz, min_wait_usec;
  uint64_t ts;
} UapiGetevents;

/* struct io_uring_sync_cancel_reg */
typedef struct {
  uint64_t addr;
  int32_t fd;
  uint32_t flags;
  struct __kernel_timespec timeout;
  uint8_t opcode, pad[7];
  uint64_t pad2[3];
} UapiSyncCancel;

/* struct io_uring_query_hdr */
typedef struct {
  uint64_t next_entry, query_data;
  uint32_t query_op, size;
  int32_t result;
  uint32_t resv[3];
} UapiQueryHeader;

/* struct io_uring_query_opcode */
typedef struct {
  uint32_t request_opcodes, register_opcodes;
  uint64_t feature_flags, setup_flags, enter_flags, sqe_flags;
  uint32_t query_opcodes, pad;
} UapiQueryOpcodes;

/* struct io_uring_zcrx_area_reg */
typedef struct {
  uint64_t addr, len, rq_area_token;
  uint32_t flags, dmabuf_fd;
  uint64_t resv[2];
} UapiZcrxArea;

/* struct io_uring_zcrx_ifq_reg */
typedef struct {
  uint32_t if_idx, if_rxq, rq_entries, flags;
  uint64_t area_ptr, region_ptr;
  struct {
    uint32_t head, tail, rqes, resv2;
    uint64_t resv[2];
  } offsets;
  uint32_t zcrx_id, rx_buf_len;
  uint64_t resv[3];
} UapiZcrxIfq;

/* struct zcrx_ctrl */
typedef struct {
  uint32_t zcrx_id, op;
  uint64_t resv[8];
} UapiZcrxCtrl;

/* struct io_uring_bpf, with its struct io_uring_bpf_filter */
typedef struct {
  uint16_t cmd_type, cmd_flags;
  uint32_t resv;
  uint32_t opcode, flags, filter_len;
  uint8_t pdu_size, resv1[3];
  uint64_t filter_ptr;
  uint64_t resv2[5];
} UapiBpf;

/* struct futex_waitv */
typedef struct {
  uint64_t val, uaddr;
  uint32_t flags, resv;
} UapiFutexWaitv;

/* struct open_how */
typedef struct {
  uint64_t flags, mode, resolve;
} UapiOpenHow;

/* struct statx_timestamp */
typedef struct {
  int64_t sec;
  uint32_t nsec;
  int32_t resv;
} UapiStatxTime;

/* struct statx */
typedef struct {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, resv;
  uint64_t ino, size, blocks, attributes_mask;
  UapiStatxTime atime, btime, ctime, mtime;
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mnt_id;
  uint64_t resv2[13];
} UapiStatx;
#define UAPI_STATX_MNT_ID_UNIQUE 0x4000

/* struct mnt_id_req, as it was at first */
typedef struct {
  uint32_t size, resv;
  uint64_t mnt_id, param;
} UapiMountAsked;
#define UAPI_STATMOUNT_SB_BASIC 1

/* struct statmount */
typedef struct {
  uint32_t size, mnt_opts;
  uint64_t mask;
  uint32_t sb_dev_major, sb_dev_minor;
  uint64_t sb_magic;
  uint64_t resv[60];
} UapiMount;

#endif
