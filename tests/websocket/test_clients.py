"""Clients of different make, on real sockets and both loops: websockets, aiohttp, picows (makes.py), and ws on Node."""

import asyncio
import contextlib
import queue
import sys

import pytest
from gunicorn.config import Config

from tests.support.servers import PATIENCE
from tests.support.tls import client_context, server_context
from tests.websocket.makes import ABNORMAL, MAKES, Denied

MANY = 30
MESSAGES = [
    "text", "", "häuser, ☃ and \U0001f600", b"binary\x00\xff", b"",
    # About the lengths where a frame's head grows, and one of a megabyte.
    *(unit * size for size in (125, 126, 65535, 65536, 1 << 20) for unit in ("a", b"\x80")),
]
PLAIN = ("websockets", "aiohttp", "picows")
DEFLATING = ("websockets", "aiohttp", "picows.websockets")
by_each = pytest.mark.parametrize("make", PLAIN)
by_each_in_both_ways = pytest.mark.parametrize(
    ("make", "deflate"), [*((make, False) for make in PLAIN), *((make, True) for make in DEFLATING)])


class App:
    """Accepts with `answer`, more of the event, then runs talk(receive, send), an echo if there is none. `scopes` are
    those of all, `ends` (code, reason) of those that were told of one."""

    def __init__(self, talk=None, **answer):
        self.talk, self.answer = talk or echo, answer
        self.scopes, self.ends = queue.Queue(), queue.Queue()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "websocket":
            return
        assert await receive() == {"type": "websocket.connect"}
        self.scopes.put(scope)
        await send({"type": "websocket.accept", **self.answer})
        end = await self.talk(receive, send)
        if end is not None:
            self.ends.put((end["code"], end["reason"]))


async def echo(receive, send):
    """Until the end, which is returned."""
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})
    return event


def talk(make, server, conversation, **options):
    """conversation(peer) with a peer of this make."""
    async def connect():
        async with opened(make, server, **options) as peer:
            return await conversation(peer)

    return asyncio.run(asyncio.wait_for(connect(), PATIENCE))


def opened(make, server, path="/", **options):
    scheme, host = ("ws", "127.0.0.1") if options.get("tls") is None else ("wss", "localhost")
    return MAKES[make](f"{scheme}://{host}:{server.port}{path}", **options)


# --- messages ---


@pytest.mark.parametrize("tls", [False, True])
@by_each_in_both_ways
def test_every_message_comes_back(serve, make, deflate, tls):
    if tls and sys.version_info < (3, 11):
        pytest.skip("asyncio's transports of TLS warn there when a server has closed them")
    server = serve(App(), tls=server_context() if tls else None)

    async def conversation(peer):
        for message in MESSAGES:
            await peer.send(message)
            assert await peer.receive() == message
        return peer.headers

    headers = talk(make, server, conversation, tls=client_context() if tls else None, deflate=deflate)
    assert headers.get("sec-websocket-extensions", "").startswith("permessage-deflate") == deflate


@pytest.mark.parametrize("make", DEFLATING)
def test_deflate_that_is_off_is_not_agreed_to(serve, make):
    server = serve(App(), websocket_deflate=False)

    async def conversation(peer):
        await peer.send("a" * 1000)
        return peer.headers, await peer.receive()

    headers, message = talk(make, server, conversation, deflate=True)
    assert "sec-websocket-extensions" not in headers and message == "a" * 1000


@by_each_in_both_ways
def test_messages_of_many_tasks_on_both_sides_are_whole_and_each_tasks_in_order(serve, make, deflate):
    def parts(sender):
        """Of all sizes, and all different."""
        for number in range(MANY):
            yield f"{sender}:{number}:" + f"{sender}{number}" * (number * number * number)

    async def say_all(sender, say):
        for part in parts(sender):
            await say(part)

    def say_from_many(say):
        return asyncio.gather(*(say_all(sender, say) for sender in range(10)))

    async def hear_from_many(hear):
        heard = {sender: [] for sender in range(10)}
        for _ in range(10 * MANY):
            text = await hear()
            heard[int(text.partition(":")[0])].append(text)
        return heard

    async def app(receive, send):
        async def hear():
            return (await receive())["text"]

        heard.append((await asyncio.gather(
            say_from_many(lambda text: send({"type": "websocket.send", "text": text})), hear_from_many(hear)))[1])

    async def conversation(peer):
        heard.append((await asyncio.gather(say_from_many(peer.send), hear_from_many(peer.receive)))[1])
        await peer.ended()

    heard = []
    talk(make, serve(App(app), websocket_deflate=deflate), conversation, deflate=deflate)
    assert heard == 2 * [{sender: list(parts(sender)) for sender in range(10)}]


@by_each
def test_many_clients_at_once(serve, make):
    server = serve(App())

    async def client(number):
        async with opened(make, server, f"/{number}") as peer:
            came.release()
            await everybody.wait()
            await peer.send(str(number))
            assert await peer.receive() == str(number)
            return await peer.close(1000, "")

    async def clients():
        nonlocal came, everybody
        came, everybody = asyncio.Semaphore(0), asyncio.Event()
        running = [asyncio.ensure_future(client(number)) for number in range(MANY)]
        for _ in range(MANY):
            await came.acquire()
        everybody.set()
        return await asyncio.gather(*running)

    came = everybody = None
    assert asyncio.run(asyncio.wait_for(clients(), PATIENCE)) == MANY * [(1000, "")]


