"""Origin: a review of what send() takes. A compiled signature took plain dicts and plain strs alone: an OrderedDict,
or a type from an enum, was a TypeError and a 500."""

from collections import OrderedDict
from enum import Enum

import pytest

from tests.support.wire import get


class Type(str, Enum):
    START = "http.response.start"
    BODY = "http.response.body"


@pytest.mark.parametrize("dictionary", [dict, OrderedDict])
@pytest.mark.parametrize(("start", "body"), [(Type.START, Type.BODY), (Type.START.value, Type.BODY.value)])
def test_subclass_of_dict_and_of_str_is_an_event(wire, dictionary, start, body):
    async def app(scope, receive, send):
        await send(dictionary(type=start, status=200))
        await send(dictionary(type=body, body=b"served"))

    peer = wire(app).send(get())
    assert peer.output.startswith(b"HTTP/1.1 200 ")
    assert peer.output.endswith(b"\r\n\r\nserved")


class Bytes(bytes):
    pass


@pytest.mark.parametrize("size", [3, 100_000])
def test_subclass_of_bytes_is_a_body(wire, size):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": Bytes(size)})

    assert wire(app).send(get()).output.endswith(b"\r\n\r\n" + bytes(size))


@pytest.mark.parametrize("message", [None, [("type", "http.response.start")], "http.response.start"])
def test_what_is_no_dict_raises_at_the_apps_line(wire, message):
    raised = []

    async def app(scope, receive, send):
        try:
            await send(message)
        except TypeError as error:
            raised.append(str(error))
            raise

    peer = wire(app).send(get())
    assert raised == [f"send() takes a dict, not {type(message).__name__}"]
    assert peer.output.startswith(b"HTTP/1.1 500 ")
