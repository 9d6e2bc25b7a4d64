---@meta uring.core
-- Written by tools/gen.lua from csrc/: make generate
-- Types for editors.  Programs do not need it.

--- A socket's address, IPv4, IPv6 or Unix.
---@class uring.Address
---@field family string
---@field host? string
---@field port? integer
---@field path? string
local Address = {}

--- Buffers that the kernel picks from (bgid).
---@class uring.BufRing
local BufRing = {}

--- bufring:add(string) -> bid of a buffer that was filled with it, for the
--- kernel to send; or nil, message, ENOBUFS where none is free. Of a ring that
--- was made with source=true. io_uring_buf_ring_add(3)
---@param string string
---@return integer?
function BufRing:add(string) end

--- bufring:available() -> how many buffers the kernel may pick from
---@return integer
function BufRing:available() end

--- bufring:bgid() -> its group number, for set_buf_group
---@return integer
function BufRing:bgid() end

--- bufring:close(), once more is nothing; ops in flight keep their bytes
function BufRing:close() end

--- bufring:head() -> how many buffers the kernel has picked, modulo 65536; or
--- nil, message, code. io_uring_buf_ring_head(3), Linux 6.8.
---@return integer?
---@return string? message
---@return integer? code
function BufRing:head() end

--- bufring:recycle(bid_or_view) gives back to the kernel: what completions have
--- left in a buffer, unread, by its number; or a view, once
---@param bid_or_view integer|uring.Buffer
function BufRing:recycle(bid_or_view) end

--- bufring:string(flags, res) -> the bytes that a completion with these flags
--- and result left in a buffer, or (a bundle) in several; they are recycled.
--- Take completions of one buffer in their order.
---@param flags integer
---@param res integer
---@return string
function BufRing:string(flags, res) end

--- bufring:view(flags, res) -> Buffer of the same bytes, not copied; of a
--- bundle, one for each buffer that it fills. They go back when the view is
--- closed or recycled: until then the kernel has fewer to pick from.
---@param flags integer
---@param res integer
---@return uring.Buffer
function BufRing:view(flags, res) end

--- Bytes that the kernel may read or fill.
---@class uring.Buffer
---@operator len: integer
local Buffer = {}

--- buffer:byte([i]) -> the byte at position i (1), or nothing outside
---@param i? integer
---@return integer?
function Buffer:byte(i) end

--- buffer:close() lets go of the bytes; a view of a buffer ring gives them
--- back. Slices of it, and ops in flight, keep what they need. Once more is
--- nothing.
function Buffer:close() end

--- buffer:find(text [, i]) -> first, last position of text from i on, or nil
---@param text string
---@param i? integer
---@return integer?
---@return integer?
function Buffer:find(text, i) end

--- buffer:set(i, string) -> buffer, with the string written at position i
---@param i integer
---@param string string
---@return uring.Buffer
function Buffer:set(i, string) end

--- buffer:slice([i [, j]]) is slice(buffer, i, j)
---@param i? integer
---@param j? integer
---@return uring.Buffer
function Buffer:slice(i, j) end

--- buffer:sub([i [, j]]) -> the bytes i to j as a string, as string.sub
---@param i? integer
---@param j? integer
---@return string
function Buffer:sub(i, j) end

--- buffer:tostring() -> all its bytes as a string
---@return string
function Buffer:tostring() end

--- What the CQ says, one entry at a time or all in a row.
---@class uring.CQE
---@field data any
---@field res integer
---@field flags integer
local CQE = {}

--- cqe:big() -> two integers, the further 16 bytes of a CQE of 32 bytes; or
--- nil: this one has but 16 (see the setup flags cqe32 and cqe_mixed)
---@return integer?
---@return integer?
function CQE:big() end

--- cqe:buffer_id() -> the bid of the buffer it lends, or nil
---@return integer?
function CQE:buffer_id() end

--- cqe:more() -> whether the op will post further CQEs
---@return boolean
function CQE:more() end

--- cqe:notif() -> whether this is the notification of a zero-copy send
---@return boolean
function CQE:notif() end

--- Ops that run one after the other.
---@class uring.Chain
local Chain = {}

--- chain:get_sqe() -> SQE, which runs when the one before it has succeeded
---@return uring.SQE
function Chain:get_sqe() end

--- chain:get_sqe128() -> SQE of 128 bytes, see ring:get_sqe128
---@return uring.SQE
function Chain:get_sqe128() end

--- Several futexes to wait for at once.
---@class uring.Futexes
---@operator len: integer
local Futexes = {}

--- Several Buffers and strings for one op.
---@class uring.Iovecs
---@operator len: integer
local Iovecs = {}

--- What sendmsg sends and recvmsg fills.
---@class uring.Message
local Message = {}

--- message:control() -> the bytes of control data that came with it
---@return string
function Message:control() end

--- message:flags() -> integer, the MSG_ flags that it was received with
---@return integer
function Message:flags() end

--- message:name() -> Address that it was received from, or nil
---@return uring.Address?
function Message:name() end

--- message:room() -> how many bytes there are for a name and for control data,
--- as recvmsg_multishot lays them out
---@return integer
function Message:room() end

--- A ring as Lua sees it.
---@class uring.Ring
local Ring = {}

--- ring:buf_ring{bgid=, entries=, size=, first=, incremental=, mapped=,
--- source=, views=} -> BufRing of so many buffers of 'size' bytes, or nil,
--- message, code. entries is a power of two. first: so many of them are
--- provided (default: all), and as many more each time an op has found none,
--- until a thousand turns have done with fewer. incremental: the kernel fills a
--- buffer piece by piece (Linux 6.12). mapped: it allocates the entries (6.4).
--- source: begins empty, to send from. views: what uring.op receives into it is
--- a view, not a string. EBUSY: an op in flight still selects from a closed
--- ring of this number. io_uring_register_buf_ring(3), Linux 5.19.
---@param options table
---@return uring.BufRing?
---@return string? message
---@return integer? code
function Ring:buf_ring(options) end

--- ring:chain(body) -> how many SQEs it has. Calls body with a Chain, whose
--- get_sqe gives SQEs that are linked: each runs when the one before it has
--- succeeded, with io_hardlink in its flags also when it has failed. All go
--- into the SQ together, after a submit where it has no room for them; where
--- body raises, none does. Raises where they are more than the SQ has entries.
--- The first ones may have cqe_skip_success in their flags: they post a CQE
--- only where they fail, and then nothing behind them does. Not every op counts
--- as failed for the kernel: fsync, renameat and the like do not end a chain.
--- io_uring_enter(2), IOSQE_IO_LINK.
---@param body fun(chain: uring.Chain)
---@return integer
function Ring:chain(body) end

--- ring:clone_buffers(source [, {src_off=, dst_off=, nr=, replace=}]) -> true,
--- or nil, message, code: registers the buffers of another ring here too, by
--- the same indices; or nr of them from the index src_off on, here from dst_off
--- on (Linux 6.13); replace: though there are some here.
--- io_uring_clone_buffers(3), Linux 6.12.
---@param source uring.Ring
---@param options? table
---@return true?
---@return string? message
---@return integer? code
function Ring:clone_buffers(source, options) end

--- ring:close(): cancels and drains what is in flight first; once more is
--- nothing. Also for a <close> variable, and for the collector.
function Ring:close() end

--- ring:close_ring_fd() -> true, or nil, message, code: gives the descriptor of
--- a ring back that has registered it. io_uring_close_ring_fd(3), Linux 6.3.
---@return true?
---@return string? message
---@return integer? code
function Ring:close_ring_fd() end

--- ring:cq_has_overflow() -> whether CQEs wait in the kernel for room
---@return boolean
function Ring:cq_has_overflow() end

--- ring:cq_ready() -> how many CQEs are there to be taken; on a ring with
--- cqe_mixed one of 32 bytes counts twice
---@return integer
function Ring:cq_ready() end

--- ring:cqe_seen(cqe) gives the entry at the head back to the kernel; the op is
--- over if it was its last. Each CQE once. io_uring_cqe_seen(3)
---@param cqe uring.CQE
function Ring:cqe_seen(cqe) end

--- for res, flags, data in ring:cqes() do ... end takes every CQE that is
--- there, without an object for each. res comes first: data may be nil.
---@return fun(ring: uring.Ring): integer?, integer?, any
---@return uring.Ring
function Ring:cqes() end

--- ring:enable_rings() -> true, or nil, message, code: a ring that was set up
--- with r_disabled takes SQEs from now on. io_uring_enable_rings(3), Linux
--- 5.10.
---@return true?
---@return string? message
---@return integer? code
function Ring:enable_rings() end

--- ring:features() -> the set of IORING_FEAT_* names: {nodrop=true, ...}
---@return table<string, true>
function Ring:features() end

--- ring:fileno() -> its descriptor, readable where there are CQEs
---@return integer
function Ring:fileno() end

--- ring:flags() -> the set of IORING_SETUP_* names that it runs with
---@return table<string, true>
function Ring:flags() end

--- ring:get_sqe() -> SQE, or nil where the SQ is full: submit, then ask again.
--- Submitted as it is, it completes as a nop. io_uring_get_sqe(3)
---@return uring.SQE?
function Ring:get_sqe() end

--- ring:get_sqe128() -> SQE of 128 bytes, or nil where the SQ has no room. The
--- ring is one with sqe128 or sqe_mixed. io_uring_get_sqe128(3)
---@return uring.SQE?
function Ring:get_sqe128() end

--- ring:in_flight() -> how many ops have not had their final CQE taken
---@return integer
function Ring:in_flight() end

--- ring:params() -> {sq_entries=, cq_entries=, flags=, features=,
--- sq_thread_cpu=, sq_thread_idle=, wq_fd=, sq_off={}, cq_off={}}, as
--- io_uring_setup(2) filled them in
---@return table
function Ring:params() end

--- ring:peek_cqe() -> CQE at the head of the CQ, or nil: there is none. Enters
--- the kernel only where the ring says that it must: one with defer_taskrun and
--- without taskrun_flag shows what submit or a wait has brought.
---@return uring.CQE?
function Ring:peek_cqe() end

--- ring:probe() -> {[row] = true} for each row whose opcode this kernel has, or
--- nil, message, code. io_uring_register_probe(3).
---@return table<string, true>?
---@return string? message
---@return integer? code
function Ring:probe() end

--- ring:register_bpf_filter(opcode, string [, flags]) -> true, or nil, message,
--- code: a program of classic BPF, as an array of struct sock_filter, that lets
--- ops of an opcode pass where it returns 1. io_uring_register_bpf_filter(3),
--- Linux 7.0.
---@param opcode integer
---@param string string
---@param flags? integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_bpf_filter(opcode, string, flags) end

--- ring:register_buffers(buffers [, tags]) -> true, or nil, message, code.
--- buffers is a list, whose first has the index 0 for read_fixed and the like;
--- false leaves a place empty. tags are integers: one comes with a CQE once its
--- buffer is gone and no op uses it. EBUSY: there are some already.
--- io_uring_register_buffers(3), Linux 5.1; tags 5.13.
---@param buffers (uring.Buffer|false)[]
---@param tags? integer[]
---@return true?
---@return string? message
---@return integer? code
function Ring:register_buffers(buffers, tags) end

--- ring:register_buffers_sparse(count) -> true, or nil, message, code: so many
--- empty places, for register_buffers_update.
--- io_uring_register_buffers_sparse(3), Linux 5.19.
---@param count integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_buffers_sparse(count) end

--- ring:register_buffers_update(offset, buffers [, tags]) -> how many places
--- have been replaced from the index 'offset' on, or nil, message, code; false
--- empties one. io_uring_register_buffers_update_tag(3), Linux 5.13.
---@param offset integer
---@param buffers (uring.Buffer|false)[]
---@param tags? integer[]
---@return integer?
---@return string? message
---@return integer? code
function Ring:register_buffers_update(offset, buffers, tags) end

