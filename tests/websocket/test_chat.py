"""examples/chat.py, as clients have it that are no browsers: what is denied and refused, and one that reads nothing.

What a browser makes of it is in tests/browser/test_chat.py.
"""

import asyncio
import importlib.util
import json
import socket

import httpx
import pytest
from gunicorn.config import Config as GunicornConfig
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from fastsrv.proxy.forwarded import Forwarded
from tests.support.frames import CLOSE, TEXT, frame
from tests.support.servers import PATIENCE, ROOT
from tests.websocket.client import ASKS, frames_of

HTTPS = {"X-Forwarded-Proto": "https"}  # a proxy's word
SMALL = 16 * 1024  # bytes; of a kernel's buffer
MUCH = 200  # messages of the greatest length: more than all buffers hold
BIG = "\N{GRINNING FACE}"  # twelve bytes of JSON
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"  # one emoji of three, joined
PERSIAN = "\u0645\u06cc\u200c\u0631\u0648\u062f"  # a word with a joint that does not show


@pytest.fixture
def chat():
    """The module, with a room of its own."""
    spec = importlib.util.spec_from_file_location("chat", ROOT / "examples" / "chat.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(serve, chat):
    return serve(chat.app, forwarded=Forwarded(GunicornConfig()).apply)


def dial(server, path="/chat", **options):
    return connect(f"ws://127.0.0.1:{server.port}{path}", **{"subprotocols": ["chat"], **options})


def heard(client):
    return json.loads(client.recv(PATIENCE))


def test_page_and_nothing_else(server):
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", verify=False) as client:
        page = client.get("/")
        assert page.status_code == 200 and page.text == (ROOT / "examples" / "chat.html").read_text()
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert client.get("/chat").status_code == 404


def test_talk(server):
    with dial(server) as ada, dial(server) as grace:
        assert ada.subprotocol == "chat"
        ada.send(" Ada  Lovelace ")
        assert heard(ada) == {"you": "Ada Lovelace", "here": ["Ada Lovelace"]}
        grace.send("Grace")
        assert heard(grace) == {"you": "Grace", "here": ["Ada Lovelace", "Grace"]}
        assert heard(ada) == {"joined": "Grace"}
        grace.send("Hello\n")
        assert heard(ada) == heard(grace) == {"from": "Grace", "text": "Hello"}
        grace.close()
        assert heard(ada) == {"left": "Grace"}


@pytest.mark.parametrize(("path", "options", "body"), [
    ("/", {}, b""), ("/chat", {"subprotocols": None}, b""),
    ("/chat", {"origin": "http://example.org"}, b"This chat is for its own page\n"),
    ("/chat", {"origin": "null"}, b"This chat is for its own page\n"),
    ("/chat", {"origin": "https://127.0.0.1:{port}"}, b"This chat is for its own page\n"),
    ("/chat", {"origin": "http://127.0.0.1:{port}", "additional_headers": HTTPS}, b"This chat is for its own page\n"),
])
def test_denial(server, path, options, body):
    if "origin" in options:
        options = {**options, "origin": options["origin"].format(port=server.port)}
    with pytest.raises(InvalidStatus) as denied, dial(server, path, **options):
        pass
    assert (denied.value.response.status_code, denied.value.response.body) == (403, body)


@pytest.mark.parametrize(("scheme", "headers"), [("http", {}), ("https", HTTPS)])
def test_own_page_is_let_in(server, scheme, headers):
    with dial(server, origin=f"{scheme}://127.0.0.1:{server.port}", additional_headers=headers) as client:
        client.send("Ada")
        assert heard(client)["you"] == "Ada"


@pytest.mark.parametrize(("messages", "code"), [
    ([b"Ada"], 1003), ([""], 1008), (["x" * 25], 1008), (["A\x07da"], 1008),
    (["Ada", b"binary"], 1003), (["Ada", " \n"], 1008), (["Ada", "x" * 2001], 1008),
])
def test_refusal(server, chat, messages, code):
    with dial(server) as client:
        for message in messages:
            client.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.recv(PATIENCE)
    assert closed.value.rcvd.code == code and closed.value.rcvd.reason
    server.until(lambda: not chat.room)


@pytest.mark.parametrize("name", [
    "\u3164", "\u2800", "\uffa0 \u115f", "\u200d", "\u200b\u2060", "\u0301", "Ada\x1b[7m",
    "\u202eadA", "Ada\u2066", "Ada\x9b",
])
def test_name_that_shows_nothing_or_harms_is_refused(server, name):
    with dial(server) as client:
        client.send(name)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(PATIENCE)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "A name that can be seen, please")


