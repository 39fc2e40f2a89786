# permessage-deflate (RFC 7692): what was agreed with a client, and the two streams of a connection.
# Pure; handshake.pyx negotiates, frames.pyx inflates, session.pyx compresses.


cdef class Deflate:
    cdef readonly bytes answer       # the value of Sec-WebSocket-Extensions
    cdef int our_bits                # of the window that we compress with, as a power of two
    cdef int their_bits
    cdef bint we_forget              # each message of ours is compressed by itself (no_context_takeover)
    cdef bint they_forget
    cdef object compressor           # zlib's, None until there is something to compress
    cdef object decompressor
    cdef bytes rest                  # of inflate(): what has to be given for more of the message, or None
    cdef int ends                    # how often a message has ended the stream and begun another one

    cdef bytes compress(self, object data)
    cdef bytes inflate(self, bytes data, Py_ssize_t limit)
    cdef int end_message(self) except -1