--- ring:register_clock(name) -> true, or nil, message, code: "monotonic" or
--- "boottime", the clock of its waits. io_uring_register_clock(3), Linux 6.12.
---@param name "monotonic"|"boottime"
---@return true?
---@return string? message
---@return integer? code
function Ring:register_clock(name) end

--- ring:register_eventfd(fd) -> true, or nil, message, code: new CQEs count up
--- the eventfd; those that come together count once.
--- io_uring_register_eventfd(3), Linux 5.2.
---@param fd integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_eventfd(fd) end

--- ring:register_eventfd_async(fd) -> true, or nil, message, code: the same,
--- but not for ops that complete at once. io_uring_register_eventfd_async(3),
--- Linux 5.6.
---@param fd integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_eventfd_async(fd) end

--- ring:register_file_alloc_range(offset, count) -> true, or nil, message,
--- code: from these slots the kernel takes those that it chooses itself.
--- io_uring_register_file_alloc_range(3), Linux 6.0.
---@param offset integer
---@param count integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_file_alloc_range(offset, count) end

--- ring:register_files(fds [, tags]) -> true, or nil, message, code. fds is a
--- list of descriptors, whose first is the slot 0 for set_fixed_file; -1 leaves
--- a slot empty. The slots stay when the descriptors are closed. tags are
--- integers: one comes with a CQE once its slot was emptied and no op uses it.
--- io_uring_register_files(3), Linux 5.1; tags 5.13.
---@param fds integer[]
---@param tags? integer[]
---@return true?
---@return string? message
---@return integer? code
function Ring:register_files(fds, tags) end

--- ring:register_files_sparse(count) -> true, or nil, message, code: so many
--- empty slots. io_uring_register_files_sparse(3), Linux 5.19.
---@param count integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_files_sparse(count) end

--- ring:register_files_update(offset, fds [, tags]) -> how many slots have been
--- replaced from the slot 'offset' on, or nil, message, code; -1 empties one,
--- -2 leaves it. io_uring_register_files_update(3), Linux 5.5; tags 5.13.
---@param offset integer
---@param fds integer[]
---@param tags? integer[]
---@return integer?
---@return string? message
---@return integer? code
function Ring:register_files_update(offset, fds, tags) end

--- ring:register_ifq{if_idx=, if_rxq=, rq_entries=, flags=} -> Buffer that the
--- card fills, and the zcrx_id that the row recv_zc takes; or nil, message,
--- code. Takes the receive queue if_rxq of the network card if_idx, whose
--- driver must know memory providers and split headers (ethtool -G
--- tcp-data-split on). The ring is one with cqe32 and defer_taskrun.
--- io_uring_register_ifq(3), Linux 6.15.
---@param options table
---@return uring.Buffer?
---@return string? message
---@return integer? code
function Ring:register_ifq(options) end

--- ring:register_iowq_aff(cpus) -> true, or nil, message, code: the list of
--- processors (from 0) that its worker threads run on.
--- io_uring_register_iowq_aff(3), Linux 5.14.
---@param cpus integer[]
---@return true?
---@return string? message
---@return integer? code
function Ring:register_iowq_aff(cpus) end

--- ring:register_iowq_max_workers([bounded [, unbounded]]) -> two integers,
--- what the limits were until now, or nil, message, code. Bounded workers do
--- I/O on files, the others all else; 0 leaves a limit as it is.
--- io_uring_register_iowq_max_workers(3), Linux 5.15.
---@param bounded? integer
---@param unbounded? integer
---@return integer?
---@return integer|string
---@return integer? code
function Ring:register_iowq_max_workers(bounded, unbounded) end

--- ring:register_napi(seconds [, prefer]) -> true, or nil, message, code: how
--- long a wait polls network cards, and whether that goes before their
--- interrupts. io_uring_register_napi(3), Linux 6.9.
---@param seconds number
---@param prefer? boolean
---@return true?
---@return string? message
---@return integer? code
function Ring:register_napi(seconds, prefer) end

--- ring:register_personality() -> integer that stands for the credentials which
--- we have now, for set_personality; or nil, message, code.
--- io_uring_register_personality(3), Linux 5.6.
---@return integer?
---@return string? message
---@return integer? code
function Ring:register_personality() end

--- ring:register_region(count) -> true, or nil, message, code: room for so many
--- registered waits, which the kernel need not copy. The ring must be set up
--- with r_disabled, and not be enabled yet. io_uring_register_region(3), Linux
--- 6.13.
---@param count integer
---@return true?
---@return string? message
---@return integer? code
function Ring:register_region(count) end

--- ring:register_restrictions{register_ops=, sqe_ops=, sqe_flags_allowed=,
--- sqe_flags_required=} -> true, or nil, message, code: what this ring may do
--- once it is enabled, for good. The first two are lists of numbers, the others
--- flags as for set_flags. The ring was set up with r_disabled. What it cannot
--- cancel may outlive Lua: its ops copy strings.
--- io_uring_register_restrictions(3), Linux 5.10.
---@param options table
---@return true?
---@return string? message
---@return integer? code
function Ring:register_restrictions(options) end

--- ring:register_ring_fd() -> true, or nil, message, code: cheaper enters.
--- io_uring_register_ring_fd(3), Linux 5.18.
---@return true?
---@return string? message
---@return integer? code
function Ring:register_ring_fd() end

--- ring:register_sync_cancel{id=, fd=, opcode=, flags=, seconds=} -> true, or
--- nil, message, code. Cancels an op without an SQE and waits until it is over:
--- the one that prep gave this id, or with IORING_ASYNC_CANCEL_FD, _OP, _ANY,
--- _ALL in flags one on a descriptor, of an opcode, any, or all. ETIME: the
--- seconds were over first. io_uring_register_sync_cancel(3), Linux 6.0.
---@param options table
---@return true?
---@return string? message
---@return integer? code
function Ring:register_sync_cancel(options) end

--- ring:register_zcrx_ctrl(zcrx_id, command) -> true, or nil, message, code:
--- "flush_rq" takes the entries of the refill queue at once.
--- io_uring_register_zcrx_ctrl(3), Linux 6.19.
---@param zcrx_id integer
---@param command "flush_rq"
---@return true?
---@return string? message
---@return integer? code
function Ring:register_zcrx_ctrl(zcrx_id, command) end

--- ring:resize_rings(entries [, cq_entries]) -> true, or nil, message, code.
--- Submits what is in the SQ first; CQEs stay. The ring is one with
--- defer_taskrun and no_sqarray. io_uring_resize_rings(3), Linux 6.13.
---@param entries integer
---@param cq_entries? integer
---@return true?
---@return string? message
---@return integer? code
function Ring:resize_rings(entries, cq_entries) end

--- ring:set_iowait(on) -> true, or nil, message, code: whether a wait counts as
--- one for I/O, which keeps the processor fast and looks busy.
--- io_uring_set_iowait(3), Linux 6.15.
---@param on boolean
---@return true?
---@return string? message
---@return integer? code
function Ring:set_iowait(on) end

--- ring:set_reg_wait(number, seconds [, least]) says how long the registered
--- wait of this number lasts, the first being 1.
---@param number integer
---@param seconds number
---@param least? number
function Ring:set_reg_wait(number, seconds, least) end

--- ring:sq_ready() -> how many SQEs wait for submit
---@return integer
function Ring:sq_ready() end

--- ring:sq_space_left() -> how many SQEs get_sqe can still give
---@return integer
function Ring:sq_space_left() end

