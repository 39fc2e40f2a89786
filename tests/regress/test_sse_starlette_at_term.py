"""Found by an operator's trial: sse-starlette's streams end on TERM with uvicorn, as it finds `should_exit` on the
object behind the SIGTERM handler; here they lasted for graceful_timeout."""

import signal
import time

from tests.support.asking import send
from tests.support.servers import read_to_end

SOURCE = """
import asyncio
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.routing import Route

async def events():
    try:
        for number in range(1_000_000):
            yield {"data": number}
            await asyncio.sleep(0.05)
    finally:
        print("the stream is closed", flush=True)

async def stream(request):
    return EventSourceResponse(events())

app = Starlette(routes=[Route("/", stream)])
"""


def test_event_stream_ends_with_its_worker(gunicorn):
    server = gunicorn(SOURCE, "--graceful-timeout", "30")
    with server.connect() as stream:
        send(stream)
        data = b""
        while b"data: 1" not in data:
            data += stream.recv(65536)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        read_to_end(stream)  # it is cut off, as with other servers
        assert server.wait() == 0
    assert time.monotonic() - began < 10  # it looks twice a second
    assert "the stream is closed" in server.output


def test_event_stream_ends_with_a_worker_that_has_served_enough(gunicorn):
    server = gunicorn(SOURCE, "--graceful-timeout", "30", "--max-requests", "2")
    with server.connect() as stream, server.connect() as other:
        send(stream)
        while b"data: 1" not in stream.recv(65536):
            pass
        began = time.monotonic()
        send(other)
        read_to_end(stream)  # it is cut off, as with other servers
        server.worker(2)
    assert "the stream is closed" in server.output
    assert time.monotonic() - began < 10
