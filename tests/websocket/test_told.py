"""What the access log is told of a WebSocket: each of gunicorn's atoms, the members of the JSON object, why its
connection ended, what it goes by; and that no byte of a client's Close reaches a log as it is."""

import json
import logging
import re

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log import atoms
from fastsrv.log.access import Request, Response
from fastsrv.log.identity import EXTENSION, Identity
from fastsrv.log.json_object import json_of
from tests.support.answers import take_apart
from tests.support.frames import TEXT, frame
from tests.support.puppet import Puppet
from tests.websocket.client import accept, close

NAMES = [
    *"hlurmsUqHbBfaTDML", "{user-agent}i", "{x-own}o", "{wsgi.url_scheme}e", "{websocket.messages_received}e",
    "{websocket.bytes_received}e", "{websocket.messages_sent}e", "{websocket.bytes_sent}e", "{websocket.close_code}e",
    "{received}e", "{connection_ended}e",
]
LOGGER = Logger(GunicornConfig())
BAD = frame(TEXT, b"\xff")


@pytest.fixture
def told(connect):
    """told(*fields, **settings) -> (app, client), a WebSocket that has been asked for; `client.calls` has it when it is
    over."""
    def start(*fields, **settings):
        app, calls = Puppet(), []
        client = connect(app, *fields, finished=calls.append, **settings)
        client.calls = calls
        return app, client

    return start


def only_line(client):
    (call,) = client.calls
    line = json_of(call)
    assert line.isascii()
    assert line.isprintable()
    return json.loads(line)


def atoms_of(client):
    """Of the only one, as both ways to the log have them."""
    (call,) = client.calls
    made = LOGGER.atoms(Response(call), Request(call), atoms.environ(call), atoms.took(call))
    made = LOGGER.atoms_wrapper_class(made)
    for name in NAMES:
        assert atoms.line_of(f"%({name})s", LOGGER._get_user)(call) == f"%({name})s" % made
    return {name: f"%({name})s" % made for name in NAMES}


