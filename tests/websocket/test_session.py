"""What an app of a WebSocket gets and may send (ASGI websocket 2.5), and what the client sees of it."""

import pytest

from tests.support.answers import statuses, take_apart
from tests.support.frames import BINARY, CLOSE, DEFLATE, TEXT, frame
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, accepted, close

MIB = 1024 * 1024
GRACE = 3  # seconds


def test_scope(connect):
    app = Puppet()
    connect(app, b"Sec-WebSocket-Protocol: chat, superchat", b"Sec-WebSocket-Protocol: x")
    scope = app.scope
    assert (scope["type"], scope["scheme"], scope["http_version"], scope["path"]) == ("websocket", "ws", "1.1", "/")
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["subprotocols"] == ["chat", "superchat", "x"]
    assert scope["extensions"] == {"websocket.http.response": {}}
    assert "method" not in scope and (b"upgrade", b"websocket") in scope["headers"]


def test_scheme_is_wss_where_http_is_https(connect):
    app = Puppet()
    connect(app, scheme="https")
    assert app.scope["scheme"] == "wss"


def test_nothing_is_answered_before_the_app_has_accepted(connect):
    app = Puppet()
    client = connect(app).send(frame(TEXT, b"early"))
    assert app.receive().result() == {"type": "websocket.connect"}
    waiting = app.receive()
    assert client.take() == b"" and not waiting.done()
    app.send({"type": "websocket.accept"}).result()
    assert client.head().startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert waiting.result() == {"type": "websocket.receive", "text": "early"}


def test_accept(connect):
    app = Puppet()
    client = connect(app, b"Sec-WebSocket-Protocol: a, b")
    lines = accept(app, client, subprotocol="b", headers=[(b"x-one", b"1"), (b"x-two", b"2")]).split(b"\r\n")
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines  # RFC 6455, 1.3
    assert b"sec-websocket-protocol: b" in lines and lines.index(b"x-one: 1") < lines.index(b"x-two: 2")
    assert b"upgrade: websocket" in lines and b"connection: upgrade" in lines


@pytest.mark.parametrize("event", [
    {"subprotocol": "é"}, {"subprotocol": ""}, {"subprotocol": "a,b"}, {"subprotocol": "a\r\nb"}, {"subprotocol": b"a"},
    {"headers": [(b"sec-websocket-protocol", b"a")]}, {"headers": [(b"Sec-WebSocket-Accept", b"a")]},
    {"headers": [(b"sec-websocket-extensions", b"a")]}, {"headers": [(b"upgrade", b"a")]},
    {"headers": [(b"x", b"a\r\nb: c")]}, {"headers": [(b"x y", b"")]},
    {"subprotocol": "other"},  # which the client has not offered (RFC 6455, 4.2.2)
])
def test_accept_that_may_not_be_is_an_error(connect, event):
    app = Puppet()
    client = connect(app, b"Sec-WebSocket-Protocol: a")
    failure = app.send({"type": "websocket.accept", **event}).exception()
    assert isinstance(failure, ValueError)
    assert client.take() == b""
    accept(app, client)  # it can still be accepted


@pytest.mark.parametrize("headers", [[("x", "y")], [b"x"], [(b"x",)], [(b"x", b"y", b"z")], [None], 1, b"x: y"])
def test_headers_that_are_no_pairs_of_bytes_are_an_error(connect, headers):
    app = Puppet()
    client = connect(app)
    failure = app.send({"type": "websocket.accept", "headers": headers}).exception()
    assert isinstance(failure, TypeError) and client.take() == b""
    accept(app, client)


@pytest.mark.parametrize(("opcode", "payload", "event"), [
    (TEXT, "häuser".encode(), {"text": "häuser"}), (TEXT, b"", {"text": ""}),
    (BINARY, b"\x00\xff", {"bytes": b"\x00\xff"}), (BINARY, b"", {"bytes": b""}),
])
def test_messages_both_ways(connect, opcode, payload, event):
    app, client = accepted(connect)
    waiting = app.receive()
    client.send(frame(opcode, payload))
    assert waiting.result() == {"type": "websocket.receive", **event}
    client.send(frame(opcode, payload))
    assert app.receive().result() == {"type": "websocket.receive", **event}
    app.send({"type": "websocket.send", **event}).result()
    assert client.frames() == [(opcode, payload)]


class Bytes(bytes):
    pass


@pytest.mark.parametrize("data", [bytearray(b"data"), memoryview(b"data"), Bytes(b"data")])
def test_bytes_may_be_of_other_kinds(connect, data):
    app, client = accepted(connect)
    app.send({"type": "websocket.send", "bytes": data, "text": None}).result()
    assert client.frames() == [(BINARY, b"data")]


def test_messages_sent_without_a_wait_leave_in_one_write(connect):
    app, client = accepted(connect)

    async def send():
        for number in range(5):
            await app.app_send({"type": "websocket.send", "text": str(number)})

    app.start(send()).result()
    assert len(client.writes) == 1
    assert client.frames() == [(TEXT, b"%d" % number) for number in range(5)]


