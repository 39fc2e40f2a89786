# The time that an app has to end by itself when its client has gone. Knows no connection, which is gone, and no HTTP.
# fastsrv/dispatch.py makes one for an app at work, and says what becomes of it afterwards.

from fastsrv_ext.clock cimport Timed


cdef class Grace(Timed):
    cdef object task                 # asyncio.Task; None when it is over
    cdef object on_expiry
