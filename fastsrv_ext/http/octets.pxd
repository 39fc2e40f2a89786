# What a byte may be part of: the characters of the RFCs, in one place.
# Pure. Whoever scans has a table of its own, filled at import: another module's would be reached by a pointer.

cdef enum:
    TOKEN = 1            # RFC 9110, 5.6.2: tchar
    VALUE = 2            # RFC 9110, 5.5: HTAB, SP, VCHAR, obs-text
    TARGET = 4           # RFC 3986, 3.3 and 3.4: a path and query, escapes aside
    HOST_NAME = 8        # RFC 3986, 3.2.2: reg-name, but for a comma (it looks like two) and escapes (some decode them)


cdef inline bint is_alphanumeric(int byte) noexcept:
    return c'0' <= byte <= c'9' or c'A' <= byte <= c'Z' or c'a' <= byte <= c'z'


cdef inline void classify(unsigned char* table) noexcept:
    """Fill `table`, of 256: the bits above that each byte has."""
    cdef int byte
    for byte in range(256):
        table[byte] = (
            (TOKEN if is_alphanumeric(byte) or byte in b"!#$%&'*+-.^_`|~" else 0)
            | (VALUE if byte == c'\t' or (byte >= c' ' and byte != 127) else 0)
            | (TARGET if is_alphanumeric(byte) or byte in b"!$&'()*+,-./:;=?@_~" else 0)
            | (HOST_NAME if is_alphanumeric(byte) or byte in b"-._~!$&'()*+;=" else 0)
        )


cdef inline int hexadecimal(int byte) noexcept:
    """The value of a hexadecimal digit; -1 for any other byte."""
    if c'0' <= byte <= c'9':
        return byte - c'0'
    if c'a' <= byte <= c'f':
        return byte - c'a' + 10
    if c'A' <= byte <= c'F':
        return byte - c'A' + 10
    return -1