def test_large_message_is_whole(connect):
    app, client = accepted(connect)
    app.send({"type": "websocket.send", "bytes": bytes(100_000)}).result()
    assert client.frames() == [(BINARY, bytes(100_000))]


@pytest.mark.parametrize(("size", "packed"), [(255, False), (256, True), (MIB, True), (MIB + 1, False)])
def test_messages_that_are_worth_it_are_compressed(connect, size, packed):
    """A longer one would hold up all others for as long as it takes."""
    app, client = accepted(connect, b"Sec-WebSocket-Extensions: " + DEFLATE)
    app.send({"type": "websocket.send", "bytes": bytes(size)}).result()
    assert (len(client.take()) < size) == packed


@pytest.mark.parametrize("event", [
    {}, {"text": None}, {"text": None, "bytes": None}, {"text": "a", "bytes": b"b"}, {"text": b"a"}, {"bytes": "a"},
    {"text": "\ud800"},
])
def test_message_that_may_not_be_is_an_error(connect, event):
    app, client = accepted(connect)
    assert isinstance(app.send({"type": "websocket.send", **event}).exception(), (ValueError, TypeError))
    assert client.take() == b"" and not client.closed


@pytest.mark.parametrize("event", [
    {"code": 999}, {"code": 1005}, {"code": 1006}, {"code": 1015}, {"code": 2000}, {"code": 5000}, {"code": "1000"},
    {"reason": "x" * 124}, {"reason": "é" * 62},
])
def test_close_that_may_not_be_is_an_error(connect, event):
    app, client = accepted(connect)
    assert isinstance(app.send({"type": "websocket.close", **event}).exception(), ValueError)
    assert client.take() == b"" and not client.closed


@pytest.mark.parametrize("kind", ["websocket.accept", "http.response.start", "websocket.http.response.start", "x"])
def test_event_that_may_not_come_now_is_an_error(connect, kind):
    app, _ = accepted(connect)
    assert isinstance(app.send({"type": kind, "status": 200}).exception(), RuntimeError)


# --- how it ends ---

@pytest.mark.parametrize(("event", "payload"), [
    ({}, b"\x03\xe8"), ({"code": None, "reason": None}, b"\x03\xe8"),
    ({"code": 3000, "reason": "é"}, b"\x0b\xb8\xc3\xa9"),
    ({"code": 1001, "reason": "x" * 123}, b"\x03\xe9" + b"x" * 123),
])
def test_app_closes(connect, event, payload):
    app, client = accepted(connect)
    app.send({"type": "websocket.close", **event}).result()
    assert client.frames() == [(CLOSE, payload)] and not client.ended
    client.send(frame(TEXT, b"too late"), frame(CLOSE, payload))
    assert client.ended and client.take() == b""
    assert client.end().closed
    told = app.receive().result()
    assert told["type"] == "websocket.disconnect" and told["code"] == (event.get("code") or 1000)


@pytest.mark.parametrize(("ours", "code", "reason"), [
    (close(1000), 1000, ""), (close(1001, b"weg"), 1001, "weg"), (close(4999, "é".encode()), 4999, "é"),
    (frame(CLOSE), 1005, ""),
])
def test_client_closes(connect, ours, code, reason):
    app, client = accepted(connect)
    waiting = app.receive()
    client.send(ours)
    assert waiting.result() == {"type": "websocket.disconnect", "code": code, "reason": reason}
    assert app.receive().result()["code"] == code  # time and again
    assert client.frames() == [(CLOSE, b"" if code == 1005 else code.to_bytes(2, "big"))]
    assert client.ended and client.end().closed


