# System calls on a socket that never wait: past a transport which holds nothing, or does not do the like.
# Knows no transport; connection.pyx and tls.pyx say when. All that not every system has stands here.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memset

# What other systems do not have is not asked for there: POSIX has to do, which tells less. docs/PLATFORMS.md says what
# follows. BUILD_PORTABLE=1 (setup.py) does so on Linux, too: what is for others can be tested here.
cdef extern from *:
    """
    #include <poll.h>
    #include <sys/ioctl.h>
    #include <sys/socket.h>

    #if defined(__linux__) && !defined(FASTSRV_PORTABLE)
    #include <linux/sockios.h>
    #define FASTSRV_LINUX 1
    #define fastsrv_unacknowledged(fd, size) ((void)ioctl(fd, SIOCOUTQ, size))
    #else
    #define FASTSRV_LINUX 0
    #undef POLLRDHUP
    #define POLLRDHUP 0  /* not asked for */
    #if defined(SO_NWRITE)  /* macOS */
    #define fastsrv_unacknowledged(fd, size) \
        ((void)getsockopt(fd, SOL_SOCKET, SO_NWRITE, size, &(socklen_t){sizeof(int)}))
    #else
    #define fastsrv_unacknowledged(fd, size) ((void)0)
    #endif
    #endif

    #ifndef MSG_NOSIGNAL  /* CPython ignores SIGPIPE */
    #define MSG_NOSIGNAL 0
    #endif
    """
    const bint IS_LINUX "FASTSRV_LINUX"
    void ask_unacknowledged "fastsrv_unacknowledged"(int fd, int* size) noexcept nogil

cdef extern from "<poll.h>" nogil:
    enum: POLLIN
    enum: POLLERR
    enum: POLLHUP
    enum: POLLRDHUP
    struct pollfd:
        int fd
        short events
        short revents
    int poll(pollfd* descriptors, unsigned long count, int timeout)

cdef extern from "<sys/socket.h>" nogil:
    enum: MSG_PEEK
    enum: MSG_DONTWAIT
    enum: MSG_NOSIGNAL
    enum: SHUT_WR
    enum: SHUT_RDWR
    enum: AF_UNSPEC
    enum: SOL_SOCKET
    enum: SO_ERROR
    enum: SO_LINGER
    struct linger_time "linger":
        int l_onoff
        int l_linger
    struct sockaddr:
        unsigned short sa_family
    struct iovec:
        void* iov_base
        size_t iov_len
    struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
    ssize_t recv(int fd, void* buffer, size_t size, int flags)
    ssize_t send(int fd, const void* buffer, size_t size, int flags)
    ssize_t sendmsg(int fd, const msghdr* message, int flags)
    int shutdown(int fd, int how)
    int connect(int fd, const sockaddr* address, unsigned int size)
    int getsockopt(int fd, int level, int option, void* value, unsigned int* size)
    int setsockopt(int fd, int level, int option, const void* value, unsigned int size)

cdef enum:
    MAX_PARTS = 64                 # of send_parts_now(): dozens of chunks of 16 KB and more, with what is around them


cdef enum Sight:
    # What look_at() sees of a peer.
    NO_END
    HAS_ENDED            # it has half-closed; over TCP it may as well have closed
    HAS_CLOSED           # it has closed, and bytes are left that nobody has read
    HAS_GONE             # it has reset the connection, or closed and left nothing


cdef inline bytes send_now(int fd, bytes data):
    """What the kernel has not taken of `data`; all of it also when it cannot, which a transport then finds out."""
    cdef ssize_t sent = send(fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_NOSIGNAL | MSG_DONTWAIT)
    if sent == PyBytes_GET_SIZE(data):
        return b""
    return data[sent:] if sent > 0 else data


cdef inline Py_ssize_t send_parts_now(int fd, list parts) noexcept:
    """How many bytes of at most MAX_PARTS bytes objects the kernel has taken, in one call; 0 also when it cannot."""
    cdef iovec[MAX_PARTS] vectors
    cdef msghdr message
    cdef Py_ssize_t i
    memset(&message, 0, sizeof(message))
    message.msg_iov = vectors
    message.msg_iovlen = len(parts)
    for i in range(len(parts)):
        vectors[i].iov_base = PyBytes_AS_STRING(<bytes>parts[i])
        vectors[i].iov_len = PyBytes_GET_SIZE(<bytes>parts[i])
    cdef ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)
    return sent if sent > 0 else 0


cdef inline Py_ssize_t unacknowledged(int fd) noexcept:
    """How many bytes the kernel keeps of what it has taken, until the peer's has got them; 0 where it does not tell."""
    cdef int size = 0
    ask_unacknowledged(fd, &size)
    return size


cdef inline bint has_unread(int fd) noexcept:
    """Have bytes come that nobody has read?"""
    cdef char byte
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0


cdef inline short poll_now(int fd, short events) noexcept:
    """Which of these there are, and of those that poll() always tells of; 0: none."""
    cdef pollfd look
    look.fd = fd
    look.events = events
    look.revents = 0
    return look.revents if poll(&look, 1, 0) > 0 else 0


cdef inline Sight look_at(int fd) noexcept:
    """Has the peer ended, whether or not a read has come to its end? While our side is open, only a UNIX socket tells
    of a close."""
    if not IS_LINUX:
        return look_at_less(fd)
    cdef short seen = poll_now(fd, POLLRDHUP)
    if seen == 0:
        return NO_END
    # A reset takes along what has not been read (RFC 9293, 3.10.7.4), an orderly close does not.
    if seen & POLLERR:
        return HAS_GONE
    if seen & POLLHUP:
        return HAS_CLOSED if has_unread(fd) else HAS_GONE
    return HAS_ENDED


cdef inline Sight look_at_less(int fd) noexcept:
    """look_at() where poll() has no POLLRDHUP. Behind bytes that nobody has read an end is seen only if POLLHUP tells
    of it, which says less on macOS, of our side: a close is taken for a half-close."""
    cdef int failure = 0
    cdef unsigned int size = sizeof(failure)
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size)  # the kernel forgets it: an end is seen from then on
    if failure != 0:
        return HAS_GONE
    cdef short seen = poll_now(fd, POLLIN)
    if seen == 0:
        return NO_END
    cdef char byte
    return HAS_ENDED if seen & POLLHUP or recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0 else NO_END


cdef inline void end_our_side(int fd) noexcept:
    shutdown(fd, SHUT_WR)


cdef inline void end_both_sides(int fd) noexcept:
    """What close() does for who holds the only copy of the descriptor."""
    shutdown(fd, SHUT_RDWR)


cdef inline void reset_now(int fd) noexcept:
    """Instead of an orderly end, whoever holds a copy of the descriptor; where connect(2) cannot do that, when the last
    copy is closed. A UNIX socket knows no reset."""
    cdef sockaddr nobody
    cdef linger_time at_once
    if IS_LINUX:
        memset(&nobody, 0, sizeof(nobody))
        nobody.sa_family = AF_UNSPEC
        connect(fd, &nobody, sizeof(nobody))  # connect(2): dissolves the association
    else:
        at_once.l_onoff = 1
        at_once.l_linger = 0
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once))
