"""What of a URI (RFC 3986) could be taken for something else: a path, a host with its port.

Pure; http1/rules.pyx and plain_head.pyx ask.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr

from fastsrv_ext.http.octets cimport HOST_NAME, classify, hexadecimal

cdef extern from "<arpa/inet.h>" nogil:
    enum: AF_INET6
    int inet_pton(int family, const char* text, void* address)

cdef enum:
    LONGEST_ADDRESS = 45           # bytes: ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255

cdef unsigned char[256] PART_OF
classify(PART_OF)


cdef bint is_path(bytes path) noexcept:
    """Can nobody take it for another one? Some read a backslash as a slash, some end at a NUL, and what they make
    of half an escape differs."""
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(path)
    cdef const unsigned char* end = text + PyBytes_GET_SIZE(path)
    if memchr(text, c'\\', end - text) is not NULL:
        return False
    while True:
        text = <const unsigned char*>memchr(text, c'%', end - text)
        if text is NULL:
            return True
        if not is_escape(text, end - text):
            return False
        text += 3


cdef bint is_escape(const unsigned char* text, Py_ssize_t size) noexcept:
    """Does `text` begin with an escape (RFC 3986, 2.1), and not that of NUL?"""
    return size >= 3 and hexadecimal(text[1]) >= 0 and hexadecimal(text[2]) >= 0 and not (
        text[1] == c'0' and text[2] == c'0')


cdef bint is_host(bytes host) noexcept:
    """uri-host [ ":" port ] of RFC 9110, 7.2: a name, an IPv4 address, or an IPv6 address in brackets; a port of at
    most 65535. An empty one is allowed: the target has no authority."""
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(host)
    cdef Py_ssize_t length = PyBytes_GET_SIZE(host)
    cdef Py_ssize_t i = 0
    cdef int port = 0
    if length == 0:
        return True
    if text[0] == c'[':
        i = address_end(text, length)
    else:
        while i < length and PART_OF[text[i]] & HOST_NAME:
            i += 1
    if i == 0:
        return False
    if i == length:
        return True
    if text[i] != c':':
        return False
    i += 1
    while i < length and c'0' <= text[i] <= c'9' and port <= 65535:
        port = port * 10 + (text[i] - c'0')
        i += 1
    return i == length and port <= 65535


cdef Py_ssize_t address_end(const unsigned char* text, Py_ssize_t length) noexcept:
    """Of an IPv6 address in brackets, without a zone; 0 if it is none."""
    cdef char[LONGEST_ADDRESS + 1] address
    cdef unsigned char[16] binary
    cdef Py_ssize_t i = 1
    while i < length and text[i] != c']':
        if i > LONGEST_ADDRESS or text[i] == 0:
            return 0
        address[i - 1] = <char>text[i]
        i += 1
    if i == length:
        return 0
    address[i - 1] = 0
    return i + 1 if inet_pton(AF_INET6, address, binary) == 1 else 0
