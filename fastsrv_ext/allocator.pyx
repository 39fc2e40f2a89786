"""The C library's malloc: have it keep what large bodies give back.

Knows nothing of HTTP. fastsrv/worker.py calls it once in each worker.
"""

import os

cdef extern from *:
    """
    #include <stdlib.h>
    #ifdef __GLIBC__
    #include <malloc.h>
    static int set_thresholds(int mmap, int trim) {
        return mallopt(M_MMAP_THRESHOLD, mmap) && mallopt(M_TRIM_THRESHOLD, trim);
    }
    #else
    static int set_thresholds(int mmap, int trim) { return 0; }
    #endif
    """
    int set_thresholds(int mmap, int trim) nogil

cdef enum:
    # Left alone, glibc gives freed memory back above some hundred KB to some MB: a body of a megabyte then pays for a
    # page fault every 4 KB, each time anew, which is half of what it costs to receive.
    MMAP_THRESHOLD = 4 * 1024 * 1024     # bytes; a larger allocation is mapped, and given back at once
    TRIM_THRESHOLD = 64 * 1024 * 1024    # bytes a worker may keep: dozens of bodies of a megabyte at a time

# glibc's own settings (mallopt(3)); who uses them has decided.
cdef tuple SETTINGS = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES")


def keep_freed_memory():
    """Let this process keep up to 64 MiB that it has freed, for allocations of less than 4 MiB.

    Returns whether it does: not where the environment has a setting of glibc's malloc, nor with another C library.
    """
    if any(name in os.environ for name in SETTINGS):
        return False
    return set_thresholds(MMAP_THRESHOLD, TRIM_THRESHOLD) == 1
