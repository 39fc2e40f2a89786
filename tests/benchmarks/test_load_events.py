"""Readers of server-sent events: what arrives is counted, and timed by the clock that it carries."""

import asyncio

import pytest

from benchmarks import apps
from benchmarks.load import events
from benchmarks.load.client import Failure, Target, until_failure


def read(server, **options):
    return asyncio.run(until_failure(events.read(Target(f"http://127.0.0.1:{server.port}/"), **options)))


def test_events_are_counted_and_timed(serve):
    figures = read(serve(apps.events), clients=20, seconds=0.5)
    assert figures["requests"] >= 20
    assert 0 <= figures["p50"] <= figures["p99"] <= figures["p999"] < 5
    assert figures["errors"] == 0


def test_streams_that_end_are_errors(serve):
    async def two_events(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"data: 0\n\n" * 2})

    figures = read(serve(two_events), clients=10, seconds=1)  # a slow client needs two reads
    assert figures["requests"] == 20
    assert figures["errors"] == 10


def test_stream_without_events(serve):
    with pytest.raises(Failure, match="no event"):
        read(serve(apps.plain), clients=10, seconds=0.1)
