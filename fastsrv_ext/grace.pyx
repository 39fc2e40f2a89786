"""The time that an app has to end by itself when its client has gone.

Knows no connection, which is gone, and no HTTP. fastsrv/dispatch.py makes one for an app at work, and says what
becomes of it afterwards.
"""

from fastsrv_ext.clock cimport Clock
from fastsrv_ext.state cimport CLOSED, GRACE


cdef class Grace(Timed):
    """From now on. task: an asyncio.Task that is not done; on_expiry(task): called unless it is, by then.

    Nobody has to keep it: the task and the clock do, for as long as it matters.
    """

    def __init__(self, Clock clock not None, task not None, on_expiry not None):
        super().__init__(clock)
        self.task = task
        self.on_expiry = on_expiry
        self.enter(GRACE)
        task.add_done_callback(self.end)

    def end(self, task):
        """The task is done."""
        self.enter(CLOSED)
        self.task = self.on_expiry = None

    cdef int expired(self) except -1:
        task, on_expiry = self.task, self.on_expiry
        task.remove_done_callback(self.end)  # a long stream may have many
        self.end(task)
        on_expiry(task)
        return 0
