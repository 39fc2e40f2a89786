"""Apps that do not end by themselves, each in a way of its own, and what became of each of their calls.

For tests in memory: a call of theirs lasts until it is cancelled. With real sockets: leaving.py.
"""

import asyncio
import logging
import sys

import anyio

START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"piece", "more_body": True}


def noise(caplog):
    return [(record.levelname, record.message) for record in caplog.records if record.levelno > logging.DEBUG]


class App:
    """Runs `work(receive, send)` for each request, and keeps what became of it: None while it runs, "returned", or
    the exception."""

    def __init__(self, work):
        self.work = work
        self.ends = []

    async def __call__(self, scope, receive, send):
        number = len(self.ends)
        self.ends.append(None)
        try:
            await self.work(receive, send)
            self.ends[number] = "returned"
        except BaseException as error:
            self.ends[number] = error
            raise

    @property
    def cancelled(self):
        return isinstance(self.ends[0], asyncio.CancelledError)


async def asleep(receive, send):
    await asyncio.Event().wait()


async def asleep_after_its_first_step(receive, send):
    await asyncio.sleep(0)
    await asyncio.Event().wait()


async def asleep_midway(receive, send):
    await send(START)
    await send(PIECE)
    await asyncio.Event().wait()


async def ignores_the_disconnect(receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass
    await asyncio.Event().wait()


async def ignores_the_error(receive, send):
    await send(START)
    try:
        await send({**PIECE, "body": b"x" * 1000})
    except OSError:
        await asyncio.Event().wait()


async def waits_for_others(receive, send):
    await asyncio.gather(asyncio.Event().wait(), asyncio.create_task(asleep(receive, send)))


async def within_scopes(receive, send):
    with anyio.CancelScope(shield=True), anyio.move_on_after(1000):
        await anyio.sleep_forever()


async def within_anyio_group(receive, send):
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        group.start_soon(asleep, receive, send)


async def within_group(receive, send):
    async with asyncio.TaskGroup() as group:
        group.create_task(asleep(receive, send))
        await asleep(receive, send)


async def within_timeout(receive, send):
    async with asyncio.timeout(1000):
        await asleep(receive, send)


SLEEPERS = [asleep, asleep_after_its_first_step, asleep_midway, ignores_the_disconnect, ignores_the_error,
            waits_for_others, within_scopes, within_anyio_group]
if sys.version_info >= (3, 11):
    SLEEPERS += [within_group, within_timeout]
