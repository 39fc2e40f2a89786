# What receive() and send() give an app to await, where a coroutine would be more than is needed.
# Know no connection; call.pyx and exchange.pyx make them.

cdef extern from "<pthread.h>" nogil:
    # In half a dozen instructions; threading.get_ident() tells the same. musl and macOS have a pointer for it.
    unsigned long pthread_self "(unsigned long)pthread_self"()


cdef class Done:
    pass


cdef class Elsewhere(Done):
    cdef object send_now             # what to call with the message
    cdef object message
    cdef unsigned long thread        # the loop's
    cdef object sending              # None until it runs


cdef class Waiter(Done):
    cdef object loop
    cdef object callback             # the task's, which waits; None: it does not, or no more
    cdef object context              # contextvars.Context of the task
    cdef object failure              # what the task is to be told instead; None
    cdef public object _asyncio_future_blocking  # None but while a task waits: asyncio.isfuture() goes by it

    # what each kind of wait makes of it
    cdef bint has_come(self) noexcept
    cdef object take(self)
    cdef int waits(self) except -1                           # somebody does, from now on
    cdef int waits_no_more(self) except -1                   # it was cancelled

    # for whoever it waits for
    cdef int wake(self) except -1
    cdef int wake_soon(self) except -1


cdef class Turn:
    cdef object loop


cdef Done DONE
