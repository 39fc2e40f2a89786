# The names of request fields: which are usual, and which mean something to us.
# Pure; plain_head.pyx and request.pyx look names up here.

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

cdef bytes field_name(const unsigned char* text, Py_ssize_t size, Kind* kind)
