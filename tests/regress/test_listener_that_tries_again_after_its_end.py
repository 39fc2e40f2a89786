"""Found by a review: a server that was short of file descriptors and ended meanwhile tried to accept on sockets that it
had closed."""

import asyncio
import errno
import logging
import socket

import pytest

from fastsrv.listeners import make_listeners
from fastsrv.loops import new_loop


@pytest.mark.parametrize("kind", ["uvloop", "asyncio"])
def test_try_after_the_end_does_nothing(kind):
    loop = new_loop(kind)
    problems = []
    loop.set_exception_handler(lambda loop, problem: problems.append(problem))

    async def run():
        listeners.open()
        listeners.try_again_later(OSError(errno.EMFILE, "Too many open files"))
        listeners.end()
        loop.call_soon(listeners.try_again)  # the loop's call comes a second later
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listeners = make_listeners(
            loop, [listening], asyncio.Protocol, logging.getLogger("fastsrv.tests"),
            backlog=8, limit=10, connected=lambda: 0)
        loop.run_until_complete(run())
        loop.close()
    assert not problems
