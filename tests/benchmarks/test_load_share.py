"""How connections are shared among processes, as an app says that it is."""

import asyncio

import pytest

from benchmarks import apps
from benchmarks.load.client import Failure, Target, until_failure
from benchmarks.load.share import shared


def app(*processes):
    """An app whose answers are of each of `processes` in turn."""
    async def serve(scope, receive, send):
        if scope["type"] == "lifespan":
            return await apps.lifespan(receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": apps.fields(b"text/plain", 1)})
        await send({"type": "http.response.body", "body": processes[len(peers) % len(processes)]})
        peers.add(scope["client"])

    peers = set()
    return serve


def figures(server, connections, workers):
    return asyncio.run(until_failure(shared(Target(f"http://127.0.0.1:{server.port}/"), connections, workers)))


def test_most_over_least(serve):
    assert figures(serve(app(b"1", b"2", b"1", b"1")), 40, 2) == {"share": 3.0, "connections": 40}


def test_worker_without_any_counts_as_one(serve):
    assert figures(serve(app(b"1", b"2")), 40, 3) == {"share": 20.0, "connections": 40}


def test_server_that_ends_a_connection_is_no_figure():
    async def end(reader, writer):
        writer.close()

    async def run():
        server = await asyncio.start_server(end, "127.0.0.1", 0)
        async with server:
            await until_failure(shared(Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"), 2, 1))

    with pytest.raises(Failure, match="ended a connection"):
        asyncio.run(asyncio.wait_for(run(), 30))
