# The header fields of a response, as an app gives them: validated. Pure: knows no connection and no version of HTTP.
# exchange.pyx asks; what passes here splits no response.

cdef struct Said:
    # What the app said in its fields that the framing has to know: a flag for each field that is asked for.
    long long content_length     # NO_LENGTH if it gave none
    Py_ssize_t size              # bytes of the names and values that are its own to send
    bint date
    bint server
    bint close
    bint keep_alive              # a Keep-Alive field
    bint upgrade                 # an Upgrade field


cdef enum:
    NO_LENGTH = -1

cdef list validate(object headers, bint drop_length, Said* said)
cdef tuple pair_of(object field)             # a header as an app gives it; TypeError if it is no pair
cdef bint is_token(bytes text) noexcept      # RFC 9110, 5.6.2
