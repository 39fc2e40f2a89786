# The names of request fields: which are usual, and which mean something to us.
# Pure; plain_head.pyx and rules.pyx look names up here.

cdef enum Kind:
    PLAIN                # no matter of ours
    HOST
    CONNECTION
    CONTENT_LENGTH
    TRANSFER_ENCODING
    EXPECT
    UPGRADE
    FORWARDING           # set by a proxy, see fastsrv/forwarded.py
    UNDERSCORED          # has a "_", which WSGI and some proxies take for a dash; see fastsrv/forwarded.py
    USUAL                # the same in many requests, and no secret: its line may be remembered (field_cache.pyx)
    CONTENT_TYPE         # at most once
    AUTHORIZATION        # at most once
    PROXY_CONNECTION     # no standard's, but the parser reads it as it reads Connection

cdef enum:
    # Of kinds, as bits: what a name means is said here, and nowhere else.
    ONCE = 1 << HOST | 1 << CONTENT_TYPE | 1 << AUTHORIZATION | 1 << TRANSFER_ENCODING  # a second one is refused
    PROXYS = 1 << FORWARDING | 1 << UNDERSCORED                                         # for fastsrv/forwarded.py
    IN_TRAILERS = 1 << PLAIN | 1 << USUAL | 1 << CONTENT_TYPE | 1 << AUTHORIZATION      # what else may not stand there
    # A head with one of these asks for more than an answer, and is no plain one.
    PARSERS = 1 << TRANSFER_ENCODING | 1 << EXPECT | 1 << UPGRADE | 1 << PROXY_CONNECTION
    MEMORABLE = 1 << USUAL | 1 << HOST | 1 << CONNECTION | 1 << CONTENT_TYPE            # the same in many requests

cdef bytes field_name(const unsigned char* text, Py_ssize_t size, Kind* kind)
