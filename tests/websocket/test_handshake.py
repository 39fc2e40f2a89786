"""Which requests are handshakes (RFC 6455, 4.2), and what the others are answered."""

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.apps import Recorder
from tests.support.frames import CLOSE, TEXT, frame
from tests.support.puppet import Puppet
from tests.support.wire import get, post
from tests.websocket.client import ASKS, KEY, accept

CONNECTION, UPGRADE, VERSION, NONCE = ASKS
SHUT_AFTER = 1  # seconds between what the app is told of the worker's end and what its client is


@pytest.mark.parametrize("fields", [
    ASKS,
    (b"Connection: keep-alive, Upgrade", *ASKS[1:]),
    (b"connection: UPGRADE", b"upgrade: WebSocket", *ASKS[2:]),
    (*ASKS, b"Sec-WebSocket-Extensions: x-unknown; a=1, another", b"Origin: \xff\xfe"),
    (*ASKS, b"Sec-WebSocket-Protocol:", b"X-Any: \x80\x81"),
    (*ASKS, b"Connection: close"),
])
def test_handshake(connect, fields):
    app = Puppet()
    client = connect(app, ask=False).send(get(b"/", *fields))
    assert accept(app, client).startswith(b"HTTP/1.1 101 ")


def test_handshake_on_a_kept_connection_while_the_worker_drains(connect):
    app = Puppet()
    client = connect(app, ask=False).send(get())
    app.begin()
    app.body(b"first")
    client.take()
    client.context.draining = True
    client.send(get(b"/", b"Connection: keep-alive, Upgrade", *ASKS[1:]))
    accept(app, client)
    app.send({"type": "websocket.send", "text": "here"}).result()
    client.tick()
    for _ in range(2):
        client.call(client.transport.protocol.shut, 0)
        client.wait(SHUT_AFTER)
    assert app.receive().result()["code"] == 1012
    assert client.frames() == [(TEXT, b"here"), (CLOSE, b"\x03\xf4")]


def test_denial_of_a_request_that_says_close_is_the_last_response(connect):
    app = Puppet()
    client = connect(app, ask=False).send(get(b"/", *ASKS, b"Connection: close") + get(b"/behind"))
    app.send({"type": "websocket.close"}).result()
    assert statuses(client.output) == [403] and client.ended and len(app.calls) == 1


WRONG = {
    "no key": (400, (CONNECTION, UPGRADE, VERSION)),
    "no version": (400, (CONNECTION, UPGRADE, NONCE)),
    "two keys": (400, (*ASKS, NONCE)),
    "two keys that differ": (400, (*ASKS, b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")),
    "two versions": (400, (*ASKS, VERSION)),
    "another version": (426, (CONNECTION, UPGRADE, NONCE, b"Sec-WebSocket-Version: 8")),
    "versions as a list": (426, (CONNECTION, UPGRADE, NONCE, b"Sec-WebSocket-Version: 13, 8")),
    "a version that is no number": (426, (CONNECTION, UPGRADE, NONCE, b"Sec-WebSocket-Version: \xff")),
    "an empty key": (400, (CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key:")),
    "a short key": (400, (CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: " + KEY[4:])),
    "a long key": (400, (CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: AAAA" + KEY)),
    "a key that is not base64": (400, (CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: !" + KEY[1:])),
    "a key of other bytes": (400, (CONNECTION, UPGRADE, VERSION, b"Sec-WebSocket-Key: \xff" + KEY[1:])),
    "a subprotocol of other bytes": (400, (*ASKS, b"Sec-WebSocket-Protocol: caf\xc3\xa9")),
    "a subprotocol with a space": (400, (*ASKS, b"Sec-WebSocket-Protocol: a b")),
    "extensions that are none": (400, (*ASKS, b"Sec-WebSocket-Extensions: permessage-deflate; =1")),
    "extensions of other bytes": (400, (*ASKS, b"Sec-WebSocket-Extensions: \xff")),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_handshake_is_refused(connect, name):
    status, fields = WRONG[name]
    app = Recorder()
    client = connect(app, ask=False).send(get(b"/", *fields))
    answer = take_apart(client.output)
    assert statuses(client.output) == [status] and client.ended and not app.scopes
    if status == 426:
        assert answer.values(b"sec-websocket-version") == [b"13"] and answer.values(b"upgrade") == [b"websocket"]


def test_handshake_is_a_get_request(connect):
    client = connect(Recorder(), ask=False).send(post(b"", *ASKS))
    assert statuses(client.output) == [400]


@pytest.mark.parametrize("request_", [
    get(b"/", UPGRADE, VERSION, NONCE), get(b"/", *ASKS, version=b"1.0"), post(b"body", *ASKS),
    get(b"/", CONNECTION, b"Upgrade: websockets", VERSION, NONCE),
], ids=["no Connection field", "HTTP/1.0", "a body", "another protocol"])
def test_request_that_asks_for_no_websocket_is_one_as_any_other(connect, request_):
    app = Recorder()
    client = connect(app, ask=False).send(request_)
    assert statuses(client.output) == [200] and app.scopes[0]["type"] == "http"


def test_bytes_with_and_behind_the_request_are_not_lost(connect):
    app = Puppet()
    client = connect(app, ask=False)
    client.send(get(b"/", *ASKS) + frame(TEXT, b"one"), frame(TEXT, b"two")[:3], frame(TEXT, b"two")[3:])
    accept(app, client)
    client.send(frame(TEXT, b"three"))
    assert [app.receive().result()["text"] for _ in range(3)] == ["one", "two", "three"]


def test_request_behind_others_has_its_turn(connect):
    app = Puppet()
    client = connect(app, ask=False).send(get() + get(b"/", *ASKS))
    app.begin()
    app.body(b"first")
    app.send({"type": "websocket.accept"}).result()
    assert statuses(client.output) == [200, 101]


def test_request_behind_a_denial_is_served(connect):
    app = Puppet()
    client = connect(app, ask=False).send(get(b"/", *ASKS) + get())
    app.send({"type": "websocket.close"}).result()
    app.begin()
    app.body(b"second")
    assert statuses(client.output) == [403, 200]


@pytest.mark.parametrize("deflate", [True, False])
def test_deflate_is_agreed_to_if_it_is_on(connect, deflate):
    app = Puppet()
    client = connect(app, b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", deflate=deflate)
    assert (b"sec-websocket-extensions: permessage-deflate" in accept(app, client)) == deflate