def test_every_atom_and_member(told):
    app, client = told(b"User-Agent: browser")
    accept(app, client, headers=[(b"X-Own", b"yes")])
    client.send(frame(TEXT, "häuser".encode()))
    app.send({"type": "websocket.send", "bytes": b"1234"}).result()
    app.send({"type": "websocket.send", "text": "5"}).result()
    client.send(close(4001, b"enough"))
    app.over.set_result(None)
    client.wait(0)
    told_of = atoms_of(client)
    decimal = float(told_of.pop("L"))
    microseconds = round(decimal * 1e6)
    assert (told_of.pop("T"), told_of.pop("D"), told_of.pop("M")) == (
        "0", str(microseconds), str(microseconds // 1000))
    assert told_of == {
        "h": "192.0.2.7", "l": "-", "u": "-", "r": "GET / HTTP/1.1", "m": "GET", "s": "101", "U": "/", "q": "",
        "H": "HTTP/1.1", "b": "5", "B": "5", "f": "-", "a": "browser", "{user-agent}i": "browser", "{x-own}o": "yes",
        "{wsgi.url_scheme}e": "ws", "{websocket.messages_received}e": "1", "{websocket.bytes_received}e": "7",
        "{websocket.messages_sent}e": "2", "{websocket.bytes_sent}e": "5", "{websocket.close_code}e": "4001",
        "{received}e": "7", "{connection_ended}e": "peer_ended",
    }
    line = only_line(client)
    assert 0 < line["first_byte"] < line["duration"] == pytest.approx(decimal, abs=1e-6)
    known = {name: line[name] for name in line if name not in ("time", "pid", "duration", "first_byte")}
    assert known == {
        "type": "websocket", "client": "192.0.2.7", "peer": "192.0.2.7", "scheme": "ws", "method": "GET",
        "host": "example.org", "target": "/", "protocol": "HTTP/1.1", "status": 101, "received": 7, "sent": 5,
        "connection_ended": "peer_ended", "referer": None, "user_agent": "browser", "messages_received": 1,
        "messages_sent": 2, "close_code": 4001,
    }


def test_denied_one_is_a_request_with_its_answer(told):
    app, client = told()
    app.receive().result()
    app.send({"type": "websocket.http.response.start", "status": 401, "headers": []}).result()
    app.send({"type": "websocket.http.response.body", "body": b"not you"}).result()
    told_of, line = atoms_of(client), only_line(client)
    assert (told_of["s"], told_of["B"], told_of["{websocket.close_code}e"]) == ("401", "7", "-")
    assert (line["status"], line["sent"], line["close_code"], line["connection_ended"]) == (401, 7, None, None)
    assert 0 < line["first_byte"] <= line["duration"]


@pytest.mark.parametrize(("play", "code", "ended"), [
    (lambda app, client: client.send(close(1000)), 1000, "peer_ended"),
    (lambda app, client: client.end(), 1006, "peer_ended"),
    (lambda app, client: client.reset(), 1006, "lost"),
    (lambda app, client: client.send(BAD), 1007, "bad_frame"),
    (lambda app, client: client.wait(42), 1011, "pong_timeout"),
    (lambda app, client: app.send({"type": "websocket.close", "code": 3001}), 3001, "app_close"),
    (lambda app, client: client.call(client.transport.protocol.abort), 1012, "worker_stops"),
], ids=["close", "end", "reset", "bad frame", "silence", "app", "worker"])
def test_why_it_ended(told, play, code, ended):
    app, client = told()
    accept(app, client)
    play(app, client)
    app.over.set_result(None)
    client.wait(0)
    line = only_line(client)
    assert (line["status"], line["close_code"], line["connection_ended"]) == (101, code, ended)


@pytest.mark.parametrize(("end", "code", "ended"), [
    (lambda future: future.set_result(None), 1000, "app_close"),
    (lambda future: future.set_exception(RuntimeError("bug")), 1011, "app_failed"),
], ids=["returns", "raises"])
def test_app_ends(told, end, code, ended):
    app, client = told()
    accept(app, client)
    end(app.over)
    client.wait(0)
    line = only_line(client)
    assert (line["close_code"], line["connection_ended"]) == (code, ended)


def test_client_goes_before_it_is_accepted(told):
    app, client = told()
    client.reset()
    app.over.set_result(None)
    client.wait(0)
    line = only_line(client)
    assert (line["status"], line["connection_ended"]) == (499, "lost")
    assert (line["first_byte"], line["close_code"]) == (None, None)


# --- what it goes by ---


@pytest.mark.parametrize("headers", [[], [(b"x-request-id", b"its own")]], ids=["", "its own"])
def test_answer_to_the_handshake_says_what_it_goes_by(told, headers):
    app, client = told(identify=Identity(lambda peer: True, answers=True).identify)
    head = accept(app, client, headers=headers)
    name = app.scope["extensions"][EXTENSION]["request_id"].encode()
    assert app.scope["extensions"]["websocket.http.response"] == {}
    assert take_apart(head + b"\r\n\r\n").values(b"x-request-id") == [headers[0][1] if headers else name]
    client.send(close(1000))
    app.over.set_result(None)
    client.wait(0)
    assert only_line(client)["request_id"].encode() == name
    assert client.calls[0].describe() == f"WebSocket / ({name.decode()})"


def test_denial_says_it(told):
    app, client = told(identify=Identity(lambda peer: True, answers=True).identify)
    app.send({"type": "websocket.close"}).result()
    (value,) = take_apart(client.take()).values(b"x-request-id")
    assert only_line(client)["request_id"].encode() == value


# --- any bytes ---


@pytest.mark.parametrize("byte", range(256), ids=hex)
def test_no_byte_of_a_close_is_raw_in_a_log(connect, caplog, byte):
    """Its reason, which may be no UTF-8, and its code; and a text that is none."""
    caplog.set_level(logging.DEBUG)
    lines, any_byte = [], bytes([byte])

    def warn(kind, message, *args, size=0.0):
        lines.append(message % args)

    def tell(call):
        lines.append(json_of(call))
        lines.extend(atoms.line_of(f"%({name})s", LOGGER._get_user)(call) or "-" for name in NAMES)

    for sent in close(1000, any_byte), close(4000, b"a" + any_byte), close(byte), frame(TEXT, any_byte), any_byte:
        app = Puppet()
        client = connect(app, finished=tell, warn=warn)
        accept(app, client)
        client.send(sent).end()
        app.over.set_exception(ValueError("bug"))
        client.wait(0)
    lines += [record.getMessage() for record in caplog.records]
    assert len(lines) > 5 * len(NAMES)
    assert all(re.fullmatch(r"[ -~]+", line) for line in lines), lines
