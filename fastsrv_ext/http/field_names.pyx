"""The names of request fields: which are usual, and which mean something to us.

Pure. A usual name is one object for all requests: no allocation, no hash of it in each request that has it.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr

cdef enum:
    SLOTS = 512          # of the hash table: several times the names, so that probes are short

changed = []  # callables: who remembers what a name means has to forget it

cdef list NAMES = []                  # bytes, lower case
cdef Kind[SLOTS] KINDS                # of NAMES
cdef short[SLOTS] TABLE               # open addressing: an index of NAMES, or -1

cdef unsigned char[256] LOWER
cdef int _byte
for _byte in range(256):
    LOWER[_byte] = _byte + 32 if 65 <= _byte <= 90 else _byte
for _byte in range(SLOTS):
    TABLE[_byte] = -1


cdef inline Py_ssize_t first_slot(const unsigned char* text, Py_ssize_t size) noexcept:
    return (size * 31 + LOWER[text[0]] * 7 + LOWER[text[size - 1]] * 5 + LOWER[text[size >> 1]]) % SLOTS


cdef inline bint is_lower_of(const unsigned char* text, bytes name, Py_ssize_t size) noexcept:
    cdef const unsigned char* other = <const unsigned char*>PyBytes_AS_STRING(name)
    cdef Py_ssize_t i
    if PyBytes_GET_SIZE(name) != size:
        return False
    for i in range(size):
        if LOWER[text[i]] != other[i]:
            return False
    return True


cdef bytes field_name(const unsigned char* text, Py_ssize_t size, Kind* kind):
    """The name in lower case, and what it means to us. size: at least 1."""
    cdef Py_ssize_t slot = first_slot(text, size)
    cdef bytes name
    while TABLE[slot] >= 0:
        name = <bytes>NAMES[TABLE[slot]]
        if is_lower_of(text, name, size):
            kind[0] = KINDS[TABLE[slot]]
            return name
        slot = (slot + 1) % SLOTS

    cdef unsigned char* out
    cdef Py_ssize_t i
    name = PyBytes_FromStringAndSize(NULL, size)
    out = <unsigned char*>PyBytes_AS_STRING(name)
    for i in range(size):
        out[i] = LOWER[text[i]]
    kind[0] = PLAIN if memchr(out, c'_', size) is NULL else UNDERSCORED
    return name


cdef int know(bytes name, Kind kind) except -1:
    cdef Kind known
    cdef const unsigned char* text = <const unsigned char*>PyBytes_AS_STRING(name)
    cdef Py_ssize_t slot = first_slot(text, len(name))
    cdef bytes found = field_name(text, len(name), &known)
    for index in range(len(NAMES)):
        if NAMES[index] is found:
            if known == PLAIN or known == USUAL:
                KINDS[index] = kind
            return 0
    while TABLE[slot] >= 0:
        slot = (slot + 1) % SLOTS
    TABLE[slot] = <short>len(NAMES)
    KINDS[len(NAMES)] = kind if known == PLAIN else known
    NAMES.append(found)
    return 0


def watch(names):
    """Make each of `names` (bytes) one that a proxy sets: a head that has it is `forwarded`. One with an underscore
    stays UNDERSCORED, which is `forwarded`, too."""
    for call in changed:
        call()
    for name in names:
        if name and len(NAMES) < SLOTS // 2:
            know(name.lower(), FORWARDING)


know(b"host", HOST)
know(b"connection", CONNECTION)
know(b"proxy-connection", PROXY_CONNECTION)
know(b"content-length", CONTENT_LENGTH)
know(b"transfer-encoding", TRANSFER_ENCODING)
know(b"expect", EXPECT)
know(b"upgrade", UPGRADE)
know(b"x-forwarded-for", FORWARDING)
know(b"content-type", CONTENT_TYPE)
know(b"authorization", AUTHORIZATION)
# A name that is not here is never remembered: nobody knows all those of secrets (x-auth-token, x-vault-token, ...).
for _name in b"""
    accept accept-charset accept-encoding accept-language cache-control content-encoding content-language dnt
    keep-alive origin pragma priority sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode
    sec-fetch-site sec-fetch-user sec-gpc te upgrade-insecure-requests user-agent via x-forwarded-host
    x-forwarded-port x-requested-with
""".split():
    know(_name, USUAL)
for _name in b"""
    cookie date etag forwarded from if-match if-modified-since if-none-match if-range if-unmodified-since max-forwards
    proxy-authorization range referer sec-websocket-extensions sec-websocket-key sec-websocket-protocol
    sec-websocket-version trailer traceparent tracestate x-api-key x-csrf-token x-real-ip x-request-id
""".split():
    know(_name, PLAIN)
