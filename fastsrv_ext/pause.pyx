"""A thread's pause, which tells how long the GIL was not to be had behind it.

That tells native code that keeps the GIL from a process that did not run. fastsrv/watchdog.py pauses by it.
"""

from posix.time cimport CLOCK_MONOTONIC, clock_gettime, nanosleep, timespec


def pause(double seconds):
    """Sleep. Returns for how many nanoseconds the thread has then waited for the GIL."""
    cdef timespec woken, now, request
    request.tv_sec = <long>seconds
    request.tv_nsec = <long>((seconds - <long>seconds) * 1e9)
    with nogil:
        nanosleep(&request, NULL)
        clock_gettime(CLOCK_MONOTONIC, &woken)
    clock_gettime(CLOCK_MONOTONIC, &now)
    return (now.tv_sec - woken.tv_sec) * 1_000_000_000 + (now.tv_nsec - woken.tv_nsec)
