# What receive() and send() give an app to await, where a coroutine would be more than is needed.
# Know no connection; call.pyx and exchange.pyx make them.

cdef extern from "<pthread.h>" nogil:
    unsigned long pthread_self()     # in half a dozen instructions; threading.get_ident() tells the same


cdef class Done:
    pass


cdef class Elsewhere(Done):
    cdef object send_now             # what to call with the message
    cdef object message
    cdef unsigned long thread        # the loop's
    cdef object sending              # None until it runs


cdef class Turn:
    cdef object loop


cdef Done DONE
