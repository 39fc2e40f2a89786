# TLS between a plain transport and a protocol. fastsrv/server.py makes one for each connection, if TLS is on.

from fastsrv_ext.budget cimport Budget


cdef enum Phase:
    HANDSHAKE                        # hands are not shaken yet
    OPEN
    NOTIFIED                         # our close_notify is out; the peer may go on
    DISCONNECTED                     # nothing is read or written any more


cdef enum PeersEnd:
    NOT_COME
    WAITS                            # its close_notify is behind bytes that the protocol may not take yet
    KNOWN                            # to the protocol


cdef struct Records:
    # How far what has come has been followed: the headers of records are plain (RFC 8446, 5.1).
    int header                       # bytes of its header that have come; 0 between two records
    Py_ssize_t left                  # bytes behind its header that have not come


cdef class TLS:
    cdef Budget budget
    cdef object transport            # the plain one
    cdef object protocol
    cdef object failed
    cdef object extension            # what makes `told`, or None
    cdef dict told                   # of it, to the app; None before it was asked for
    cdef object error                # the ssl.SSLError that has ended it, or None
    cdef object tls                  # ssl.SSLObject
    cdef object read                 # its methods
    cdef object encrypt
    cdef object incoming             # ssl.MemoryBIO: what it has to decrypt
    cdef object outgoing             # ssl.MemoryBIO: what it has encrypted
    cdef Phase phase
    cdef int descriptor              # the socket's, for writes past the plain transport; -1: by way of it
    cdef bint behind                 # the plain transport keeps bytes that the kernel has not taken
    cdef bint paused                 # the protocol takes nothing now
    cdef PeersEnd peers_end

    # what comes in
    cdef Records records
    cdef bytes held                  # not decrypted yet, from `decrypted` on: the budget of a turn was spent; None
    cdef Py_ssize_t decrypted        # bytes of `held`
    cdef bint in_line                # for a turn of the loop, with which go_on() comes

    cdef int go_through(self, bytes data, Py_ssize_t start) except -1
    cdef int hold(self, bytes data, Py_ssize_t start) except -1
    cdef int ask_for_turn(self) except -1
    cdef bytes take(self, object data)
    cdef int shake_hands(self) except -1
    cdef bytes decrypt(self)
    cdef int end_came(self) except -1
    cdef int peer_ended(self) except -1

    # what leaves
    cdef bytes unwritten             # what OpenSSL does not encrypt before it has read more, or None

    cdef int encrypt_in_slices(self, bytes data) except -1
    cdef int write_on(self) except -1
    cdef int flush(self) except -1
    cdef int hand_on(self, bytes data) except -1
    cdef int notify(self) except -1
    cdef int fail(self, object error) except -1