@pytest.mark.parametrize("leave", ["reset", "end"])
def test_client_that_just_leaves(connect, leave):
    app, client = accepted(connect)
    waiting = app.receive()
    getattr(client, leave)()
    assert waiting.result() == {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert client.closed and client.take() == b""


def test_messages_come_before_the_end(connect):
    app, client = accepted(connect)
    client.send(frame(TEXT, b"last") + close(1000))
    assert app.receive().result()["text"] == "last"
    assert app.receive().result()["type"] == "websocket.disconnect"


@pytest.mark.parametrize("end", ["client closes", "client leaves", "app closes"])
@pytest.mark.parametrize("event", [{"type": "websocket.send", "text": "x"}, {"type": "websocket.close"}])
def test_send_behind_the_end_raises_an_oserror(connect, end, event):
    app, client = accepted(connect)
    if end == "client closes":
        client.send(close(1000))
    elif end == "client leaves":
        client.reset()
    else:
        app.send({"type": "websocket.close"}).result()
    client.take()
    for _ in range(2):
        assert isinstance(app.send(event).exception(), OSError)
    assert client.take() == b""


@pytest.mark.parametrize("leave", [lambda client: client.send(close(1000)), Client.reset, Client.end],
                         ids=["close", "reset", "end"])
def test_app_that_is_told_of_the_end_may_finish_what_it_does(connect, leave):
    """However long that takes."""
    app, client = accepted(connect, grace=GRACE)
    waiting = app.receive()
    leave(client)
    assert waiting.result()["type"] == "websocket.disconnect"
    client.wait(4 * GRACE)
    assert not app.over.cancelled()


@pytest.mark.parametrize(("failure", "payload"), [(None, b"\x03\xe8"), (ValueError("x"), b"\x03\xf3")])
def test_app_that_ends_without_a_close(connect, failure, payload):
    app, client = accepted(connect)
    app.finish(failure)
    assert client.frames() == [(CLOSE, payload)]
    client.send(frame(CLOSE, payload))
    assert client.ended and client.end().closed
    ended = client.context.counters.snapshot()["connections"]
    assert (ended["app_failed"], ended["app_close"]) == ((0, 1) if failure is None else (1, 0))


@pytest.mark.parametrize("events", [
    ({"type": "websocket.accept"}, {"type": "websocket.close"}, {"type": "websocket.send", "text": "x"}),
    ({"type": "websocket.close"}, {"type": "websocket.accept"}),
])
def test_app_that_sends_behind_its_own_close_is_told_of_in_the_log(connect, caplog, events):
    """The client is there: an error of the app's."""
    async def app(scope, receive, send):
        await receive()
        for event in events:
            await send(event)

    connect(app)
    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "raised during WebSocket /" in record.getMessage() and isinstance(record.exc_info[1], OSError)


# --- an app that does not accept ---

def test_close_before_accept_is_403(connect):
    app = Puppet()
    client = connect(app)
    app.send({"type": "websocket.close", "code": 3000}).result()
    assert statuses(client.output) == [403] and not client.closed
    assert app.receive().result() == {"type": "websocket.connect"}
    assert app.receive().result() == {"type": "websocket.disconnect", "code": 1006, "reason": ""}


def test_denial(connect):
    app = Puppet()
    client = connect(app)
    app.send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"so")]}).result()
    app.send({"type": "websocket.http.response.body", "body": b"not ", "more_body": True}).result()
    assert isinstance(app.send({"type": "websocket.accept"}).exception(), RuntimeError)
    app.send({"type": "websocket.http.response.body", "body": b"you"}).result()
    answer = take_apart(client.output)
    assert (answer.status, answer.body) == (401, b"4\r\nnot \r\n3\r\nyou\r\n0\r\n\r\n")
    assert answer.values(b"x-why") == [b"so"]
    assert isinstance(app.send({"type": "websocket.http.response.body"}).exception(), OSError)


def test_half_closed_client_gets_all_of_its_denial(connect):
    app = Puppet()
    client = connect(app)
    app.send({"type": "websocket.http.response.start", "status": 401,
              "headers": [(b"content-length", b"6")]}).result()
    app.send({"type": "websocket.http.response.body", "body": b"abc", "more_body": True}).result()
    client.end()
    app.send({"type": "websocket.http.response.body", "body": b"def"}).result()
    assert client.output.endswith(b"\r\n\r\nabcdef")


@pytest.mark.parametrize("status", [100, 101, 199])
def test_denial_by_an_interim_response_is_an_error(connect, status):
    app = Puppet()
    client = connect(app)
    failure = app.send({"type": "websocket.http.response.start", "status": status, "headers": []}).exception()
    assert isinstance(failure, ValueError) and client.take() == b""
    accept(app, client)  # it can still be accepted


@pytest.mark.parametrize("failure", [None, ValueError("x")])
def test_app_that_ends_before_accept_is_500(connect, failure):
    app, logged = Puppet(), []
    client = connect(app, finished=logged.append)
    app.finish(failure)
    assert statuses(client.output) == [500] and client.ended
    (call,) = logged
    assert (b"content-type", b"text/plain; charset=utf-8") in call.response_headers
    assert (b"content-length", b"%d" % call.sent) in call.response_headers


@pytest.mark.parametrize("leave", ["reset", "end"])
def test_client_leaves_before_accept(connect, leave):
    app = Puppet()
    client = connect(app)
    app.receive().result()
    waiting = app.receive()
    getattr(client, leave)()
    assert waiting.result() == {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert isinstance(app.send({"type": "websocket.accept"}).exception(), OSError)
    app.finish()
    assert client.closed or client.ended
    assert client.context.counters.snapshot()["in_flight"] == 0


@pytest.mark.parametrize("sends", [False, True])
@pytest.mark.parametrize("leave", ["reset", "end"])
def test_client_that_leaves_before_accept_is_logged_as_499(connect, leave, sends):
    """The app returns; or it sends, and does not catch the error."""
    logged = []
    app = Puppet()
    client = connect(app, finished=lambda call: logged.append(call.status))
    getattr(client, leave)()
    app.finish(app.send({"type": "websocket.accept"}).exception() if sends else None)
    assert logged == [499] and not client.output
