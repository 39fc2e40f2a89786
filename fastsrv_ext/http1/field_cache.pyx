"""Field lines that have come before: equal bytes are an equal field, read once.

Pure: a bounded memory of lines and of the (name, value) pairs that plain_head.pyx made of them. Two lines may share a
slot's place: each slot has a neighbour. Clients repeat most of their fields in each request, and many clients send the
same: User-Agent, Accept and the like. What is remembered has passed every check; what differs by a byte is read as if
nothing were known.
"""

from fastsrv_ext.http.field_names import changed as names_changed

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memcmp, memcpy

cdef enum:
    SLOTS = 512          # lines remembered: a browser sends a dozen; with all of it, some 300 KB a worker
    SHORTEST = 8         # bytes of a line; less is read as fast
    LONGEST = 256        # bytes of a line; what is longer is seldom sent by others, too

cdef list LINES = [None] * SLOTS
cdef list FIELDS = [None] * SLOTS
cdef int[SLOTS] KINDS                # what the caller takes them for
cdef uint64_t[SLOTS] CANDIDATES      # marks of lines that have come once


cdef inline uint64_t mark_of(const unsigned char* line, Py_ssize_t size) noexcept:
    """A number that differs for most lines. Of few bytes: who collides is compared, and read as if new."""
    cdef uint64_t first, middle, last
    memcpy(&first, line, 8)
    memcpy(&middle, line + ((size - 8) >> 1), 8)
    memcpy(&last, line + size - 8, 8)
    first = (first ^ (middle << 7) ^ (middle >> 57) ^ <uint64_t>size) * <uint64_t>0x9E3779B97F4A7C15
    return ((first >> 32) ^ first ^ last) * <uint64_t>0xD6E8FEB86659FD93


cdef inline bint is_line(object known, const unsigned char* line, Py_ssize_t size) noexcept:
    return known is not None and PyBytes_GET_SIZE(<bytes>known) == size and (
        memcmp(PyBytes_AS_STRING(<bytes>known), line, size) == 0)


cdef tuple recall(const unsigned char* line, Py_ssize_t size, int* kind):
    """The field that `line`, without its CRLF, was the last time, and the kind that came with it; None if it is not
    known."""
    if not SHORTEST <= size <= LONGEST:
        return None
    cdef Py_ssize_t slot = mark_of(line, size) >> 55
    if not is_line(LINES[slot], line, size):
        slot ^= 1
        if not is_line(LINES[slot], line, size):
            return None
    kind[0] = KINDS[slot]
    return <tuple>FIELDS[slot]


cdef int remember(const unsigned char* line, Py_ssize_t size, tuple field, int kind) except -1:
    """`line` is `field`, of a name that is usual and no secret's (field_names.pyx). It is kept from the second time
    on, so that one that never comes again costs no memory, and displaces none."""
    if not SHORTEST <= size <= LONGEST:
        return 0
    cdef uint64_t mark = mark_of(line, size)
    cdef Py_ssize_t slot = mark >> 55, other = slot ^ 1
    if CANDIDATES[slot] == mark or CANDIDATES[other] == mark:
        # The line that was here is kept beside it: what was there, beside two newer ones, goes.
        LINES[other], FIELDS[other], KINDS[other] = LINES[slot], FIELDS[slot], KINDS[slot]
        LINES[slot], FIELDS[slot], KINDS[slot] = <bytes>line[:size], field, kind
    else:
        CANDIDATES[other], CANDIDATES[slot] = CANDIDATES[slot], mark
    return 0


def forget():
    """Know no line any more: what a name means has changed."""
    for slot in range(SLOTS):
        LINES[slot] = FIELDS[slot] = None
        CANDIDATES[slot] = 0


names_changed.append(forget)