--- ring:sqring_wait() -> true once the SQ has room, or nil, message, code. Only
--- a ring with sqpoll ever waits. io_uring_sqring_wait(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:sqring_wait() end

--- ring:submit() -> how many SQEs went to the kernel, or nil, message, code
---@return integer?
---@return string? message
---@return integer? code
function Ring:submit() end

--- ring:submit_and_wait(count [, seconds]) -> how many SQEs went to the kernel;
--- nil, "timeout", ETIMEDOUT where fewer CQEs came in time; or nil, message,
--- code. One io_uring_enter(2); another where something cut a wait with a time
--- short.
---@param count integer
---@param seconds? number
---@return integer?
---@return string? message
---@return integer? code
function Ring:submit_and_wait(count, seconds) end

--- ring:submit_and_wait_min_timeout(count, seconds, least) -> how many SQEs
--- went to the kernel. Waits at least 'least' seconds for all the CQEs, and
--- from then on for one. Otherwise as submit_and_wait.
--- io_uring_submit_and_wait_min_timeout(3), Linux 6.12.
---@param count integer
---@param seconds number
---@param least number
---@return integer
function Ring:submit_and_wait_min_timeout(count, seconds, least) end

--- ring:submit_and_wait_reg(count, number) -> how many SQEs went to the kernel,
--- as submit_and_wait, for the time of the registered wait of this number.
--- io_uring_submit_and_wait_reg(3), Linux 6.13.
---@param count integer
---@param number integer
---@return integer
function Ring:submit_and_wait_reg(count, number) end

--- ring:unregister_buffers() -> true, or nil, message, code. Ops that use one
--- go on. Older kernels wait for them first. Tags come with CQEs from Linux
--- 6.13 on. io_uring_unregister_buffers(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_buffers() end

--- ring:unregister_eventfd() -> true, or nil, message, code.
--- io_uring_unregister_eventfd(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_eventfd() end

--- ring:unregister_files() -> true, or nil, message, code. Ops that use one go
--- on. Older kernels wait for them first. Tags come with CQEs from Linux 6.13
--- on. io_uring_unregister_files(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_files() end

--- ring:unregister_iowq_aff() -> true, or nil, message, code.
--- io_uring_unregister_iowq_aff(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_iowq_aff() end

--- ring:unregister_napi() -> true, or nil, message, code.
--- io_uring_unregister_napi(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_napi() end

--- ring:unregister_personality(id) -> true, or nil, message, code.
--- io_uring_unregister_personality(3)
---@param id integer
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_personality(id) end

--- ring:unregister_ring_fd() -> true, or nil, message, code.
--- io_uring_unregister_ring_fd(3)
---@return true?
---@return string? message
---@return integer? code
function Ring:unregister_ring_fd() end

--- ring:wait_cqe([seconds]) -> CQE; nil, "timeout", ETIMEDOUT; or nil, message,
--- code. Submits nothing. io_uring_wait_cqe_timeout(3)
---@param seconds? number
---@return uring.CQE?
---@return string? message
---@return integer? code
function Ring:wait_cqe(seconds) end

--- One entry of the SQ, from get_sqe to submit.
---@class uring.SQE
local SQE = {}

--- sqe:id() -> what prep returned
---@return integer
function SQE:id() end

--- sqe:set_buf_group(bgid) -> sqe. Its buffer comes from the BufRing of this
--- number, or from what provide_buffers gave; raises where the ring has
--- neither.
---@param bgid integer
---@return uring.SQE
function SQE:set_buf_group(bgid) end

--- sqe:set_data(value) -> sqe. The value comes back with each CQE of this op,
--- unchanged, and is let go after the last. io_uring_sqe_set_data(3)
---@param value any
---@return uring.SQE
function SQE:set_data(value) end

--- sqe:set_fixed_file() -> sqe, whose descriptor is a slot, see register_files
---@return uring.SQE
function SQE:set_fixed_file() end

--- sqe:set_flags(...) -> sqe. Names ("io_link", "async", ...), lists of them,
--- or integers; they replace those that were set, as io_uring_sqe_set_flags(3)
--- does. cqe_skip_success only in a chain.
---@param ... any
---@return uring.SQE
function SQE:set_flags(...) end

--- sqe:set_ioprio(bits) -> sqe. For files the priority, as ioprio_set(2) has
--- it; for sockets flags such as IORING_RECVSEND_POLL_FIRST, which add to those
--- of the row.
---@param bits integer
---@return uring.SQE
function SQE:set_ioprio(bits) end

--- sqe:set_personality(id) -> sqe, which acts with the credentials that
--- register_personality gave this number
---@param id integer
---@return uring.SQE
function SQE:set_personality(id) end

--- sqe:set_raw{opcode=, ioprio=, fd=, off=, addr=, len=, op_flags=, buf_index=,
--- personality=, file_index=, addr3=} -> sqe, with these fields and zero in all
--- others; flags are for set_flags. addr is a Buffer or a string, which is kept
--- until the final CQE, or an integer. Nothing else is checked: the kernel
--- reads and writes where an integer leads it. io_uring_enter(2)
---@param options table
---@return uring.SQE
function SQE:set_raw(options) end

--- Completes at once. Linux 5.1, io_uring_prep_nop(3)
---@return integer id
function SQE:prep_nop() end

--- Reads into several Buffers; 0 is the end of the file. Linux 5.1,
--- io_uring_prep_readv(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer id
function SQE:prep_readv(fd, iovecs, offset) end

--- Reads into several Buffers with RWF_ flags. Linux 5.1,
--- io_uring_prep_readv2(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@return integer id
function SQE:prep_readv2(fd, iovecs, offset, flags) end

--- Writes several strings and Buffers; may write fewer bytes. Linux 5.1,
--- io_uring_prep_writev(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of strings and Buffers
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer id
function SQE:prep_writev(fd, iovecs, offset) end

--- Writes several strings and Buffers with RWF_ flags. Linux 5.1,
--- io_uring_prep_writev2(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of strings and Buffers
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@return integer id
function SQE:prep_writev2(fd, iovecs, offset, flags) end

--- Brings a file's data to its device. Linux 5.1, io_uring_prep_fsync(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_fsync(fd, flags) end

--- Reads into a registered Buffer, or a slice of one. Linux 5.1,
--- io_uring_prep_read_fixed(3)
---@param fd integer a descriptor
---@param buf uring.Buffer a Buffer to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param buf_index integer the index of a registered Buffer
---@return integer id
function SQE:prep_read_fixed(fd, buf, offset, buf_index) end

--- Writes the bytes of a registered Buffer, or of a slice of one. Linux 5.1,
--- io_uring_prep_write_fixed(3)
---@param fd integer a descriptor
---@param buf uring.Buffer
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param buf_index integer the index of a registered Buffer
---@return integer id
function SQE:prep_write_fixed(fd, buf, offset, buf_index) end

--- Waits until a descriptor has one of the poll events. Linux 5.1,
--- io_uring_prep_poll_add(3)
---@param fd integer a descriptor
---@param events integer
---@return integer id
function SQE:prep_poll_add(fd, events) end

--- Tells each time that a descriptor gets one of the poll events. Linux 5.13,
--- io_uring_prep_poll_multishot(3)
---@param fd integer a descriptor
---@param events integer
---@return integer id
function SQE:prep_poll_multishot(fd, events) end

--- Ends the poll that prep gave this id; it still completes. Linux 5.1,
--- io_uring_prep_poll_remove(3)
---@param target integer what `prep` returned for another op
---@return integer id
function SQE:prep_poll_remove(target) end

--- Changes the events that a poll waits for. Linux 5.13,
--- io_uring_prep_poll_update(3)
---@param target integer what `prep` returned for another op
---@param events integer
---@param flags? integer default IORING_POLL_UPDATE_EVENTS
---@return integer id
function SQE:prep_poll_update(target, events, flags) end

--- Brings part of a file's data to its device. Linux 5.2,
--- io_uring_prep_sync_file_range(3)
---@param fd integer a descriptor
---@param length integer
---@param offset? integer bytes, default 0
---@param flags? integer default 0
---@return integer id
function SQE:prep_sync_file_range(fd, length, offset, flags) end

--- Sends a message: several parts, an address, control data. Linux 5.3,
--- io_uring_prep_sendmsg(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to send
---@param flags? integer default MSG_NOSIGNAL
---@return integer id
function SQE:prep_sendmsg(fd, message, flags) end

--- Receives a message with its sender and control data. Linux 5.3,
--- io_uring_prep_recvmsg(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to fill
---@param flags? integer default MSG_CMSG_CLOEXEC
---@return integer id
function SQE:prep_recvmsg(fd, message, flags) end

--- Receives messages, each into a buffer that unpack_recvmsg reads. Linux 6.0,
--- io_uring_prep_recvmsg_multishot(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to fill
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default MSG_CMSG_CLOEXEC
---@return integer id
function SQE:prep_recvmsg_multishot(fd, message, ring, flags) end

--- Completes when the time is over, or after count other completions. Linux
--- 5.4, io_uring_prep_timeout(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param count? integer default 0
---@param flags? integer default 0
---@return integer id
function SQE:prep_timeout(after, count, flags) end

--- Completes each time that so much time has passed, count times or for ever.
--- Linux 6.4, io_uring_prep_timeout(3)
---@param every number|integer[] seconds, or `{seconds, nanoseconds}`
---@param count? integer default 0
---@param flags? integer default 0
---@return integer id
function SQE:prep_timeout_multishot(every, count, flags) end

--- Ends the timeout that prep gave this id; it still completes. Linux 5.5,
--- io_uring_prep_timeout_remove(3)
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return integer id
function SQE:prep_timeout_remove(target, flags) end

--- Gives a timeout that runs another time. Linux 5.11,
--- io_uring_prep_timeout_update(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return integer id
function SQE:prep_timeout_update(after, target, flags) end

--- Takes one connection off a listening socket. Linux 5.5,
--- io_uring_prep_accept(3)
---@param fd integer a descriptor
---@param peer? uring.Buffer a Buffer of 128 bytes for the peer's address, which
--- `unpack_sockaddr` reads
---@param flags? integer default SOCK_CLOEXEC
---@return integer id
function SQE:prep_accept(fd, peer, flags) end

--- Takes one connection into a slot of the registered files. Linux 5.15,
--- io_uring_prep_accept_direct(3)
---@param fd integer a descriptor
---@param peer? uring.Buffer a Buffer of 128 bytes for the peer's address, which
--- `unpack_sockaddr` reads
---@param flags? integer default 0
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer id
function SQE:prep_accept_direct(fd, peer, flags, file_index) end

--- Takes connections off a listening socket until it is cancelled. Linux 5.19,
--- io_uring_prep_multishot_accept(3)
---@param fd integer a descriptor
---@param flags? integer default SOCK_CLOEXEC
---@return integer id
function SQE:prep_multishot_accept(fd, flags) end

--- Takes connections into free slots of the registered files. Linux 5.19,
--- io_uring_prep_multishot_accept_direct(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_multishot_accept_direct(fd, flags) end

--- Cancels the op that prep gave this id; it still completes. Linux 5.5,
--- io_uring_prep_cancel64(3)
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel(target, flags) end

--- Cancels an op on a descriptor, or with CANCEL_ALL every one. Linux 5.19,
--- io_uring_prep_cancel_fd(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel_fd(fd, flags) end

--- Cancels every op of the ring, and tells how many. Linux 5.19,
--- io_uring_prep_cancel64(3)
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel_any(flags) end

--- Cancels an op on a registered file, or with CANCEL_ALL every one. Linux 6.0,
--- io_uring_prep_cancel_fd(3)
---@param slot integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel_fixed_fd(slot, flags) end

--- Cancels an op of this opcode, or with CANCEL_ALL every one. Linux 6.6,
--- io_uring_prep_cancel64(3)
---@param opcode integer
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel_opcode(opcode, flags) end

--- Cancels the op that is linked to it when the time is over. Linux 5.5,
--- io_uring_prep_link_timeout(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param flags? integer default 0
---@return integer id
function SQE:prep_link_timeout(after, flags) end

--- Connects a socket to an address. Linux 5.5, io_uring_prep_connect(3)
---@param fd integer a descriptor
---@param address uring.Address
---@return integer id
function SQE:prep_connect(fd, address) end

--- Gives part of a file room on its device, or takes it away. Linux 5.6,
--- io_uring_prep_fallocate(3)
---@param fd integer a descriptor
---@param mode integer
---@param offset integer bytes
---@param length integer bytes
---@return integer id
function SQE:prep_fallocate(fd, mode, offset, length) end

--- Opens a file; the descriptor is close-on-exec. Linux 5.6,
--- io_uring_prep_openat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default O_RDONLY
---@param mode? integer default 0644
---@return integer id
function SQE:prep_openat(dirfd, path, flags, mode) end

--- Opens a file into a slot of the registered files. Linux 5.15,
--- io_uring_prep_openat_direct(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default O_RDONLY
---@param mode? integer default 0644
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer id
function SQE:prep_openat_direct(dirfd, path, flags, mode, file_index) end

--- Closes a descriptor; ops on it go on until they are cancelled. Linux 5.6,
--- io_uring_prep_close(3)
---@param fd integer a descriptor
---@return integer id
function SQE:prep_close(fd) end

--- Empties a slot of the registered files. Linux 5.15,
--- io_uring_prep_close_direct(3)
---@param slot integer a descriptor
---@return integer id
function SQE:prep_close_direct(slot) end

--- Puts descriptors into slots of the registered files; -1 empties one. Linux
--- 5.6, io_uring_prep_files_update(3)
---@param fds integer[]|uring.Buffer a list of descriptors, or a Buffer of them,
--- 32 bits each
---@param offset integer a slot of the registered files; by default one that is
--- free (5.19)
---@return integer id
function SQE:prep_files_update(fds, offset) end

--- Tells about a file; unpack_statx reads what it wrote to buf. Linux 5.6,
--- io_uring_prep_statx(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default 0
---@param mask? integer default STATX_BASIC_STATS
---@param buf uring.Buffer a Buffer of 256 bytes to fill
---@return integer id
function SQE:prep_statx(dirfd, path, flags, mask, buf) end

--- Reads at most #buf bytes; 0 is the end of the file. Linux 5.6,
--- io_uring_prep_read(3)
---@param fd integer a descriptor
---@param buf uring.Buffer|uring.BufRing a Buffer to fill, or a BufRing that the
--- kernel picks one from
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer id
function SQE:prep_read(fd, buf, offset) end

--- Writes the bytes of data; may write fewer. Linux 5.6, io_uring_prep_write(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer id
function SQE:prep_write(fd, data, offset) end

--- Tells how a part of a file will be used. Linux 5.6,
--- io_uring_prep_fadvise64(3)
---@param fd integer a descriptor
---@param offset integer bytes
---@param length integer bytes
---@param advice integer
---@return integer id
function SQE:prep_fadvise(fd, offset, length, advice) end

--- Tells how the pages of a Buffer will be used. Linux 5.6,
--- io_uring_prep_madvise64(3)
---@param buf uring.Buffer a Buffer that was made with an alignment of pages
--- (4096)
---@param advice integer MADV_NORMAL, _RANDOM, _SEQUENTIAL, _WILLNEED,
--- _DONTNEED, _FREE, _COLD, _PAGEOUT, _POPULATE_READ, _POPULATE_WRITE,
--- _COLLAPSE, _HUGEPAGE or _NOHUGEPAGE
---@return integer id
function SQE:prep_madvise(buf, advice) end

--- Sends the bytes of data; may send fewer. Linux 5.6, io_uring_prep_send(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@return integer id
function SQE:prep_send(fd, data, flags) end

--- Sends a datagram to an address. Linux 6.1, io_uring_prep_sendto(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@param address uring.Address
---@return integer id
function SQE:prep_sendto(fd, data, flags, address) end

--- Sends all the buffers that were added to a ring, in one go. Linux 6.10,
--- io_uring_prep_send_bundle(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that was made with `source = true`
---@param flags? integer default MSG_NOSIGNAL
---@return integer id
function SQE:prep_send_bundle(fd, ring, flags) end

--- Receives at most #buf bytes; 0 is the end of the stream. Linux 5.6,
--- io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param buf uring.Buffer|uring.BufRing a Buffer to fill, or a BufRing that the
--- kernel picks one from
---@param flags? integer default 0
---@return integer id
function SQE:prep_recv(fd, buf, flags) end

--- Receives what is there into as many buffers of the ring as that fills. Linux
--- 6.10, io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return integer id
function SQE:prep_recv_bundle(fd, ring, flags) end

--- Receives whatever comes, each time into a buffer of the ring. Linux 6.0,
--- io_uring_prep_recv_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return integer id
function SQE:prep_recv_multishot(fd, ring, flags) end

--- Receives whatever comes, each time into as many buffers as that fills. Linux
--- 6.10, io_uring_prep_recv_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return integer id
function SQE:prep_recv_multishot_bundle(fd, ring, flags) end

--- Opens a file with openat2's rules for paths; close-on-exec. Linux 5.6,
--- io_uring_prep_openat2(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param how table `{flags =, mode =, resolve =}`
---@return integer id
function SQE:prep_openat2(dirfd, path, how) end

--- Opens a file as openat2 into a slot of the registered files. Linux 5.15,
--- io_uring_prep_openat2_direct(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param how table `{flags =, mode =, resolve =}`
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer id
function SQE:prep_openat2_direct(dirfd, path, how, file_index) end

--- Adds a descriptor to an epoll instance, changes or removes it. Linux 5.6,
--- io_uring_prep_epoll_ctl(3)
---@param epfd integer a descriptor
---@param fd integer a descriptor
---@param op integer
---@param events? integer default 0
---@param data? integer an integer below 2^62, or a negative one
---@return integer id
function SQE:prep_epoll_ctl(epfd, fd, op, events, data) end

--- Moves bytes between a pipe and another descriptor. Linux 5.7,
--- io_uring_prep_splice(3)
---@param fd_in integer a descriptor
---@param off_in? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param fd_out integer a descriptor
---@param off_out? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param count integer
---@param flags? integer default 0
---@return integer id
function SQE:prep_splice(fd_in, off_in, fd_out, off_out, count, flags) end

--- Gives the parts of a Buffer, of size bytes each, to the group bgid. Linux
--- 5.7, io_uring_prep_provide_buffers(3)
---@param buf uring.Buffer
---@param size integer
---@param bgid integer an integer of 16 bits
---@param bid integer an integer of 16 bits
---@return integer id
function SQE:prep_provide_buffers(buf, size, bgid, bid) end

--- Takes buffers back that provide_buffers gave. Linux 5.7,
--- io_uring_prep_remove_buffers(3)
---@param count integer
---@param bgid integer an integer of 16 bits
---@return integer id
function SQE:prep_remove_buffers(count, bgid) end

--- Copies bytes from one pipe to another, and leaves them there. Linux 5.8,
--- io_uring_prep_tee(3)
---@param fd_in integer a descriptor
---@param fd_out integer a descriptor
---@param count integer
---@param flags? integer default 0
---@return integer id
function SQE:prep_tee(fd_in, fd_out, count, flags) end

--- Ends one direction of a connection, or both. Linux 5.11,
--- io_uring_prep_shutdown(3)
---@param fd integer a descriptor
---@param how integer
---@return integer id
function SQE:prep_shutdown(fd, how) end

--- Renames a file, or exchanges two. Linux 5.11, io_uring_prep_renameat(3)
---@param olddirfd integer a folder's descriptor, or `AT_FDCWD`
---@param oldpath string
---@param newdirfd integer a folder's descriptor, or `AT_FDCWD`
---@param newpath string
---@param flags? integer default 0
---@return integer id
function SQE:prep_renameat(olddirfd, oldpath, newdirfd, newpath, flags) end

--- Removes a file, or with AT_REMOVEDIR an empty folder. Linux 5.11,
--- io_uring_prep_unlinkat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default 0
---@return integer id
function SQE:prep_unlinkat(dirfd, path, flags) end

--- Makes a folder. Linux 5.15, io_uring_prep_mkdirat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param mode? integer default 0755
---@return integer id
function SQE:prep_mkdirat(dirfd, path, mode) end

--- Makes a symbolic link at path that leads to target. Linux 5.15,
--- io_uring_prep_symlinkat(3)
---@param target string
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@return integer id
function SQE:prep_symlinkat(target, dirfd, path) end

--- Gives a file another name. Linux 5.15, io_uring_prep_linkat(3)
---@param olddirfd integer a folder's descriptor, or `AT_FDCWD`
---@param oldpath string
---@param newdirfd integer a folder's descriptor, or `AT_FDCWD`
---@param newpath string
---@param flags? integer default 0
---@return integer id
function SQE:prep_linkat(olddirfd, oldpath, newdirfd, newpath, flags) end

--- Posts a CQE with this res and data to another ring. Linux 5.18,
--- io_uring_prep_msg_ring(3)
---@param fd integer a descriptor
---@param res integer
---@param data integer an integer below 2^62, or a negative one
---@param flags? integer default 0
---@return integer id
function SQE:prep_msg_ring(fd, res, data, flags) end

--- Posts a CQE with this res, data and these flags to another ring. Linux 6.3,
--- io_uring_prep_msg_ring_cqe_flags(3)
---@param fd integer a descriptor
---@param res integer
---@param data integer an integer below 2^62, or a negative one
---@param flags? integer default 0
---@param cqe_flags integer
---@return integer id
function SQE:prep_msg_ring_cqe_flags(fd, res, data, flags, cqe_flags) end

--- Puts a registered file into a slot of another ring. Linux 6.0,
--- io_uring_prep_msg_ring_fd(3)
---@param fd integer a descriptor
---@param source integer a descriptor
---@param target? integer a slot of the registered files; by default one that is
--- free (5.19)
---@param data integer an integer below 2^62, or a negative one
---@param flags? integer default 0
---@return integer id
function SQE:prep_msg_ring_fd(fd, source, target, data, flags) end

--- Sets an extended attribute of an open file. Linux 5.19,
--- io_uring_prep_fsetxattr(3)
---@param fd integer a descriptor
---@param name string a name, such as `user.note`
---@param value string|uring.Buffer
---@param flags? integer default 0
---@return integer id
function SQE:prep_fsetxattr(fd, name, value, flags) end

--- Sets an extended attribute of a file. Linux 5.19, io_uring_prep_setxattr(3)
---@param name string a name, such as `user.note`
---@param value string|uring.Buffer
---@param path string
---@param flags? integer default 0
---@return integer id
function SQE:prep_setxattr(name, value, path, flags) end

--- Gets an extended attribute of an open file. Linux 5.19,
--- io_uring_prep_fgetxattr(3)
---@param fd integer a descriptor
---@param name string a name, such as `user.note`
---@param value uring.Buffer a Buffer to fill
---@return integer id
function SQE:prep_fgetxattr(fd, name, value) end

--- Gets an extended attribute of a file. Linux 5.19, io_uring_prep_getxattr(3)
---@param name string a name, such as `user.note`
---@param value uring.Buffer a Buffer to fill
---@param path string
---@return integer id
function SQE:prep_getxattr(name, value, path) end

--- Makes a socket; the descriptor is close-on-exec. Linux 5.19,
--- io_uring_prep_socket(3)
---@param domain integer
---@param type integer
---@param protocol? integer default 0
---@param flags? integer default 0
---@return integer id
function SQE:prep_socket(domain, type, protocol, flags) end

--- Makes a socket in a slot of the registered files. Linux 5.19,
--- io_uring_prep_socket_direct(3)
---@param domain integer
---@param type integer
---@param protocol? integer default 0
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@param flags? integer default 0
---@return integer id
function SQE:prep_socket_direct(domain, type, protocol, file_index, flags) end

--- Hands a command to a file's driver; needs one that takes commands. Linux
--- 5.19, io_uring_prep_uring_cmd(3)
---@param cmd_op integer
---@param fd integer a descriptor
---@param cmd? string|uring.Buffer at most 16 bytes, or 80 in a wide SQE
---@return integer id
function SQE:prep_uring_cmd(cmd_op, fd, cmd) end

--- Tells how many bytes a socket has for us to receive. Linux 6.5,
--- io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@return integer id
function SQE:prep_cmd_siocinq(fd) end

--- Tells how many bytes of ours a socket has not got rid of. Linux 6.5,
--- io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@return integer id
function SQE:prep_cmd_siocoutq(fd) end

--- Gets an option of a socket, of the level SOL_SOCKET. Linux 6.7,
--- io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@param level integer
---@param optname integer
---@param optval uring.Buffer a Buffer to fill
---@return integer id
function SQE:prep_cmd_getsockopt(fd, level, optname, optval) end

--- Sets an option of a socket. Linux 6.7, io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@param level integer
---@param optname integer
---@param optval string|uring.Buffer
---@return integer id
function SQE:prep_cmd_setsockopt(fd, level, optname, optval) end

--- Tells a socket's own address, or its peer's; unpack_sockaddr reads it. Linux
--- 6.19, io_uring_prep_cmd_getsockname(3)
---@param fd integer a descriptor
---@param address uring.Buffer a Buffer of 128 bytes to fill
---@param peer? integer default 0
---@return integer id
function SQE:prep_cmd_getsockname(fd, address, peer) end

--- Sends without copying; a notification tells when a Buffer is free again.
--- Linux 6.0, io_uring_prep_send_zc(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@param zc_flags? integer flags of the send, such as
--- `IORING_RECVSEND_POLL_FIRST`
---@return integer id
function SQE:prep_send_zc(fd, data, flags, zc_flags) end

--- Sends a registered Buffer without copying, then a notification. Linux 6.0,
--- io_uring_prep_send_zc_fixed(3)
---@param fd integer a descriptor
---@param buf uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@param zc_flags? integer flags of the send, such as
--- `IORING_RECVSEND_POLL_FIRST`
---@param buf_index integer the index of a registered Buffer
---@return integer id
function SQE:prep_send_zc_fixed(fd, buf, flags, zc_flags, buf_index) end

--- Sends a message without copying, then a notification. Linux 6.1,
--- io_uring_prep_sendmsg_zc(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to send
---@param flags? integer default MSG_NOSIGNAL
---@return integer id
function SQE:prep_sendmsg_zc(fd, message, flags) end

--- Sends parts of a registered Buffer without copying, then a notification.
--- Linux 6.15, io_uring_prep_sendmsg_zc_fixed(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to send
---@param flags? integer default MSG_NOSIGNAL
---@param buf_index integer the index of a registered Buffer
---@return integer id
function SQE:prep_sendmsg_zc_fixed(fd, message, flags, buf_index) end

--- Reads whatever comes from a pipe or the like, each time into a buffer. Linux
--- 6.7, io_uring_prep_read_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer id
function SQE:prep_read_multishot(fd, ring, offset) end

--- Waits for a child to change state; unpack_siginfo reads info. Linux 6.7,
--- io_uring_prep_waitid(3)
---@param idtype integer
---@param id integer
---@param info? uring.Buffer a Buffer of 128 bytes to fill
---@param options integer
---@param flags? integer default 0
---@return integer id
function SQE:prep_waitid(idtype, id, info, options, flags) end

--- Waits until somebody wakes the futex at the start of a Buffer. Linux 6.7,
--- io_uring_prep_futex_wait(3)
---@param futex uring.Buffer a Buffer of 4 bytes to fill
---@param value integer
---@param mask? integer default FUTEX_BITSET_MATCH_ANY
---@param futex_flags? integer default FUTEX2_SIZE_U32
---@param flags? integer default 0
---@return integer id
function SQE:prep_futex_wait(futex, value, mask, futex_flags, flags) end

--- Wakes at most count of those who wait for a futex. Linux 6.7,
--- io_uring_prep_futex_wake(3)
---@param futex uring.Buffer a Buffer of 4 bytes to fill
---@param count integer
---@param mask? integer default FUTEX_BITSET_MATCH_ANY
---@param futex_flags? integer default FUTEX2_SIZE_U32
---@param flags? integer default 0
---@return integer id
function SQE:prep_futex_wake(futex, count, mask, futex_flags, flags) end

--- Waits for one of several futexes; tells which, from 0 on. Linux 6.7,
--- io_uring_prep_futex_waitv(3)
---@param futexes uring.Futexes
---@param flags? integer default 0
---@return integer id
function SQE:prep_futex_waitv(futexes, flags) end

--- Makes a descriptor of a registered file. Linux 6.8,
--- io_uring_prep_fixed_fd_install(3)
---@param slot integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_fixed_fd_install(slot, flags) end

--- Cuts a file off at a length, or extends it with zeros. Linux 6.9,
--- io_uring_prep_ftruncate(3)
---@param fd integer a descriptor
---@param length integer bytes
---@return integer id
function SQE:prep_ftruncate(fd, length) end

--- Gives a socket its local address. Linux 6.11, io_uring_prep_bind(3)
---@param fd integer a descriptor
---@param address uring.Address
---@return integer id
function SQE:prep_bind(fd, address) end

--- Makes a socket accept connections. Linux 6.11, io_uring_prep_listen(3)
---@param fd integer a descriptor
---@param backlog? integer default SOMAXCONN
---@return integer id
function SQE:prep_listen(fd, backlog) end

--- Receives without copying; needs a network card with header split and a queue
--- of it that register_ifq took. Linux 6.15, io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param zcrx_id integer
---@param length? integer default 0
---@return integer id
function SQE:prep_recv_zc(fd, zcrx_id, length) end

--- Waits for events of an epoll instance; unpack_epoll_events reads them. Linux
--- 6.15, io_uring_prep_epoll_wait(3)
---@param epfd integer a descriptor
---@param events uring.Buffer a Buffer of 12 bytes to fill
---@param flags? integer default 0
---@return integer id
function SQE:prep_epoll_wait(epfd, events, flags) end

--- Reads into several slices of a registered Buffer. Linux 6.15,
--- io_uring_prep_readv_fixed(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@param buf_index integer the index of a registered Buffer
---@return integer id
function SQE:prep_readv_fixed(fd, iovecs, offset, flags, buf_index) end

--- Writes several slices of a registered Buffer. Linux 6.15,
--- io_uring_prep_writev_fixed(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@param buf_index integer the index of a registered Buffer
---@return integer id
function SQE:prep_writev_fixed(fd, iovecs, offset, flags, buf_index) end

--- Makes a pipe; unpack_pipe reads its two descriptors. Linux 6.16,
--- io_uring_prep_pipe(3)
---@param fds uring.Buffer a Buffer of 8 bytes to fill
---@param flags? integer default 0
---@return integer id
function SQE:prep_pipe(fds, flags) end

--- Makes a pipe in two slots of the registered files. Linux 6.16,
--- io_uring_prep_pipe_direct(3)
---@param fds uring.Buffer a Buffer of 8 bytes to fill
---@param flags? integer default 0
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer id
function SQE:prep_pipe_direct(fds, flags, file_index) end

--- Completes at once; needs an SQE of 128 bytes. Linux 6.19,
--- io_uring_prep_nop128(3)
---@return integer id
function SQE:prep_nop128() end

--- Hands a command of 80 bytes to a file's driver; needs a wide SQE. Linux
--- 6.19, io_uring_prep_uring_cmd128(3)
---@param cmd_op integer
---@param fd integer a descriptor
---@param cmd? string|uring.Buffer at most 16 bytes, or 80 in a wide SQE
---@return integer id
function SQE:prep_uring_cmd128(cmd_op, fd, cmd) end

--- Where jobs lie that a thread has done.
---@class uring.Tray
local Tray = {}

--- tray:close() closes it, and forgets what is not done yet.
function Tray:close() end

--- tray:fileno() -> an eventfd, readable when jobs are done
---@return integer
function Tray:fileno() end

--- tray:start(name, ...) -> id; or nil, message, code. Descriptors and strings
--- are copied.
---@param name string
---@param ... any
---@return integer?
---@return string? message
---@return integer? code
function Tray:start(name, ...) end

--- tray:take() -> id of a job that is done, and what it says; nil: none is
---@return integer?
function Tray:take() end

--- Every row of the opcode table as a function that waits.
---@class uring.op
local op = {}

--- Completes at once. Linux 5.1, io_uring_prep_nop(3)
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.nop() end

--- Reads into several Buffers; 0 is the end of the file. Linux 5.1,
--- io_uring_prep_readv(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.readv(fd, iovecs, offset) end

--- Reads into several Buffers with RWF_ flags. Linux 5.1,
--- io_uring_prep_readv2(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.readv2(fd, iovecs, offset, flags) end

--- Writes several strings and Buffers; may write fewer bytes. Linux 5.1,
--- io_uring_prep_writev(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of strings and Buffers
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.writev(fd, iovecs, offset) end

--- Writes several strings and Buffers with RWF_ flags. Linux 5.1,
--- io_uring_prep_writev2(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of strings and Buffers
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.writev2(fd, iovecs, offset, flags) end

--- Brings a file's data to its device. Linux 5.1, io_uring_prep_fsync(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fsync(fd, flags) end

--- Reads into a registered Buffer, or a slice of one. Linux 5.1,
--- io_uring_prep_read_fixed(3)
---@param fd integer a descriptor
---@param buf uring.Buffer a Buffer to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param buf_index integer the index of a registered Buffer
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.read_fixed(fd, buf, offset, buf_index) end

--- Writes the bytes of a registered Buffer, or of a slice of one. Linux 5.1,
--- io_uring_prep_write_fixed(3)
---@param fd integer a descriptor
---@param buf uring.Buffer
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param buf_index integer the index of a registered Buffer
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.write_fixed(fd, buf, offset, buf_index) end

--- Waits until a descriptor has one of the poll events. Linux 5.1,
--- io_uring_prep_poll_add(3)
---@param fd integer a descriptor
---@param events integer
---@return integer? mask
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.poll_add(fd, events) end

--- Tells each time that a descriptor gets one of the poll events. Linux 5.13,
--- io_uring_prep_poll_multishot(3)
---@param fd integer a descriptor
---@param events integer
---@return fun(...): integer, integer iterator
function op.poll_multishot(fd, events) end

--- Ends the poll that prep gave this id; it still completes. Linux 5.1,
--- io_uring_prep_poll_remove(3)
---@param target integer what `prep` returned for another op
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.poll_remove(target) end

--- Changes the events that a poll waits for. Linux 5.13,
--- io_uring_prep_poll_update(3)
---@param target integer what `prep` returned for another op
---@param events integer
---@param flags? integer default IORING_POLL_UPDATE_EVENTS
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.poll_update(target, events, flags) end

--- Brings part of a file's data to its device. Linux 5.2,
--- io_uring_prep_sync_file_range(3)
---@param fd integer a descriptor
---@param length integer
---@param offset? integer bytes, default 0
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.sync_file_range(fd, length, offset, flags) end

--- Sends a message: several parts, an address, control data. Linux 5.3,
--- io_uring_prep_sendmsg(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to send
---@param flags? integer default MSG_NOSIGNAL
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.sendmsg(fd, message, flags) end

--- Receives a message with its sender and control data. Linux 5.3,
--- io_uring_prep_recvmsg(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to fill
---@param flags? integer default MSG_CMSG_CLOEXEC
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.recvmsg(fd, message, flags) end

--- Receives messages, each into a buffer that unpack_recvmsg reads. Linux 6.0,
--- io_uring_prep_recvmsg_multishot(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to fill
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default MSG_CMSG_CLOEXEC
---@return fun(...): string, integer iterator
function op.recvmsg_multishot(fd, message, ring, flags) end

--- Completes when the time is over, or after count other completions. Linux
--- 5.4, io_uring_prep_timeout(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param count? integer default 0
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.timeout(after, count, flags) end

--- Completes each time that so much time has passed, count times or for ever.
--- Linux 6.4, io_uring_prep_timeout(3)
---@param every number|integer[] seconds, or `{seconds, nanoseconds}`
---@param count? integer default 0
---@param flags? integer default 0
---@return fun(...): true, integer iterator
function op.timeout_multishot(every, count, flags) end

--- Ends the timeout that prep gave this id; it still completes. Linux 5.5,
--- io_uring_prep_timeout_remove(3)
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.timeout_remove(target, flags) end

--- Gives a timeout that runs another time. Linux 5.11,
--- io_uring_prep_timeout_update(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.timeout_update(after, target, flags) end

--- Takes one connection off a listening socket. Linux 5.5,
--- io_uring_prep_accept(3)
---@param fd integer a descriptor
---@param peer? uring.Buffer a Buffer of 128 bytes for the peer's address, which
--- `unpack_sockaddr` reads
---@param flags? integer default SOCK_CLOEXEC
---@return integer? fd
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.accept(fd, peer, flags) end

--- Takes one connection into a slot of the registered files. Linux 5.15,
--- io_uring_prep_accept_direct(3)
---@param fd integer a descriptor
---@param peer? uring.Buffer a Buffer of 128 bytes for the peer's address, which
--- `unpack_sockaddr` reads
---@param flags? integer default 0
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer? slot
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.accept_direct(fd, peer, flags, file_index) end

--- Takes connections off a listening socket until it is cancelled. Linux 5.19,
--- io_uring_prep_multishot_accept(3)
---@param fd integer a descriptor
---@param flags? integer default SOCK_CLOEXEC
---@return fun(...): integer, integer iterator
function op.multishot_accept(fd, flags) end

--- Takes connections into free slots of the registered files. Linux 5.19,
--- io_uring_prep_multishot_accept_direct(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return fun(...): integer, integer iterator
function op.multishot_accept_direct(fd, flags) end

--- Cancels the op that prep gave this id; it still completes. Linux 5.5,
--- io_uring_prep_cancel64(3)
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return (true|integer)? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel(target, flags) end

--- Cancels an op on a descriptor, or with CANCEL_ALL every one. Linux 5.19,
--- io_uring_prep_cancel_fd(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return (true|integer)? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel_fd(fd, flags) end

--- Cancels every op of the ring, and tells how many. Linux 5.19,
--- io_uring_prep_cancel64(3)
---@param flags? integer default 0
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel_any(flags) end

--- Cancels an op on a registered file, or with CANCEL_ALL every one. Linux 6.0,
--- io_uring_prep_cancel_fd(3)
---@param slot integer a descriptor
---@param flags? integer default 0
---@return (true|integer)? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel_fixed_fd(slot, flags) end

--- Cancels an op of this opcode, or with CANCEL_ALL every one. Linux 6.6,
--- io_uring_prep_cancel64(3)
---@param opcode integer
---@param flags? integer default 0
---@return (true|integer)? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel_opcode(opcode, flags) end

--- Cancels the op that is linked to it when the time is over. Linux 5.5,
--- io_uring_prep_link_timeout(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.link_timeout(after, flags) end

--- Connects a socket to an address. Linux 5.5, io_uring_prep_connect(3)
---@param fd integer a descriptor
---@param address uring.Address
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.connect(fd, address) end

--- Gives part of a file room on its device, or takes it away. Linux 5.6,
--- io_uring_prep_fallocate(3)
---@param fd integer a descriptor
---@param mode integer
---@param offset integer bytes
---@param length integer bytes
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fallocate(fd, mode, offset, length) end

--- Opens a file; the descriptor is close-on-exec. Linux 5.6,
--- io_uring_prep_openat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default O_RDONLY
---@param mode? integer default 0644
---@return integer? fd
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.openat(dirfd, path, flags, mode) end

--- Opens a file into a slot of the registered files. Linux 5.15,
--- io_uring_prep_openat_direct(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default O_RDONLY
---@param mode? integer default 0644
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer? slot
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.openat_direct(dirfd, path, flags, mode, file_index) end

--- Closes a descriptor; ops on it go on until they are cancelled. Linux 5.6,
--- io_uring_prep_close(3)
---@param fd integer a descriptor
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.close(fd) end

--- Empties a slot of the registered files. Linux 5.15,
--- io_uring_prep_close_direct(3)
---@param slot integer a descriptor
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.close_direct(slot) end

--- Puts descriptors into slots of the registered files; -1 empties one. Linux
--- 5.6, io_uring_prep_files_update(3)
---@param fds integer[]|uring.Buffer a list of descriptors, or a Buffer of them,
--- 32 bits each
---@param offset integer a slot of the registered files; by default one that is
--- free (5.19)
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.files_update(fds, offset) end

--- Tells about a file; unpack_statx reads what it wrote to buf. Linux 5.6,
--- io_uring_prep_statx(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default 0
---@param mask? integer default STATX_BASIC_STATS
---@param buf uring.Buffer a Buffer of 256 bytes to fill
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.statx(dirfd, path, flags, mask, buf) end

--- Reads at most #buf bytes; 0 is the end of the file. Linux 5.6,
--- io_uring_prep_read(3)
---@param fd integer a descriptor
---@param buf uring.Buffer|uring.BufRing a Buffer to fill, or a BufRing that the
--- kernel picks one from
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return (integer|string)? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.read(fd, buf, offset) end

--- Writes the bytes of data; may write fewer. Linux 5.6, io_uring_prep_write(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.write(fd, data, offset) end

--- Tells how a part of a file will be used. Linux 5.6,
--- io_uring_prep_fadvise64(3)
---@param fd integer a descriptor
---@param offset integer bytes
---@param length integer bytes
---@param advice integer
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fadvise(fd, offset, length, advice) end

--- Tells how the pages of a Buffer will be used. Linux 5.6,
--- io_uring_prep_madvise64(3)
---@param buf uring.Buffer a Buffer that was made with an alignment of pages
--- (4096)
---@param advice integer MADV_NORMAL, _RANDOM, _SEQUENTIAL, _WILLNEED,
--- _DONTNEED, _FREE, _COLD, _PAGEOUT, _POPULATE_READ, _POPULATE_WRITE,
--- _COLLAPSE, _HUGEPAGE or _NOHUGEPAGE
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.madvise(buf, advice) end

--- Sends the bytes of data; may send fewer. Linux 5.6, io_uring_prep_send(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.send(fd, data, flags) end

--- Sends a datagram to an address. Linux 6.1, io_uring_prep_sendto(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@param address uring.Address
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.sendto(fd, data, flags, address) end

--- Sends all the buffers that were added to a ring, in one go. Linux 6.10,
--- io_uring_prep_send_bundle(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that was made with `source = true`
---@param flags? integer default MSG_NOSIGNAL
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.send_bundle(fd, ring, flags) end

--- Receives at most #buf bytes; 0 is the end of the stream. Linux 5.6,
--- io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param buf uring.Buffer|uring.BufRing a Buffer to fill, or a BufRing that the
--- kernel picks one from
---@param flags? integer default 0
---@return (integer|string)? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.recv(fd, buf, flags) end

--- Receives what is there into as many buffers of the ring as that fills. Linux
--- 6.10, io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return string? bytes
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.recv_bundle(fd, ring, flags) end

--- Receives whatever comes, each time into a buffer of the ring. Linux 6.0,
--- io_uring_prep_recv_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return fun(...): string, integer iterator
function op.recv_multishot(fd, ring, flags) end

--- Receives whatever comes, each time into as many buffers as that fills. Linux
--- 6.10, io_uring_prep_recv_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return fun(...): string, integer iterator
function op.recv_multishot_bundle(fd, ring, flags) end

--- Opens a file with openat2's rules for paths; close-on-exec. Linux 5.6,
--- io_uring_prep_openat2(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param how table `{flags =, mode =, resolve =}`
---@return integer? fd
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.openat2(dirfd, path, how) end

--- Opens a file as openat2 into a slot of the registered files. Linux 5.15,
--- io_uring_prep_openat2_direct(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param how table `{flags =, mode =, resolve =}`
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return integer? slot
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.openat2_direct(dirfd, path, how, file_index) end

--- Adds a descriptor to an epoll instance, changes or removes it. Linux 5.6,
--- io_uring_prep_epoll_ctl(3)
---@param epfd integer a descriptor
---@param fd integer a descriptor
---@param op integer
---@param events? integer default 0
---@param data? integer an integer below 2^62, or a negative one
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.epoll_ctl(epfd, fd, op, events, data) end

--- Moves bytes between a pipe and another descriptor. Linux 5.7,
--- io_uring_prep_splice(3)
---@param fd_in integer a descriptor
---@param off_in? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param fd_out integer a descriptor
---@param off_out? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param count integer
---@param flags? integer default 0
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.splice(fd_in, off_in, fd_out, off_out, count, flags) end

--- Gives the parts of a Buffer, of size bytes each, to the group bgid. Linux
--- 5.7, io_uring_prep_provide_buffers(3)
---@param buf uring.Buffer
---@param size integer
---@param bgid integer an integer of 16 bits
---@param bid integer an integer of 16 bits
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.provide_buffers(buf, size, bgid, bid) end

--- Takes buffers back that provide_buffers gave. Linux 5.7,
--- io_uring_prep_remove_buffers(3)
---@param count integer
---@param bgid integer an integer of 16 bits
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.remove_buffers(count, bgid) end

--- Copies bytes from one pipe to another, and leaves them there. Linux 5.8,
--- io_uring_prep_tee(3)
---@param fd_in integer a descriptor
---@param fd_out integer a descriptor
---@param count integer
---@param flags? integer default 0
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.tee(fd_in, fd_out, count, flags) end

--- Ends one direction of a connection, or both. Linux 5.11,
--- io_uring_prep_shutdown(3)
---@param fd integer a descriptor
---@param how integer
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.shutdown(fd, how) end

--- Renames a file, or exchanges two. Linux 5.11, io_uring_prep_renameat(3)
---@param olddirfd integer a folder's descriptor, or `AT_FDCWD`
---@param oldpath string
---@param newdirfd integer a folder's descriptor, or `AT_FDCWD`
---@param newpath string
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.renameat(olddirfd, oldpath, newdirfd, newpath, flags) end

--- Removes a file, or with AT_REMOVEDIR an empty folder. Linux 5.11,
--- io_uring_prep_unlinkat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.unlinkat(dirfd, path, flags) end

--- Makes a folder. Linux 5.15, io_uring_prep_mkdirat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param mode? integer default 0755
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.mkdirat(dirfd, path, mode) end

--- Makes a symbolic link at path that leads to target. Linux 5.15,
--- io_uring_prep_symlinkat(3)
---@param target string
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.symlinkat(target, dirfd, path) end

--- Gives a file another name. Linux 5.15, io_uring_prep_linkat(3)
---@param olddirfd integer a folder's descriptor, or `AT_FDCWD`
---@param oldpath string
---@param newdirfd integer a folder's descriptor, or `AT_FDCWD`
---@param newpath string
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.linkat(olddirfd, oldpath, newdirfd, newpath, flags) end

--- Posts a CQE with this res and data to another ring. Linux 5.18,
--- io_uring_prep_msg_ring(3)
---@param fd integer a descriptor
---@param res integer
---@param data integer an integer below 2^62, or a negative one
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.msg_ring(fd, res, data, flags) end

--- Posts a CQE with this res, data and these flags to another ring. Linux 6.3,
--- io_uring_prep_msg_ring_cqe_flags(3)
---@param fd integer a descriptor
---@param res integer
---@param data integer an integer below 2^62, or a negative one
---@param flags? integer default 0
---@param cqe_flags integer
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.msg_ring_cqe_flags(fd, res, data, flags, cqe_flags) end

--- Puts a registered file into a slot of another ring. Linux 6.0,
--- io_uring_prep_msg_ring_fd(3)
---@param fd integer a descriptor
---@param source integer a descriptor
---@param target? integer a slot of the registered files; by default one that is
--- free (5.19)
---@param data integer an integer below 2^62, or a negative one
---@param flags? integer default 0
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.msg_ring_fd(fd, source, target, data, flags) end

--- Sets an extended attribute of an open file. Linux 5.19,
--- io_uring_prep_fsetxattr(3)
---@param fd integer a descriptor
---@param name string a name, such as `user.note`
---@param value string|uring.Buffer
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fsetxattr(fd, name, value, flags) end

--- Sets an extended attribute of a file. Linux 5.19, io_uring_prep_setxattr(3)
---@param name string a name, such as `user.note`
---@param value string|uring.Buffer
---@param path string
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.setxattr(name, value, path, flags) end

--- Gets an extended attribute of an open file. Linux 5.19,
--- io_uring_prep_fgetxattr(3)
---@param fd integer a descriptor
---@param name string a name, such as `user.note`
---@param value uring.Buffer a Buffer to fill
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fgetxattr(fd, name, value) end

--- Gets an extended attribute of a file. Linux 5.19, io_uring_prep_getxattr(3)
---@param name string a name, such as `user.note`
---@param value uring.Buffer a Buffer to fill
---@param path string
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.getxattr(name, value, path) end

--- Makes a socket; the descriptor is close-on-exec. Linux 5.19,
--- io_uring_prep_socket(3)
---@param domain integer
---@param type integer
---@param protocol? integer default 0
---@param flags? integer default 0
---@return integer? fd
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.socket(domain, type, protocol, flags) end

--- Makes a socket in a slot of the registered files. Linux 5.19,
--- io_uring_prep_socket_direct(3)
---@param domain integer
---@param type integer
---@param protocol? integer default 0
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@param flags? integer default 0
---@return integer? slot
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.socket_direct(domain, type, protocol, file_index, flags) end

--- Hands a command to a file's driver; needs one that takes commands. Linux
--- 5.19, io_uring_prep_uring_cmd(3)
---@param cmd_op integer
---@param fd integer a descriptor
---@param cmd? string|uring.Buffer at most 16 bytes, or 80 in a wide SQE
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.uring_cmd(cmd_op, fd, cmd) end

--- Tells how many bytes a socket has for us to receive. Linux 6.5,
--- io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cmd_siocinq(fd) end

--- Tells how many bytes of ours a socket has not got rid of. Linux 6.5,
--- io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cmd_siocoutq(fd) end

--- Gets an option of a socket, of the level SOL_SOCKET. Linux 6.7,
--- io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@param level integer
---@param optname integer
---@param optval uring.Buffer a Buffer to fill
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cmd_getsockopt(fd, level, optname, optval) end

--- Sets an option of a socket. Linux 6.7, io_uring_prep_cmd_sock(3)
---@param fd integer a descriptor
---@param level integer
---@param optname integer
---@param optval string|uring.Buffer
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cmd_setsockopt(fd, level, optname, optval) end

--- Tells a socket's own address, or its peer's; unpack_sockaddr reads it. Linux
--- 6.19, io_uring_prep_cmd_getsockname(3)
---@param fd integer a descriptor
---@param address uring.Buffer a Buffer of 128 bytes to fill
---@param peer? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cmd_getsockname(fd, address, peer) end

--- Sends without copying; a notification tells when a Buffer is free again.
--- Linux 6.0, io_uring_prep_send_zc(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@param zc_flags? integer flags of the send, such as
--- `IORING_RECVSEND_POLL_FIRST`
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.send_zc(fd, data, flags, zc_flags) end

--- Sends a registered Buffer without copying, then a notification. Linux 6.0,
--- io_uring_prep_send_zc_fixed(3)
---@param fd integer a descriptor
---@param buf uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@param zc_flags? integer flags of the send, such as
--- `IORING_RECVSEND_POLL_FIRST`
---@param buf_index integer the index of a registered Buffer
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.send_zc_fixed(fd, buf, flags, zc_flags, buf_index) end

--- Sends a message without copying, then a notification. Linux 6.1,
--- io_uring_prep_sendmsg_zc(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to send
---@param flags? integer default MSG_NOSIGNAL
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.sendmsg_zc(fd, message, flags) end

--- Sends parts of a registered Buffer without copying, then a notification.
--- Linux 6.15, io_uring_prep_sendmsg_zc_fixed(3)
---@param fd integer a descriptor
---@param message uring.Message a Message to send
---@param flags? integer default MSG_NOSIGNAL
---@param buf_index integer the index of a registered Buffer
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.sendmsg_zc_fixed(fd, message, flags, buf_index) end

--- Reads whatever comes from a pipe or the like, each time into a buffer. Linux
--- 6.7, io_uring_prep_read_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return fun(...): string, integer iterator
function op.read_multishot(fd, ring, offset) end

--- Waits for a child to change state; unpack_siginfo reads info. Linux 6.7,
--- io_uring_prep_waitid(3)
---@param idtype integer
---@param id integer
---@param info? uring.Buffer a Buffer of 128 bytes to fill
---@param options integer
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.waitid(idtype, id, info, options, flags) end

--- Waits until somebody wakes the futex at the start of a Buffer. Linux 6.7,
--- io_uring_prep_futex_wait(3)
---@param futex uring.Buffer a Buffer of 4 bytes to fill
---@param value integer
---@param mask? integer default FUTEX_BITSET_MATCH_ANY
---@param futex_flags? integer default FUTEX2_SIZE_U32
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.futex_wait(futex, value, mask, futex_flags, flags) end

--- Wakes at most count of those who wait for a futex. Linux 6.7,
--- io_uring_prep_futex_wake(3)
---@param futex uring.Buffer a Buffer of 4 bytes to fill
---@param count integer
---@param mask? integer default FUTEX_BITSET_MATCH_ANY
---@param futex_flags? integer default FUTEX2_SIZE_U32
---@param flags? integer default 0
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.futex_wake(futex, count, mask, futex_flags, flags) end

--- Waits for one of several futexes; tells which, from 0 on. Linux 6.7,
--- io_uring_prep_futex_waitv(3)
---@param futexes uring.Futexes
---@param flags? integer default 0
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.futex_waitv(futexes, flags) end

--- Makes a descriptor of a registered file. Linux 6.8,
--- io_uring_prep_fixed_fd_install(3)
---@param slot integer a descriptor
---@param flags? integer default 0
---@return integer? fd
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fixed_fd_install(slot, flags) end

--- Cuts a file off at a length, or extends it with zeros. Linux 6.9,
--- io_uring_prep_ftruncate(3)
---@param fd integer a descriptor
---@param length integer bytes
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.ftruncate(fd, length) end

--- Gives a socket its local address. Linux 6.11, io_uring_prep_bind(3)
---@param fd integer a descriptor
---@param address uring.Address
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.bind(fd, address) end

--- Makes a socket accept connections. Linux 6.11, io_uring_prep_listen(3)
---@param fd integer a descriptor
---@param backlog? integer default SOMAXCONN
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.listen(fd, backlog) end

--- Receives without copying; needs a network card with header split and a queue
--- of it that register_ifq took. Linux 6.15, io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param zcrx_id integer
---@param length? integer default 0
---@return fun(...): integer, integer iterator
function op.recv_zc(fd, zcrx_id, length) end

--- Waits for events of an epoll instance; unpack_epoll_events reads them. Linux
--- 6.15, io_uring_prep_epoll_wait(3)
---@param epfd integer a descriptor
---@param events uring.Buffer a Buffer of 12 bytes to fill
---@param flags? integer default 0
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.epoll_wait(epfd, events, flags) end

--- Reads into several slices of a registered Buffer. Linux 6.15,
--- io_uring_prep_readv_fixed(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@param buf_index integer the index of a registered Buffer
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.readv_fixed(fd, iovecs, offset, flags, buf_index) end

--- Writes several slices of a registered Buffer. Linux 6.15,
--- io_uring_prep_writev_fixed(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of Buffers, to fill
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@param flags? integer default 0
---@param buf_index integer the index of a registered Buffer
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.writev_fixed(fd, iovecs, offset, flags, buf_index) end

--- Makes a pipe; unpack_pipe reads its two descriptors. Linux 6.16,
--- io_uring_prep_pipe(3)
---@param fds uring.Buffer a Buffer of 8 bytes to fill
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.pipe(fds, flags) end

--- Makes a pipe in two slots of the registered files. Linux 6.16,
--- io_uring_prep_pipe_direct(3)
---@param fds uring.Buffer a Buffer of 8 bytes to fill
---@param flags? integer default 0
---@param file_index? integer a slot of the registered files; by default one
--- that is free (5.19)
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.pipe_direct(fds, flags, file_index) end

--- Completes at once; needs an SQE of 128 bytes. Linux 6.19,
--- io_uring_prep_nop128(3)
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.nop128() end

--- Hands a command of 80 bytes to a file's driver; needs a wide SQE. Linux
--- 6.19, io_uring_prep_uring_cmd128(3)
---@param cmd_op integer
---@param fd integer a descriptor
---@param cmd? string|uring.Buffer at most 16 bytes, or 80 in a wide SQE
---@return integer? number
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.uring_cmd128(cmd_op, fd, cmd) end

---@class uring.core
---@field consts table<string, integer>
---@field errnos table<string, integer>
---@field ops table[]
---@field registers table[]
local core = {}

--- bind(ring, sentinel, last) -> {wait = {[row] = function}, claim = {[row] =
--- function}, start_for = {[row] = function}, receive = function, transmit =
--- function, step = function, go = function, take = function, ids = function,
--- flights = function, ids_on = function, living = function}, or nil, message,
--- code. Rows go by their names and their numbers; receive and transmit are
--- there where the kernel can do them.
---@param ring uring.Ring
---@param sentinel table
---@param last table
---@return table?
---@return string? message
---@return integer? code
function core.bind(ring, sentinel, last) end

--- bind_socket(fd, address [, mode]) -> true, or nil, message, code. bind(2). A
--- mode is that of a Unix socket's file, which has no wider one meanwhile.
---@param fd integer
---@param address uring.Address
---@param mode? integer
---@return true?
---@return string? message
---@return integer? code
function core.bind_socket(fd, address, mode) end

--- block(name, ...) keeps signals from acting until they are unblocked.
---@param name string
---@param ... string
function core.block(name, ...) end

--- buffer(size [, align]) -> Buffer of so many zero bytes
---@param size integer
---@param align? integer
---@return uring.Buffer
function core.buffer(size, align) end

--- catch(name [, ignore]) -> whether the loop's steps tell of "INT" or "QUIT"
--- from now on, or nobody does; not where it is ignored already. SIGQUIT ends
--- no system call, for the program goes on. sigaction(2)
---@param name integer
---@param ignore? boolean
---@return boolean
function core.catch(name, ignore) end

--- close(fd) -> true, or nil, message, code. close(2)
---@param fd integer
---@return true?
---@return string? message
---@return integer? code
function core.close(fd) end

--- cpus() -> how many processors we may run on. sched_getaffinity(2)
---@return integer
function core.cpus() end

--- cqe_flag_names(flags) -> the set of IORING_CQE_F_* names
---@param flags integer
---@return table<string, true>
function core.cqe_flag_names(flags) end

--- die(name) ends the process as the signal does that nobody catches.
---@param name integer
function core.die(name) end

--- environ() -> {NAME = value, ...} of this process
---@return table
function core.environ() end

--- epoll() -> fd of an epoll instance, or nil, message, code. epoll_create1(2)
---@return integer?
---@return string? message
---@return integer? code
function core.epoll() end

--- eventfd([count]) -> fd, or nil, message, code. eventfd(2)
---@param count? integer
---@return integer?
---@return string? message
---@return integer? code
function core.eventfd(count) end

--- fail(what, code) -> nil, "what: reason", code; what may be nil
---@param what string|nil
---@param code integer
---@return nil
---@return string
---@return integer
function core.fail(what, code) end

--- fail_op(number, code) -> nil, message, code: an op of the row of that number
--- has failed, or could not be started on the ring of a loop, which has SQEs of
--- 64 bytes
---@param number integer
---@param code integer
---@return nil
---@return integer|string
---@return integer? code
function core.fail_op(number, code) end

--- fill_cached(fd, buffer [, offset]) -> how many bytes the Buffer was filled
--- with, from its first one on; else as read_cached
---@param fd integer
---@param buffer uring.Buffer
---@param offset? integer
---@return integer
function core.fill_cached(fd, buffer, offset) end

--- fork() -> integer: in the child 0, in the parent its pid; or nil, message,
--- code. What stdio has buffered is written before, so that it is not written
--- twice. A child gets SIGTERM when the thread ends that has made it. fork(2)
---@return integer?
---@return string? message
---@return integer? code
function core.fork() end

--- futexes{{buffer, value [, flags]}, ...} -> Futexes for futex_waitv: each
--- waits while the 32 bits at the start of its Buffer are this value.
--- futex_waitv(2)
---@param items (string|uring.Buffer)[]
---@return uring.Futexes
function core.futexes(items) end

--- getpeername(fd) -> Address of the other side, or nil, message, code
---@param fd integer
---@return uring.Address?
---@return string? message
---@return integer? code
function core.getpeername(fd) end

--- getsockname(fd) -> Address of our side, or nil, message, code
---@param fd integer
---@return uring.Address?
---@return string? message
---@return integer? code
function core.getsockname(fd) end

--- getsockopt(fd, level, name [, size]) -> integer, or nil, message, code. With
--- a size it is the bytes of a structure, so many at most.
---@param fd integer
---@param level integer
---@param name integer
---@param size? integer
---@return integer?
---@return string? message
---@return integer? code
function core.getsockopt(fd, level, name, size) end

--- has_ring() -> whether this process has an io_uring open, whoever's
---@return boolean
function core.has_ring() end

--- inotify() -> fd, close-on-exec; or nil, message, code. inotify_init1(2)
---@return integer?
---@return string? message
---@return integer? code
function core.inotify() end

--- inotify_add(fd, path, mask) -> number of the watch; or nil, message, code.
--- inotify_add_watch(2)
---@param fd integer
---@param path string
---@param mask integer
---@return integer?
---@return string? message
---@return integer? code
function core.inotify_add(fd, path, mask) end

--- inotify_remove(fd, watch) -> true; or nil, message, code.
--- inotify_rm_watch(2)
---@param fd integer
---@param watch integer
---@return true?
---@return string? message
---@return integer? code
function core.inotify_remove(fd, watch) end

--- interface(name) -> its index, or nil, message, code. if_nametoindex(3)
---@param name string
---@return integer?
---@return string? message
---@return integer? code
function core.interface(name) end

--- iovecs{buffer_or_string, ...} -> Iovecs
---@param items (string|uring.Buffer)[]
---@return uring.Iovecs
function core.iovecs(items) end

--- is_blocked(name) -> whether a signal is blocked
---@param name integer
---@return boolean
function core.is_blocked(name) end

--- keep_freed(size): from now on malloc(3) keeps about so many bytes that are
--- free, 60 MiB at most, in place of giving them back to the kernel, where it
--- is glibc's. mallopt(3), M_TRIM_THRESHOLD
---@param size integer
function core.keep_freed(size) end

--- kill(pidfd, signal [, pid]) -> true, or nil, message, code: to the process,
--- or, where its pid is given too, to the process group that it leads. A name
--- as in kill(1), or a number. pidfd_send_signal(2)
---@param pidfd integer
---@param signal string|integer
---@param pid? integer
---@return true?
---@return string? message
---@return integer? code
function core.kill(pidfd, signal, pid) end

--- let_go(name) undoes that -> whether one came that no step has told of
---@param name integer
---@return boolean
function core.let_go(name) end

--- listen(fd [, backlog]) -> true, or nil, message, code. listen(2)
---@param fd integer
---@param backlog? integer
---@return true?
---@return string? message
---@return integer? code
function core.listen(fd, backlog) end

--- lseek(fd, offset, whence) -> the file's position; or nil, message, code.
--- whence is SEEK_SET, SEEK_CUR or SEEK_END. lseek(2)
---@param fd integer
---@param offset integer
---@param whence integer
---@return integer?
---@return string? message
---@return integer? code
function core.lseek(fd, offset, whence) end

--- mark_path(address) -> the bytes of a mark by which to know the socket again;
--- nil: there is none
---@param address uring.Address
---@return string?
function core.mark_path(address) end

--- memfd(string) -> fd of a file in memory that reads as these bytes from the
--- start; or nil, message, code. memfd_create(2)
---@param string string
---@return integer?
---@return string? message
---@return integer? code
function core.memfd(string) end

--- message{iov=, name=, control=} -> Message for sendmsg and recvmsg. iov is a
--- string, a Buffer or an Iovecs; name an Address to send to, or true where the
--- sender's shall be told; control a string to send, or how many bytes there
--- shall be room for. sendmsg(2), recvmsg(2)
---@param options table
---@return uring.Message
function core.message(options) end

--- mount_magic(mount) -> integer of linux/magic.h: what kind of file system is
--- there; or nil, errno. statmount(2), Linux 6.8
---@param mount integer
---@return integer?
function core.mount_magic(mount) end

--- now() -> CLOCK_MONOTONIC in nanoseconds
---@return integer
function core.now() end

--- pidfd(pid) -> fd of a process, or nil, message, code. pidfd_open(2)
---@param pid integer
---@return integer?
---@return string? message
---@return integer? code
function core.pidfd(pid) end

--- pipe([size]) -> fd to read, fd to write; or nil, message, code. It holds so
--- many bytes, where the kernel allows that. pipe2(2), F_SETPIPE_SZ
---@param size? integer
---@return integer?
---@return integer|string
---@return integer? code
function core.pipe(size) end

--- poll(fds, events) -> {[place] = POLL*}, what holds now of the events that
--- are asked for each descriptor, where one does; -EBADF where there is no such
--- descriptor. Or nil, message, code. Does not wait. poll(2)
---@param fds integer[]
---@param events integer[]
---@return table?
---@return string? message
---@return integer? code
function core.poll(fds, events) end

--- read_cached(fd, size [, offset]) -> the bytes, 1 to 16384, as far as they
--- are in the page cache from the first one on; or nil, errno: EINVAL for what
--- is no such size or offset. None are the end, or an old kernel's error: ask
--- again by an op. Without an offset it is the file's own position, which
--- moves. preadv2(2), RWF_NOWAIT
---@param fd integer
---@param size integer
---@param offset? integer
---@return string?
function core.read_cached(fd, size, offset) end

--- reap(pidfd) -> true, and the exit status of a child, or nil and the number
--- of the signal that ended it; false while it lives; or nil, message, code.
--- waitid(2)
---@param pidfd integer
---@return true?
---@return string? message
---@return integer? code
function core.reap(pidfd) end

--- register_query() -> {request_opcodes=, register_opcodes=, query_opcodes=,
--- features={}, setup_flags={}, sqe_flags={}, enter_flags=}, what this kernel
--- has: counts of opcodes, sets of names; or nil, message, code.
--- io_uring_register_query(3), Linux 6.18.
---@return table?
---@return string? message
---@return integer? code
function core.register_query() end

--- register_sync_msg(fd, res, data [, flags]) -> true, or nil, message, code:
--- posts a CQE to the ring of a descriptor without a ring of one's own, as the
--- row msg_ring does. io_uring_register_sync_msg(3), Linux 6.13.
---@param fd integer
---@param res integer
---@param data integer
---@param flags? integer
---@return true?
---@return string? message
---@return integer? code
function core.register_sync_msg(fd, res, data, flags) end

--- release() -> "6.1.176-1", what the kernel calls itself. uname(2)
---@return string
function core.release() end

--- remove_marked(address, mark) -> whether it was there, and is removed
---@param address uring.Address
---@param mark string
---@return boolean
function core.remove_marked(address, mark) end

--- remove_stale(address) -> whether a socket was there that nobody had
---@param address uring.Address
---@return boolean
function core.remove_stale(address) end

--- resumer(sentinel) -> two functions: resume(coroutine, ...) and
--- taken(coroutine, ok, count)
---@param sentinel table
---@return function
---@return function
function core.resumer(sentinel) end

--- ring(entries [, {flags=, cq_entries=, sq_thread_idle=, sq_thread_cpu=,
--- wq_fd=}]) -> Ring, or nil, message, code. io_uring_setup(2). flags are names
--- or integers, exactly those asked for; sq_thread_idle is in milliseconds.
---@param entries integer
---@param options? table
---@return uring.Ring?
---@return string? message
---@return integer? code
function core.ring(entries, options) end

--- setsockopt(fd, level, name, value) -> true, or nil, message, code. The value
--- is an integer, or the bytes of a structure.
---@param fd integer
---@param level integer
---@param name integer
---@param value integer|string
---@return true?
---@return string? message
---@return integer? code
function core.setsockopt(fd, level, name, value) end

--- signal_name(number) -> "INT" for 2; nil for one without a name here
---@param number integer
---@return string?
function core.signal_name(number) end

--- signalfd(name, ...) -> fd that reads as a signalfd_siginfo of 128 bytes for
--- each signal; they are blocked, so that they do nothing else. Or nil,
--- message, code. signalfd(2). Names as in kill(1): "INT", "TERM".
---@param name string
---@param ... string
---@return integer?
---@return string? message
---@return integer? code
function core.signalfd(name, ...) end

--- sigpipe("ignore") -> whether it acted by default until then, in which case
--- it is ignored now; sigpipe("default") undoes that; sigpipe("die") does what
--- it would have done.
---@param wish "ignore"|"default"|"die"
---@return boolean
function core.sigpipe(wish) end

--- slice(string_or_buffer [, i [, j]]) -> Buffer of the same bytes
---@param string_or_buffer string|uring.Buffer
---@param i? integer
---@param j? integer
---@return uring.Buffer
function core.slice(string_or_buffer, i, j) end

--- sockaddr(host, port) -> Address of a numeric host, IPv4 or IPv6
--- sockaddr("unix:/path") -> Address of a Unix socket; "unix:@name" abstract
--- nil, message, code where it is neither. getaddrinfo(3), numeric only.
---@param host string
---@param port? integer
---@return uring.Address?
---@return string? message
---@return integer? code
function core.sockaddr(host, port) end

--- socket(domain, type [, protocol]) -> fd, or nil, message, code
---@param domain integer
---@param type integer
---@param protocol? integer
---@return integer?
---@return string? message
---@return integer? code
function core.socket(domain, type, protocol) end

--- socketpair([type]) -> fd, fd of two connected Unix sockets; or nil, message,
--- code. socketpair(2)
---@param type? integer
---@return integer?
---@return string? message
---@return integer? code
function core.socketpair(type) end

--- spawn{argv =, paths =, env =, stdin =, stdout =, stderr =, cwd =, pgroup =,
--- session =, uid =, gid =} -> two integers, pid and pidfd; or nil, step, code:
--- "exec", or what else has failed before. The first of the paths that there is
--- becomes the program. env is a list of "NAME=value", left out ours; the
--- others are integers, and left out as they are for us; -1 is /dev/null. The
--- program has no descriptors but 0, 1 and 2, blocks no signal, and ignores
--- those that we do, but SIGPIPE.
---@param options table
---@return integer?
---@return integer?
function core.spawn(options) end

--- stat_in(buffer) -> {type = "file", perm = 0644, ...}, what the row statx has
--- written there, 256 bytes: also mask, blksize, attributes, nlink, uid, gid,
--- mode, ino, size, blocks, atime, btime, ctime, mtime (seconds), rdev, dev.
--- statx(2)
---@param buffer uring.Buffer
---@return table
function core.stat_in(buffer) end

--- stat_known(fd) -> what stat_in tells, of an open file, as the kernel knows
--- it by now: no server is asked; and the number of its mount, which is never
--- another's, or nil before Linux 6.8; or nil, errno. statx(2),
--- AT_STATX_DONT_SYNC
---@param fd integer
---@return table?
---@return integer?
function core.stat_known(fd) end

--- strerror(code) -> what an errno means
---@param code integer
---@return string
function core.strerror(code) end

--- thread(body, ...) -> a coroutine that calls body(...): resume of a resumer
--- starts it without a value
---@param body fun(chain: uring.Chain)
---@param ... any
---@return thread
function core.thread(body, ...) end

--- tray() -> Tray; or nil, message, code
---@return uring.Tray?
---@return string? message
---@return integer? code
function core.tray() end

--- unblock(name, ...) lets signals act as before signalfd.
---@param name string
---@param ... string
function core.unblock(name, ...) end

--- unpack_sockaddr(string_or_buffer) -> Address that accept wrote to a Buffer,
--- which was zeroed, as new ones are; or bytes that came otherwise
---@param string_or_buffer string|uring.Buffer
---@return uring.Address
function core.unpack_sockaddr(string_or_buffer) end

--- wall() -> CLOCK_REALTIME, what a clock on the wall shows, in nanoseconds
---@return integer
function core.wall() end

--- widen(fd, size) -> how many bytes the pipe holds by now, more where the
--- kernel allows that, never fewer; or nil: it is no pipe. F_SETPIPE_SZ
---@param fd integer
---@param size integer
---@return integer?
function core.widen(fd, size) end

--- work(name, ...) -> what the job says: true, a count or bytes; or nil,
--- message, code. Blocks the thread until it is done.
---@param name string
---@param ... any
---@return any?
---@return string? message
---@return integer? code
function core.work(name, ...) end

--- writer(quick, go_on, slowly) -> write(stream, data, ...), which sends a
--- string or a Buffer by quick[1], the 'transmit' of a bound ring, and returns
--- the stream. From when it yields, stream.is_writing is true. Where more is to
--- be done then, it returns what go_on(stream, data, value, extra) does, with
--- true for the value where all was sent; and where it cannot do that, what
--- slowly(stream, data, ...) does.
---@param quick table
---@param go_on function
---@param slowly function
---@return function
function core.writer(quick, go_on, slowly) end

local _types = {
  Address,
  BufRing,
  Buffer,
  CQE,
  Chain,
  Futexes,
  Iovecs,
  Message,
  Ring,
  SQE,
  Tray,
  op,
}

return core
