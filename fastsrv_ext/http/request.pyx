"""What a request says of itself, whatever its version of HTTP (RFC 9110).

Facts alone: http1/rules.pyx and plain_head.pyx fill them in, and refuse what breaks a rule. asgi/scope.pyx reads them.
"""

cimport cython


@cython.freelist(8)  # as most are gone when the next one comes
cdef class RequestHead:

    def __cinit__(self):
        self.headers = []
        self.content_length = NO_BODY_LENGTH

    def values(self, bytes wanted not None):
        """The values of the fields of this name, which is in lower case, in their order."""
        cdef bytes name, value
        return [value for name, value in self.headers if name == wanted]
