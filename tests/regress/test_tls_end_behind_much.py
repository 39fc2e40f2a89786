"""Found in review: a close_notify in the same read as more than the protocol takes at once dropped what was set aside.

The protocol pauses reading then, and a plain transport tells of no end while it is paused; nor must the TLS layer.
"""

import asyncio
import contextlib
import ssl

from tests.support.answers import statuses, take_apart
from tests.support.apps import echo
from tests.support.wire import get
from tests.unit.test_tls import Peer


def say_all_and_goodbye(it, data):
    """In one read."""
    it.tls.write(data)
    with contextlib.suppress(ssl.SSLWantReadError):
        it.tls.unwrap()
    it.exchange()


def test_every_request_before_the_end_is_answered():
    async def app(scope, receive, send):
        await asyncio.sleep(0)
        await echo(scope, receive, send)

    with contextlib.closing(Peer(app)) as it:
        say_all_and_goodbye(it, get() * 100)
        assert statuses(it.heard) == [200] * 100
        assert it.closed_by_server


def test_body_before_the_end_arrives_whole():
    body = b"x" * 150_000
    chunks = b"".join(b"%x\r\n%b\r\n" % (10_000, body[:10_000]) for _ in range(15))

    async def app(scope, receive, send):
        await asyncio.sleep(0)
        await echo(scope, receive, send)

    with contextlib.closing(Peer(app)) as it:
        say_all_and_goodbye(
            it, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
        assert take_apart(it.heard).body == body