@by_each
def test_ping_is_answered_whatever_the_app_is_at(serve, make):
    async def app(receive, send):
        await send({"type": "websocket.send", "text": "about to wait"})
        await go.wait()
        return await echo(receive, send)

    async def conversation(peer):
        assert await peer.receive() == "about to wait"
        for payload in b"ping", b"x" * 125:
            await peer.ping(payload)
        server.loop.call_soon_threadsafe(go.set)
        await peer.send("behind it")
        assert await peer.receive() == "behind it"

    server = serve(App(app))
    go = server.call(asyncio.Event)
    talk(make, server, conversation)


# --- the handshake ---


@by_each
def test_what_client_and_app_say_at_first(serve, make):
    app = App(subprotocol="two", headers=[(b"x-answer", b"yes"), (b"set-cookie", b"a=b")])
    server = serve(app)

    async def conversation(peer):
        return peer.subprotocol, peer.headers

    subprotocol, headers = talk(
        make, server, conversation, path="/a%20path/%C3%A9?q=1&r=%20", subprotocols=("one", "two"),
        fields={"X-Question": "what?", "Origin": "http://example.org"})
    assert (subprotocol, headers["x-answer"], headers["set-cookie"]) == ("two", "yes", "a=b")
    scope = app.scopes.get(timeout=PATIENCE)
    assert (scope["path"], scope["query_string"], scope["scheme"]) == ("/a path/é", b"q=1&r=%20", "ws")
    assert scope["subprotocols"] == ["one", "two"] and scope["client"][0] == "127.0.0.1"
    assert {(b"x-question", b"what?"), (b"origin", b"http://example.org")} <= set(scope["headers"])


@by_each
def test_app_need_not_choose_a_subprotocol(serve, make):
    async def conversation(peer):
        await peer.send("x")
        return peer.subprotocol, await peer.receive()

    assert talk(make, serve(App()), conversation, subprotocols=("one", "two")) == (None, "x")


DENIALS = {
    "close": ([{"type": "websocket.close", "code": 3000, "reason": "no"}], 403, {"content-length": "0"}, b""),
    "an answer of its own": ([
        {"type": "websocket.http.response.start", "status": 401, "headers": [
            (b"content-length", b"7"), (b"www-authenticate", b"Basic"), (b"content-type", b"text/plain")]},
        {"type": "websocket.http.response.body", "body": b"not ", "more_body": True},
        {"type": "websocket.http.response.body", "body": b"you"},
    ], 401, {"www-authenticate": "Basic", "content-type": "text/plain"}, b"not you"),
    "nothing": ([], 500, {}, None),
}


@pytest.mark.parametrize("name", DENIALS)
@by_each
def test_denial(serve, make, name):
    events, status, headers, body = DENIALS[name]
    ends = queue.Queue()

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            for event in events:
                await send(event)
            if events:
                ends.put(await receive())

    with pytest.raises(Denied) as denied:
        talk(make, serve(app), None)
    assert denied.value.status == status and headers.items() <= denied.value.headers.items()
    if body is not None:
        assert denied.value.body in (body, None)
        assert ends.get(timeout=PATIENCE) == {"type": "websocket.disconnect", "code": ABNORMAL, "reason": ""}


# --- the end ---


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "gone"), (3000, "é"), (4999, "x" * 123)])
@by_each
def test_close_of_the_app_is_what_the_client_sees(serve, make, code, reason):
    async def app(receive, send):
        await send({"type": "websocket.send", "text": "last"})
        await send({"type": "websocket.close", "code": code, "reason": reason})
        return await receive()

    async def conversation(peer):
        assert await peer.receive() == "last"
        return await peer.ended()

    app = App(app)
    assert talk(make, serve(app), conversation) == (code, reason)
    assert app.ends.get(timeout=PATIENCE) == (code, reason)


@pytest.mark.parametrize(("failure", "code"), [(None, 1000), (ZeroDivisionError("a bug"), 1011)])
@by_each
def test_app_that_ends_closes(serve, make, failure, code):
    async def app(receive, send):
        if failure is not None:
            raise failure

    assert talk(make, serve(App(app)), lambda peer: peer.ended()) == (code, "")


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "gone"), (3000, "é"), (4999, "x" * 123)])
@by_each
def test_close_of_the_client_is_what_the_app_sees(serve, make, code, reason):
    app = App()
    answer = talk(make, serve(app), lambda peer: peer.close(code, reason))
    assert app.ends.get(timeout=PATIENCE) == (code, reason)
    assert answer == (code, "")


@pytest.mark.parametrize("reset", [False, True])
@by_each
def test_client_that_disappears(serve, make, reset):
    app = App()
    server = serve(app)

    async def conversation(peer):
        await peer.send("here")
        assert await peer.receive() == "here"
        peer.vanish(reset)

    talk(make, server, conversation)
    assert app.ends.get(timeout=PATIENCE) == (ABNORMAL, "")
    server.until(lambda: server.server.context.connections == 0)


@pytest.mark.skipif("websocket_max_message_size" not in Config().settings, reason="gunicorn has it from 27 on")
@by_each
def test_message_that_is_too_large(serve, make):
    app = App()
    server = serve(app, websocket_max_message_size=100_000)

    async def conversation(peer):
        await peer.send(bytes(100_000))
        assert await peer.receive() == bytes(100_000)
        with contextlib.suppress(ConnectionError):  # the server need not read all of it
            await peer.send(bytes(100_001))
        return await peer.ended()

    code, reason = talk(make, server, conversation)
    assert code == 1009 and app.ends.get(timeout=PATIENCE) == (1009, reason)
