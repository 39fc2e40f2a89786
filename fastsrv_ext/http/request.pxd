# What a request says of itself, whatever its version of HTTP. Knows no connection and no app.
# http1/rules.pyx and plain_head.pyx fill it in, scope.pyx reads it.

from fastsrv_ext.http.field_names cimport PROXYS, UNDERSCORED, Kind


cdef enum:
    NO_BODY_LENGTH = -1          # neither Content-Length nor Transfer-Encoding: no body
    CHUNKED_LENGTH = -2          # Transfer-Encoding: chunked


cdef class RequestHead:
    # request line
    cdef readonly str method
    cdef readonly bytes target           # as received
    cdef readonly str protocol           # "HTTP/1.0", "HTTP/1.1", up to 1.9 (permit_unconventional_http_version)
    cdef bint is_head                    # the method
    cdef bint is_http_10
    cdef bytes raw_path                  # target without query and authority
    cdef bytes query

    # fields
    cdef readonly list headers           # (name in lower case, value), in their order
    cdef bytes host                      # None without a Host
    cdef bytes expect                    # None without
    cdef bytes upgrade                   # None without, and where it is to be ignored
    cdef unsigned int kinds              # bits: kinds (field_names.pxd) that have come
    cdef Py_ssize_t size                 # bytes counted so far, trailers included

    # what follows from them
    cdef long long content_length        # or NO_BODY_LENGTH, CHUNKED_LENGTH
    cdef bint keep_alive                 # what the client asks for

    cdef inline bint is_second(self, Kind kind) noexcept:
        """Has one of this kind come before? It has now."""
        cdef bint known = self.has(kind)
        self.kinds |= 1 << <unsigned int>kind
        return known

    cdef inline bint has(self, Kind kind) noexcept:
        """Has one of this kind come?"""
        return self.kinds & <unsigned int>(1 << <int>kind) != 0

    cdef inline bint is_forwarded(self) noexcept:
        """Has a field come that is a proxy's to set, or that has an underscore in its name?"""
        return self.kinds & <unsigned int>PROXYS != 0

    cdef inline bint is_underscored(self) noexcept:
        return self.has(UNDERSCORED)
