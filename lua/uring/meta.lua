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

--- bufring:available() -> how many buffers the kernel may pick from
---@return integer
function BufRing:available() end

--- bufring:bgid() -> its group number, for set_buf_group
---@return integer
function BufRing:bgid() end

--- bufring:close(), once more is nothing; ops in flight keep their bytes
function BufRing:close() end

--- bufring:recycle(bid) gives a buffer back to the kernel unread
---@param bid integer
function BufRing:recycle(bid) end

--- bufring:string(flags, res) -> the bytes that a completion with these flags
--- and result left in a buffer, which is recycled
---@param flags integer
---@param res integer
---@return string
function BufRing:string(flags, res) end

--- Bytes that the kernel may read or fill.
---@class uring.Buffer
---@operator len: integer
local Buffer = {}

--- buffer:byte([i]) -> the byte at position i (1), or nothing outside
---@param i? integer
---@return integer?
function Buffer:byte(i) end

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

--- cqe:buffer_id() -> the bid of the buffer it lends, or nil
---@return integer?
function CQE:buffer_id() end

--- cqe:more() -> whether the op will post further CQEs
---@return boolean
function CQE:more() end

--- cqe:notif() -> whether this is the notification of a zero-copy send
---@return boolean
function CQE:notif() end

--- Several Buffers and strings for one op.
---@class uring.Iovecs
---@operator len: integer
local Iovecs = {}

--- A ring as Lua sees it.
---@class uring.Ring
local Ring = {}

--- ring:buf_ring{bgid=, entries=, size=} -> BufRing of so many buffers of
--- 'size' bytes, or nil, message, code. entries is a power of two. EBUSY: an op
--- in flight still selects from a closed ring of this number.
--- io_uring_register_buf_ring(3), Linux 5.19.
---@param options table
---@return uring.BufRing?
---@return string? message
---@return integer? code
function Ring:buf_ring(options) end

--- ring:close(): cancels and drains what is in flight first; once more is
--- nothing. Also for a <close> variable, and for the collector.
function Ring:close() end

--- ring:cq_has_overflow() -> whether CQEs wait in the kernel for room
---@return boolean
function Ring:cq_has_overflow() end

--- ring:cq_ready() -> how many CQEs are there to be taken
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

--- ring:in_flight() -> how many ops have not had their final CQE taken
---@return integer
function Ring:in_flight() end

--- ring:params() -> {sq_entries=, cq_entries=, flags=, features=,
--- sq_thread_cpu=, sq_thread_idle=, wq_fd=, sq_off={}, cq_off={}}, as
--- io_uring_setup(2) filled them in
---@return table
function Ring:params() end

--- ring:peek_cqe() -> CQE at the head of the CQ, or nil: there is none
---@return uring.CQE?
function Ring:peek_cqe() end

--- ring:probe() -> {[row] = true} for each row whose opcode this kernel has, or
--- nil, message, code. io_uring_register_probe(3).
---@return table<string, true>?
---@return string? message
---@return integer? code
function Ring:probe() end

--- ring:register_ring_fd() -> true, or nil, message, code: cheaper enters
---@return true?
---@return string? message
---@return integer? code
function Ring:register_ring_fd() end

--- ring:sq_ready() -> how many SQEs wait for submit
---@return integer
function Ring:sq_ready() end

--- ring:sq_space_left() -> how many SQEs get_sqe can still give
---@return integer
function Ring:sq_space_left() end

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
--- number; raises where the ring has none.
---@param bgid integer
---@return uring.SQE
function SQE:set_buf_group(bgid) end

--- sqe:set_data(value) -> sqe. The value comes back with each CQE of this op,
--- unchanged, and is let go after the last. io_uring_sqe_set_data(3)
---@param value any
---@return uring.SQE
function SQE:set_data(value) end

--- sqe:set_flags(...) -> sqe. Names ("io_link", "async", ...), lists of them,
--- or integers; they replace those that were set, as io_uring_sqe_set_flags(3)
--- does.
---@param ... any
---@return uring.SQE
function SQE:set_flags(...) end

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

--- Writes several strings and Buffers; may write fewer bytes. Linux 5.1,
--- io_uring_prep_writev(3)
---@param fd integer a descriptor
---@param iovecs uring.Iovecs an Iovecs of strings and Buffers
---@param offset? integer a place in the file, in bytes; -1 is the file's own
--- position
---@return integer id
function SQE:prep_writev(fd, iovecs, offset) end

--- Brings a file's data to its device. Linux 5.1, io_uring_prep_fsync(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_fsync(fd, flags) end

--- Waits until a descriptor has one of the poll events. Linux 5.1,
--- io_uring_prep_poll_add(3)
---@param fd integer a descriptor
---@param events integer
---@return integer id
function SQE:prep_poll_add(fd, events) end

