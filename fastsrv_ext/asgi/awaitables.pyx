"""What receive() and send() give an app to await, where a coroutine would be more than is needed.

Knows no connection and no event. call.pyx and exchange.pyx make them.
"""

from collections.abc import Coroutine


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


Coroutine.register(Done)
DONE = Done()
