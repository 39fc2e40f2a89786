"""Origin: clients that closed their connection made Starlette and Django apps log errors, or the log fail.

An app that is told http.disconnect by receive() may return, or raise its framework's own exception; neither is
its fault, nor is the client owed a 500 for it.
"""

import asyncio

import pytest

from tests.support.apps import read_body
from tests.support.wire import get, post

GRACE = 3


class ClientDisconnect(Exception):
    """As Starlette names it."""


async def returns(scope, receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass


async def raises(scope, receive, send):
    await returns(scope, receive, send)
    raise ClientDisconnect


async def raises_a_group_that_is_its_members_context(scope, receive, send):
    await returns(scope, receive, send)
    error = ClientDisconnect()
    group = OSError("as ExceptionGroup, which Python 3.10 does not have")
    group.exceptions = (error,)
    error.__context__ = group
    raise error


async def is_cancelled_by_itself(scope, receive, send):
    await returns(scope, receive, send)
    try:
        asyncio.current_task().cancel()
        await asyncio.sleep(0)
    except asyncio.CancelledError as error:
        raise ClientDisconnect from error


apps = pytest.mark.parametrize(
    "app", [returns, raises, raises_a_group_that_is_its_members_context, is_cancelled_by_itself])
requests = pytest.mark.parametrize("request_", [get(), post(b"12345")[:-2]], ids=["whole", "cut off"])


@apps
@requests
@pytest.mark.parametrize("end", ["end", "reset"])
def test_app_that_gives_up_when_its_client_goes_is_no_error(wire, caplog, app, request_, end):
    peer = wire(app).send(request_)
    getattr(peer, end)()
    peer.wait(GRACE)  # a client that has ended its side may be there
    assert peer.closed
    assert peer.output == b""
    assert not caplog.records


@apps
def test_stream_that_gives_up_when_its_client_takes_no_more_closes(wire, caplog, app):
    async def streams(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        await app(scope, receive, send)

    peer = wire(streams).send(get()).end().wait(GRACE)
    assert peer.closed
    assert peer.output.endswith(b"piece\r\n")
    assert not caplog.records


def looped():
    first, second = ValueError("first"), ValueError("second")
    first.exceptions, second.exceptions = (second,), (first,)
    return first


def partly():
    group = OSError("a group")
    group.exceptions = (ClientDisconnect(), ValueError("a bug"))
    return group


@pytest.mark.parametrize("failure", [ValueError("a bug"), looped(), partly()], ids=repr)
def test_other_failures_after_a_disconnect_are_logged(wire, caplog, failure):
    async def app(scope, receive, send):
        await read_body(receive)
        raise failure

    peer = wire(app).send(post(b"12345")[:-2]).end()
    assert peer.output.startswith(b"HTTP/1.1 500 ")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_access_log_has_a_line_of_each_request(wire):
    finished = []
    wire(returns, finished=lambda cycle: finished.append(cycle.status)).send(get()).end().wait(GRACE)
    assert finished == [499]