--- Completes when the time is over, or after count other completions. Linux
--- 5.4, io_uring_prep_timeout(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param count? integer default 0
---@param flags? integer default 0
---@return integer id
function SQE:prep_timeout(after, count, flags) end

--- Takes one connection off a listening socket. Linux 5.5,
--- io_uring_prep_accept(3)
---@param fd integer a descriptor
---@param peer? uring.Buffer a Buffer of 128 bytes for the peer's address, which
--- `unpack_sockaddr` reads
---@param flags? integer default SOCK_CLOEXEC
---@return integer id
function SQE:prep_accept(fd, peer, flags) end

--- Cancels the op that prep gave this id; it still completes. Linux 5.5,
--- io_uring_prep_cancel64(3)
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel(target, flags) end

--- Connects a socket to an address. Linux 5.5, io_uring_prep_connect(3)
---@param fd integer a descriptor
---@param address uring.Address
---@return integer id
function SQE:prep_connect(fd, address) end

--- Opens a file; the descriptor is close-on-exec. Linux 5.6,
--- io_uring_prep_openat(3)
---@param dirfd integer a folder's descriptor, or `AT_FDCWD`
---@param path string
---@param flags? integer default O_RDONLY
---@param mode? integer default 0644
---@return integer id
function SQE:prep_openat(dirfd, path, flags, mode) end

--- Closes a descriptor; ops on it go on until they are cancelled. Linux 5.6,
--- io_uring_prep_close(3)
---@param fd integer a descriptor
---@return integer id
function SQE:prep_close(fd) end

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

--- Sends the bytes of data; may send fewer. Linux 5.6, io_uring_prep_send(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@return integer id
function SQE:prep_send(fd, data, flags) end

--- Receives at most #buf bytes; 0 is the end of the stream. Linux 5.6,
--- io_uring_prep_recv(3)
---@param fd integer a descriptor
---@param buf uring.Buffer|uring.BufRing a Buffer to fill, or a BufRing that the
--- kernel picks one from
---@param flags? integer default 0
---@return integer id
function SQE:prep_recv(fd, buf, flags) end

--- Ends one direction of a connection, or both. Linux 5.11,
--- io_uring_prep_shutdown(3)
---@param fd integer a descriptor
---@param how integer
---@return integer id
function SQE:prep_shutdown(fd, how) end

--- Cancels an op on a descriptor, or with CANCEL_ALL every one. Linux 5.19,
--- io_uring_prep_cancel_fd(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return integer id
function SQE:prep_cancel_fd(fd, flags) end

--- Makes a socket; the descriptor is close-on-exec. Linux 5.19,
--- io_uring_prep_socket(3)
---@param domain integer
---@param type integer
---@param protocol? integer default 0
---@param flags? integer default 0
---@return integer id
function SQE:prep_socket(domain, type, protocol, flags) end

--- Takes connections off a listening socket until it is cancelled. Linux 5.19,
--- io_uring_prep_multishot_accept(3)
---@param fd integer a descriptor
---@param flags? integer default SOCK_CLOEXEC
---@return integer id
function SQE:prep_multishot_accept(fd, flags) end

--- Receives whatever comes, each time into a buffer of the ring. Linux 6.0,
--- io_uring_prep_recv_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return integer id
function SQE:prep_recv_multishot(fd, ring, flags) end

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

--- Brings a file's data to its device. Linux 5.1, io_uring_prep_fsync(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.fsync(fd, flags) end

--- Waits until a descriptor has one of the poll events. Linux 5.1,
--- io_uring_prep_poll_add(3)
---@param fd integer a descriptor
---@param events integer
---@return integer? mask
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.poll_add(fd, events) end

--- Completes when the time is over, or after count other completions. Linux
--- 5.4, io_uring_prep_timeout(3)
---@param after number|integer[] seconds, or `{seconds, nanoseconds}`
---@param count? integer default 0
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.timeout(after, count, flags) end

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

--- Cancels the op that prep gave this id; it still completes. Linux 5.5,
--- io_uring_prep_cancel64(3)
---@param target integer what `prep` returned for another op
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel(target, flags) end

--- Connects a socket to an address. Linux 5.5, io_uring_prep_connect(3)
---@param fd integer a descriptor
---@param address uring.Address
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.connect(fd, address) end

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

--- Closes a descriptor; ops on it go on until they are cancelled. Linux 5.6,
--- io_uring_prep_close(3)
---@param fd integer a descriptor
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.close(fd) end

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

--- Sends the bytes of data; may send fewer. Linux 5.6, io_uring_prep_send(3)
---@param fd integer a descriptor
---@param data string|uring.Buffer
---@param flags? integer default MSG_NOSIGNAL
---@return integer? count
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.send(fd, data, flags) end

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

--- Ends one direction of a connection, or both. Linux 5.11,
--- io_uring_prep_shutdown(3)
---@param fd integer a descriptor
---@param how integer
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.shutdown(fd, how) end

--- Cancels an op on a descriptor, or with CANCEL_ALL every one. Linux 5.19,
--- io_uring_prep_cancel_fd(3)
---@param fd integer a descriptor
---@param flags? integer default 0
---@return true? ok
---@return integer|string flags of the CQE, or the message
---@return integer? code
function op.cancel_fd(fd, flags) end

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

--- Takes connections off a listening socket until it is cancelled. Linux 5.19,
--- io_uring_prep_multishot_accept(3)
---@param fd integer a descriptor
---@param flags? integer default SOCK_CLOEXEC
---@return fun(...): integer, integer iterator
function op.multishot_accept(fd, flags) end

--- Receives whatever comes, each time into a buffer of the ring. Linux 6.0,
--- io_uring_prep_recv_multishot(3)
---@param fd integer a descriptor
---@param ring uring.BufRing a BufRing that the kernel picks buffers from
---@param flags? integer default 0
---@return fun(...): string, integer iterator
function op.recv_multishot(fd, ring, flags) end

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

---@class uring.core
---@field consts table<string, integer>
---@field errnos table<string, integer>
---@field ops table[]
local core = {}

--- bind(ring) -> {start = {[row] = function}, start_for = {[row] = function},
--- step = function}, or nil, message, code
---@param ring uring.Ring
---@return table?
---@return string? message
---@return integer? code
function core.bind(ring) end

--- bind_socket(fd, address) -> true, or nil, message, code. bind(2)
---@param fd integer
---@param address uring.Address
---@return true?
---@return string? message
---@return integer? code
function core.bind_socket(fd, address) end

--- buffer(size [, align]) -> Buffer of so many zero bytes
---@param size integer
---@param align? integer
---@return uring.Buffer
function core.buffer(size, align) end

--- close(fd) -> true, or nil, message, code. close(2)
---@param fd integer
---@return true?
---@return string? message
---@return integer? code
function core.close(fd) end

--- cqe_flag_names(flags) -> the set of IORING_CQE_F_* names
---@param flags integer
---@return table<string, true>
function core.cqe_flag_names(flags) end

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

--- getsockopt(fd, level, name) -> integer, or nil, message, code
---@param fd integer
---@param level integer
---@param name integer
---@return integer?
---@return string? message
---@return integer? code
function core.getsockopt(fd, level, name) end

--- iovecs{buffer_or_string, ...} -> Iovecs
---@param items (string|uring.Buffer)[]
---@return uring.Iovecs
function core.iovecs(items) end

--- is_blocked(name) -> whether a signal is blocked
---@param name integer
---@return boolean
function core.is_blocked(name) end

--- listen(fd [, backlog]) -> true, or nil, message, code. listen(2)
---@param fd integer
---@param backlog? integer
---@return true?
---@return string? message
---@return integer? code
function core.listen(fd, backlog) end

--- now() -> CLOCK_MONOTONIC in nanoseconds
---@return integer
function core.now() end

--- pipe() -> fd to read, fd to write; or nil, message, code. pipe2(2)
---@return integer?
---@return integer|string
---@return integer? code
function core.pipe() end

--- ring(entries [, {flags=, cq_entries=, sq_thread_idle=, sq_thread_cpu=,
--- wq_fd=}]) -> Ring, or nil, message, code. io_uring_setup(2). flags are names
--- or integers, exactly those asked for; sq_thread_idle is in milliseconds.
---@param entries integer
---@param options? table
---@return uring.Ring?
---@return string? message
---@return integer? code
function core.ring(entries, options) end

--- setsockopt(fd, level, name, integer) -> true, or nil, message, code
---@param fd integer
---@param level integer
---@param name integer
---@param integer integer
---@return true?
---@return string? message
---@return integer? code
function core.setsockopt(fd, level, name, integer) end

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

--- strerror(code) -> what an errno means
---@param code integer
---@return string
function core.strerror(code) end

--- unblock(name, ...) lets signals act as before signalfd.
---@param name string
---@param ... string
function core.unblock(name, ...) end

--- unpack_sockaddr(buffer) -> Address that accept wrote to it, which was
--- zeroed, as new Buffers are
---@param buffer uring.Buffer
---@return uring.Address
function core.unpack_sockaddr(buffer) end

local _types = { Address, BufRing, Buffer, CQE, Iovecs, Ring, SQE, op }

return core
