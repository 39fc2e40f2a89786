"""WebSockets through real proxies: what one says comes through to the other, both ways, and so does the end."""

import asyncio
import json
import signal

import pytest

from tests.faults.sockets import Socket
from tests.support.frames import PING, PONG, TEXT, frame
from tests.support.proxies import Haproxy, Nginx
from tests.support.servers import PATIENCE, Gunicorn
from tests.support.tls import client_context
from tests.websocket.makes import ABNORMAL, Denied, Websockets

SOURCE = '''
import json

async def app(scope, receive, send):
    if scope["type"] != "websocket":
        return
    await receive()
    if scope["path"] == "/denied":
        await send({"type": "websocket.http.response.start", "status": 403, "headers": [(b"x-why", b"because")]})
        await send({"type": "websocket.http.response.body", "body": b"not "  , "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"you"})
        return
    await send({"type": "websocket.accept", "subprotocol": (scope["subprotocols"] or [None])[-1]})
    if scope["path"] == "/scope":
        told = [scope["scheme"], scope["client"][0], scope["path"], scope["query_string"].decode()]
        await send({"type": "websocket.send", "text": json.dumps(told)})
    if scope["path"] == "/closes":
        await send({"type": "websocket.close", "code": 4001, "reason": "enough"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})
    print(f"{scope['path']} was told {event['code']} {event.get('reason')}", flush=True)
'''
RESTART = 1012
MEGABYTE = 1 << 20
CLIENT = "192.0.2.9"  # as a proxy in front of the proxy says
SILENCE = 5  # seconds that a proxy bears with: well over the time between two Pings, which a busy machine may delay
KINDS = {"nginx": Nginx, "haproxy": Haproxy}
TIMEOUTS = {"nginx": f"proxy_read_timeout {SILENCE}s;", "haproxy": f"timeout tunnel {SILENCE}s"}
by_each = pytest.mark.parametrize("kind", KINDS)


class Proxied:
    """gunicorn behind a proxy, and clients of it."""

    def __init__(self, gunicorn, proxy, tls=False):
        self.gunicorn, self.proxy, self.tls = gunicorn, proxy, tls

    def connect(self, path, **options):
        if self.tls:
            return Websockets(f"wss://localhost:{self.proxy.port}{path}", tls=client_context(), **options)
        return Websockets(f"ws://127.0.0.1:{self.proxy.port}{path}", **options)

    def talk(self, conversation, path="/", **options):
        """conversation(peer) with a peer that has connected."""
        async def run():
            async with self.connect(path, **options) as peer:
                return await conversation(peer)

        return asyncio.run(asyncio.wait_for(run(), PATIENCE))

    def was_told(self, path, code, reason=""):
        self.gunicorn.wait_for(f"^{path} was told {code} {reason}$")


@pytest.fixture(scope="module", params=[(kind, tls) for kind in KINDS for tls in (False, True)],
                ids=lambda param: f"{param[0]}{', TLS' if param[1] else ''}")
def proxied(request, tmp_path_factory):
    """One for all tests that do not end it."""
    kind, tls = request.param
    folder = tmp_path_factory.mktemp("proxied")
    (folder / "served.py").write_text(SOURCE)
    with Gunicorn(folder, "served:app") as gunicorn, \
            KINDS[kind](folder, f"127.0.0.1:{gunicorn.port}", tls=tls) as proxy:
        yield Proxied(gunicorn, proxy, tls)


@pytest.mark.parametrize("deflate", [False, True])
def test_messages_come_back(proxied, deflate):
    async def conversation(peer):
        for message in "text", "", "häuser, ☃", b"binary\x00\xff", b"", "a" * 70_000, b"\x80" * MEGABYTE:
            await peer.send(message)
            assert await peer.receive() == message
        await peer.ping(b"there?")
        return peer.headers

    headers = proxied.talk(conversation, deflate=deflate)
    assert headers.get("sec-websocket-extensions", "").startswith("permessage-deflate") is deflate


def test_subprotocol_and_scope(proxied):
    async def conversation(peer):
        return peer.subprotocol, json.loads(await peer.receive())

    subprotocol, scope = proxied.talk(
        conversation, "/scope?q=1", subprotocols=["one", "two"], fields={"X-Forwarded-For": CLIENT})
    assert subprotocol == "two"
    assert scope == ["wss" if proxied.tls else "ws", CLIENT, "/scope", "q=1"]


def test_close_of_the_app(proxied):
    assert proxied.talk(lambda peer: peer.ended(), "/closes") == (4001, "enough")


def test_close_of_the_client(proxied):
    assert proxied.talk(lambda peer: peer.close(4002, "bye"), "/bye") == (4002, "")
    proxied.was_told("/bye", 4002, "bye")


def test_client_that_disappears(proxied):
    async def conversation(peer):
        await peer.send("here")
        assert await peer.receive() == "here"
        peer.vanish(reset=True)

    proxied.talk(conversation, "/gone")
    proxied.was_told("/gone", ABNORMAL)


def test_denial(proxied):
    with pytest.raises(Denied) as denied:
        proxied.talk(None, "/denied")
    answer = denied.value
    assert (answer.status, answer.headers["x-why"], answer.body) == (403, "because", b"not you")


@by_each
def test_end_of_the_worker_is_1012(gunicorn, tmp_path, kind):
    async def conversation(peer):
        await peer.send("here")
        assert await peer.receive() == "here"
        server.signal(signal.SIGTERM)
        return await peer.ended()

    server = gunicorn(SOURCE)
    with KINDS[kind](tmp_path, f"127.0.0.1:{server.port}") as proxy:
        assert Proxied(server, proxy).talk(conversation) == (RESTART, "")
    assert server.wait() == 0


# --- silence ---

def silent(gunicorn, tmp_path, kind, conversation, config):
    """conversation(peer), which says nothing of its own, through a proxy that ends it after SILENCE."""
    async def run():
        async with Socket(proxy.port) as peer:
            await peer.open(b"/silent")
            return await conversation(peer)

    server = gunicorn(SOURCE, config=config)
    with KINDS[kind](tmp_path, f"127.0.0.1:{server.port}", more=TIMEOUTS[kind]) as proxy:
        asyncio.run(asyncio.wait_for(run(), PATIENCE))
        server.wait_for("^/silent was told")
    return server


@by_each
def test_pings_keep_it_alive(gunicorn, tmp_path, kind):
    async def conversation(peer):
        for _ in range(SILENCE + 2):
            assert await peer.frame() == (PING, b"")
            await peer.send(frame(PONG))
        await peer.send(frame(TEXT, b"still here"))
        assert await peer.message() == b"still here"
        await peer.leave()

    server = silent(gunicorn, tmp_path, kind, conversation, "fastsrv_websocket_ping_interval = 1")
    assert "was told 1000" in server.output


@by_each
def test_without_pings_the_proxy_ends_it(gunicorn, tmp_path, kind):
    """What the test above is worth."""
    async def conversation(peer):
        assert await peer.read_to_end() == b""

    server = silent(gunicorn, tmp_path, kind, conversation, 'fastsrv_websocket_ping_interval = "off"')
    assert f"was told {ABNORMAL}" in server.output
