"""The warning of a stall named all requests in flight, each with all of its target, and an aborted worker all that it
was doing: lines of megabytes, which clients could cause. Found by reading."""

import contextlib
import re
import signal

from tests.support.apps import LIFESPAN
from tests.support.asking import send

CLIENTS = 30
SOURCE = """
import asyncio, os

crowd = []

async def app(scope, receive, send):
""" + LIFESPAN + """\
    crowd.extend(asyncio.create_task(asyncio.Event().wait(), name="u" * 1000) for _ in range(10))
    print("one more", flush=True)
    if len(crowd) == 300:
        os.read(os.pipe()[0], 1)
    await asyncio.Event().wait()
"""


def test_lines_of_the_log_are_bounded(gunicorn):
    server = gunicorn(SOURCE, "--graceful-timeout", "1", env={"FASTSRV_SLOW_CALLBACK": "2"})
    with contextlib.ExitStack() as stack:
        for number in range(CLIENTS):
            send(stack.enter_context(server.connect()), f"/{number}/{'x' * 3000}")
            server.wait_for("one more", number + 1)
        server.wait_for(r"\.\.\. and 10 more in flight\n")
        told = re.findall(r"In flight .*", server.output)
        assert len(told) == 20 and max(map(len, told)) < 250
        for number, line in enumerate(told):  # the longest-running ones
            assert re.fullmatch(rf"In flight \(RESPOND\): GET /{number}/x+ \.\.\. x+ of 127\.0\.0\.1:\d+", line)
        server.signal(signal.SIGABRT, server.worker())
        server.worker(2)
    report = server.output.partition("was aborted")[2]
    assert report.startswith("; it was doing this:\nThread MainThread:")
    assert len(report.partition("there is no room for the rest)")[0]) < 65 * 1024
