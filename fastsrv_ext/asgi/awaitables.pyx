"""What receive() and send() give an app to await, where a coroutine would be more than is needed.

Knows no connection and no event. call.pyx and exchange.pyx make them.
"""

from asyncio import CancelledError, current_task
from collections.abc import Coroutine
from contextvars import copy_context

from cpython.contextvars cimport PyContext_Enter, PyContext_Exit
from cpython.exc cimport PyErr_SetObject


cdef class Done:
    """An awaitable that is done: no coroutine, no future, no allocation for a send() that need not wait.

    It has a coroutine's methods, so that asyncio.create_task(send(...)) takes it too.
    """

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration

    def send(self, value):
        raise StopIteration

    def throw(self, kind, value=None, traceback=None):
        raise kind if value is None else value

    def close(self):
        pass


cdef class Elsewhere(Done):
    """A send() called in another thread than the loop's: its work is done there, when the awaitable runs."""

    def __next__(self):
        return self.send(None)

    def send(self, value):
        if self.sending is None:
            if pthread_self() != self.thread:
                raise RuntimeError(
                    "send() was awaited in another thread than the event loop's; from a thread, call "
                    "asyncio.run_coroutine_threadsafe(send(message), loop)")
            self.sending = self.send_now(self.message)
        return self.sending.send(value)

    def throw(self, kind, value=None, traceback=None):
        if self.sending is None:
            raise kind if value is None else value
        return self.sending.throw(kind if value is None else value)

    def close(self):
        if self.sending is not None:
            self.sending.close()


cdef class Waiter(Done):
    """A wait that ends in the turn of the loop in which it is over: the task that waits runs within the callback that
    has brought what it waits for. A future's callbacks come a turn later.

    To the asyncio.Task that waits it is a future; to everybody else a coroutine, as Done is.
    """

    cdef bint has_come(self) noexcept:
        return False

    cdef object take(self):
        raise NotImplementedError

    cdef int waits(self) except -1:
        return 0

    cdef int waits_no_more(self) except -1:
        return 0

    # --- a coroutine's methods ---

    def __next__(self):
        if self.callback is not None:
            raise RuntimeError("what receive() gives can be awaited by one task alone")
        self._asyncio_future_blocking = None
        if self.has_come():
            # What `raise StopIteration(event)` does, but for its traceback, which costs more than all the rest.
            PyErr_SetObject(StopIteration, self.take())
            raise StopIteration
        self._asyncio_future_blocking = True
        return self

    def send(self, value):
        return self.__next__()

    # --- a future's methods, as far as asyncio.Task calls them ---

    def get_loop(self):
        return self.loop

    def add_done_callback(self, callback, *, context=None):
        self.callback, self.context = callback, copy_context() if context is None else context
        self.waits()

    def done(self):
        return self.callback is None

    def result(self):
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def cancel(self, msg=None):
        if self.callback is None:
            return False
        self.failure = CancelledError() if msg is None else CancelledError(msg)
        self.waits_no_more()
        self.wake_soon()
        return True

    # --- for whoever it waits for ---

    cdef int wake(self) except -1:
        """At once, unless another task is at work: one that runs cannot begin another."""
        if self.callback is None:
            return 0
        if current_task(self.loop) is not None:
            return self.wake_soon()
        try:
            PyContext_Enter(self.context)
        except RuntimeError:  # a callback of the same context is at work
            return self.wake_soon()
        callback, self.callback = self.callback, None
        try:
            callback(self)
        except BaseException as failure:  # a task's SystemExit, which is the loop's to hear of, and no connection's
            self.loop.call_soon(raise_it, failure)
        finally:
            PyContext_Exit(self.context)
        return 0

    cdef int wake_soon(self) except -1:
        """In the loop's next turn."""
        callback, self.callback = self.callback, None
        if callback is not None:
            self.loop.call_soon(callback, self, context=self.context)
        return 0


cdef class Turn:
    """A turn of the loop in which anyio cancels nothing, as the wait is over when it begins: it comes to the app's next
    wait. A generator is closed when it is cancelled there; if its send() is, whenever the garbage collector comes."""

    def __init__(self, loop):
        self.loop = loop

    def __await__(self):
        over = self.loop.create_future()
        over.set_result(None)
        over._asyncio_future_blocking = True  # says asyncio's `await`, of one that is not over
        yield over


def raise_it(failure):
    """Called by the loop."""
    raise failure


Coroutine.register(Done)
DONE = Done()