@pytest.mark.parametrize("name", [FAMILY, PERSIAN, "\u2764\ufe0f", "7", "?!", "Zoe\u0308", "\u3164Ada"])
def test_name_that_shows_is_taken_as_it_is(server, name):
    with dial(server) as client:
        client.send(name)
        assert heard(client)["you"] == name


def test_who_finds_no_seat_is_asked_to_come_later(server, chat):
    chat.seats = asyncio.Semaphore(2)
    with dial(server) as silent:
        with dial(server) as ada:
            ada.send("Ada")
            assert heard(ada)["you"] == "Ada"
            with dial(server) as late, pytest.raises(ConnectionClosed) as closed:
                late.send("Grace")
                late.recv(PATIENCE)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "The room is full")
        silent.send("Grace")
        assert heard(silent)["here"] in (["Grace"], ["Ada", "Grace"])
        server.until(lambda: list(chat.room) == ["Grace"])
        with dial(server) as later:
            later.send("Ada")
            assert heard(later)["here"] == ["Grace", "Ada"]


def test_who_does_not_say_its_name_is_let_go(server, chat):
    with dial(server) as ada:
        ada.send("Ada")
        assert heard(ada)["you"] == "Ada"
        chat.seats, chat.NAMING = asyncio.Semaphore(1), 0
        with dial(server) as silent, pytest.raises(ConnectionClosed) as closed:
            silent.recv(PATIENCE)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "You did not say your name")
        chat.NAMING = PATIENCE
        with dial(server) as grace:
            grace.send("Grace")
            assert heard(grace)["here"] == ["Ada", "Grace"]


def test_longest_name_and_message(server):
    with dial(server) as client:
        client.send("x" * 24)
        assert heard(client)["you"] == "x" * 24
        client.send("☃" * 2000)
        assert heard(client)["text"] == "☃" * 2000


def test_who_reads_nothing_holds_up_nobody_and_is_let_go(serve, chat):
    chat.PAUSE = 0
    server = serve(chat.app)
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    with socket.socket() as slow:
        slow.settimeout(PATIENCE)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        slow.connect(("127.0.0.1", server.port))
        lines = [b"GET /chat HTTP/1.1", b"Host: x", *ASKS, b"Sec-WebSocket-Protocol: chat", b"", b""]
        slow.sendall(b"\r\n".join(lines) + frame(TEXT, b"Slow"))
        server.until(lambda: "Slow" in chat.room)
        with dial(server) as fast:
            fast.send("Fast")
            assert heard(fast)["here"] == ["Slow", "Fast"]
            gone = []  # it leaves as soon as its end is on the way
            for number in range(MUCH):
                text = f"{number}".ljust(chat.LONGEST_TEXT, BIG)
                fast.send(text)
                while "text" not in (message := heard(fast)):
                    gone.append(message)
                assert message["text"] == text
            held = server.call(lambda: sum(guest.outbox.qsize() for guest in chat.room.values()))
            assert (held - 1) * len(json.dumps(message)) < chat.BACKLOG  # the last one may reach beyond it
            data = b""
            while more := slow.recv(65536):
                data += more
                if chat.LATER.to_bytes(2, "big") + b"You read" in data:
                    slow.sendall(frame(CLOSE, chat.LATER.to_bytes(2, "big")))
            assert (gone or [heard(fast)]) == [{"left": "Slow"}]
    *texts, end = [each.payload for each in frames_of(data.partition(b"\r\n\r\n")[2])]
    you, joined, *said = map(json.loads, texts)
    assert you["you"] == "Slow" and joined == {"joined": "Fast"}
    assert [int(each["text"].rstrip(BIG)) for each in said] == list(range(len(said)))  # none is missing before the end
    assert 0 < len(said) < MUCH and end == chat.LATER.to_bytes(2, "big") + b"You read too slowly"
