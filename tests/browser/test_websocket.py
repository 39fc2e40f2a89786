"""WebSocket as a browser has it: Chromium, and gunicorn in a process of its own, plain and with TLS."""

import pytest

from tests.browser.webdriver import Window
from tests.support.servers import Gunicorn
from tests.support.tls import CERTIFICATE

WAYS = {  # one with each loop
    "ws": ("--asgi-loop", "uvloop"),
    "wss": ("--asgi-loop", "asyncio", "--certfile", str(CERTIFICATE), "--keyfile", str(CERTIFICATE)),
}
TEXTS = ["text", "", "häuser, ☃ and \U0001f600", "\x00", "a" * 125, "a" * 126, "ä" * 65535, "a" * 65536]
SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20]
ABNORMAL = {"code": 1006, "reason": "", "wasClean": False}


@pytest.fixture(scope="module", params=WAYS)
def gunicorn(request, tmp_path_factory):
    with Gunicorn(tmp_path_factory.mktemp("served"), "tests.browser.served:app", *WAYS[request.param]) as server:
        server.scheme = "http" + request.param[2:]
        server.url = f"{server.scheme}://127.0.0.1:{server.port}/"
        yield server


@pytest.fixture(scope="module")
def shared(gunicorn, browser):
    window = browser.open("about:blank")
    yield window
    window.close()


@pytest.fixture
def page(gunicorn, shared):
    """A window with page.html, which is the test's own: to open a window takes longer than most tests."""
    shared.go(gunicorn.url)
    return shared


def ended(gunicorn, key):
    """What the app was told of the end: (code, reason)."""
    match = gunicorn.wait_for(rf"^{key} ended (\d+) (.*)$")
    return int(match[1]), match[2]


# --- messages ---


def test_text(page, key):
    assert page.run("""
        const [path, texts] = given, peer = new Peer(path), came = [];
        await peer.opened;
        for (const text of texts) {
            peer.socket.send(text);
            came.push(await peer.next());
        }
        return came;
    """, f"/echo/{key}", TEXTS) == TEXTS


def test_binary_of_each_kind_comes_as_asked_for(page, key):
    """ArrayBuffer, a view of it, and Blob; received as ArrayBuffer or Blob."""
    found = page.run("""
        const [path, sizes] = given, peer = new Peer(path), found = [];
        await peer.opened;
        for (const size of sizes) {
            const bytes = noise(size);
            for (const sent of [bytes.buffer, bytes, new Blob([bytes])]) {
                for (const type of ["arraybuffer", "blob"]) {
                    peer.socket.binaryType = type;
                    peer.socket.send(sent);
                    const came = await peer.next();
                    const buffer = type === "blob" ? await came.arrayBuffer() : came;
                    found.push([size, sent.constructor.name, came.constructor.name, same(bytes, buffer)]);
                }
            }
        }
        return found;
    """, f"/echo/{key}", SIZES)
    assert found == [
        [size, sent, came, True]
        for size in SIZES for sent in ("ArrayBuffer", "Uint8Array", "Blob") for came in ("ArrayBuffer", "Blob")]


def test_megabyte_of_text_comes_back_compressed_and_whole(page, key):
    """Again and again: both sides keep their windows from one message to the next."""
    extensions, sizes = page.run("""
        const peer = new Peer(given[0]), sizes = [];
        await peer.opened;
        for (let round = 0; round < 3; round++) {
            let text = "";
            for (let line = 0; text.length < 1 << 20; line++) text += `${round}: line ${line * line} of ☃\\n`;
            peer.socket.send(text);
            if (await peer.next() !== text) throw new Error(`round ${round} differs`);
            sizes.push(text.length);
        }
        return [peer.socket.extensions, sizes];
    """, f"/echo/{key}")
    assert extensions.partition(";")[0] == "permessage-deflate"
    assert len(sizes) == 3 and min(sizes) >= 1 << 20


def test_many_messages_without_a_wait_come_in_their_order(page, key):
    assert page.run("""
        const peer = new Peer(given[0]), came = [];
        for (let number = 0; number < 300; number++) came.push(await peer.next());
        return came;
    """, f"/pours/{key}") == [f"{number} " * number for number in range(300)]


def test_many_websockets_of_one_page(page, key):
    assert page.run("""
        const all = Array.from({ length: 8 }, async (_, number) => {
            const peer = new Peer(`${given[0]}${number}`);
            await peer.opened;
            peer.socket.send(number);
            return [await peer.next(), (await peer.close(1000)).code];
        });
        return Promise.all(all);
    """, f"/echo/{key}-") == [[str(number), 1000] for number in range(8)]


def test_what_a_slow_app_does_not_take_waits_in_the_browser(page, gunicorn, key):
    """And the server answers others meanwhile."""
    assert page.run("""
        const [path, key] = given, peer = new Peer(`${path}${key}`), piece = noise(1 << 20), count = 24;
        await peer.opened;
        peer.socket.send(count * piece.length);
        for (let number = 0; number < count; number++) peer.socket.send(piece);
        await fetch("/");
        const waiting = peer.socket.bufferedAmount;
        await fetch(`/open/${key}`);
        const size = await peer.next();
        await until(() => peer.socket.bufferedAmount === 0);
        return [waiting > 0, size];
    """, "/waits/", key) == [True, str(24 << 20)]


# --- the handshake ---


@pytest.mark.parametrize("offered", [[], ["one"], ["one", "two.v2"]])
def test_subprotocols(page, key, offered):
    chosen, told = page.run("""
        const peer = new Peer(...given), told = JSON.parse(await peer.next());
        return [peer.socket.protocol, told];
    """, f"/tells/{key}", offered)
    assert told["subprotocols"] == offered and chosen == (offered[-1] if offered else "")


def test_origin_and_cookies_both_ways(page, gunicorn, key):
    told, cookies = page.run("""
        const [path, key] = given;
        document.cookie = `question-${key}=what`;
        const peer = new Peer(path), told = JSON.parse(await peer.next());
        return [told, document.cookie];
    """, f"/tells/{key}", key)
    assert told["scheme"] == gunicorn.scheme.replace("http", "ws")
    headers = dict(told["headers"])
    assert headers["origin"] + "/" == gunicorn.url
    assert f"question-{key}=what" in headers["cookie"] and f"answer-{key}=yes" in cookies


@pytest.mark.parametrize("way", ["denies", "denies_at_length"])
def test_denial_is_a_failure_that_tells_nothing(page, gunicorn, key, way):
    page.browser.console()
    closed, seen = page.run(
        "const peer = new Peer(given[0]); return [await peer.closed, peer.seen];", f"/{way}/{key}")
    assert closed == ABNORMAL and seen == ["error", "close"]
    assert ended(gunicorn, key) == (1006, "")
    page.until(lambda: any("403" in message for message in page.browser.console()))  # for who looks at the console


# --- the end ---


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1000, "done"), (3000, "häuser ☃"), (4000, "x" * 123)])
def test_close_of_the_app(page, gunicorn, key, code, reason):
    assert page.run("""
        const [path, end] = given, peer = new Peer(path);
        await peer.opened;
        peer.socket.send(JSON.stringify(end));
        return peer.closed;
    """, f"/closes/{key}", {"code": code, "reason": reason}) == {"code": code, "reason": reason, "wasClean": True}
    assert ended(gunicorn, key) == (code, reason)


def test_app_that_returns(page, key):
    assert page.run("return new Peer(given[0]).closed;", f"/returns/{key}") == {
        "code": 1000, "reason": "", "wasClean": True}


@pytest.mark.parametrize(("way", "code", "opens"), [("fails", 1011, True), ("fails_at_once", 1006, False)])
def test_app_that_fails(page, gunicorn, key, way, code, opens):
    closed, seen = page.run(
        "const peer = new Peer(given[0]); return [await peer.closed, peer.seen];", f"/{way}/{key}")
    assert closed == {"code": code, "reason": "", "wasClean": opens}
    assert seen == (["open", "close"] if opens else ["error", "close"])
    gunicorn.wait_for(f"^ZeroDivisionError: {key}$")


@pytest.mark.parametrize(("how", "told"), [
    ([], (1005, "")), ([1000], (1000, "")), ([3001, "bye"], (3001, "bye")), ([4999, "é" * 61], (4999, "é" * 61)),
])
def test_close_of_the_browser(page, gunicorn, key, how, told):
    closed = page.run("""
        const [path, ...how] = given, peer = new Peer(path);
        await peer.opened;
        return peer.close(...how);
    """, f"/echo/{key}", *how)
    assert ended(gunicorn, key) == told
    assert closed["code"] == told[0] and closed["wasClean"]


@pytest.mark.parametrize("leave", [Window.reload, Window.close])
def test_page_that_is_left(window, gunicorn, key, leave):
    """Behind a link Chromium would keep the page, and its WebSocket: test_chat.py has what a page can do about that."""
    page = window(gunicorn.url)
    page.run("await new Peer(given[0]).opened;", f"/echo/{key}")
    leave(page)
    assert ended(gunicorn, key) == (1001, "")


def test_message_that_is_too_large(page, gunicorn, key):
    """For the default of 16 MiB; random, as what can be compressed would be too large for its compression alone."""
    closed = page.run("""
        const peer = new Peer(given[0]);
        await peer.opened;
        peer.socket.send(noise((1 << 24) + 1));
        return peer.closed;
    """, f"/echo/{key}")
    assert closed["code"] == 1009
    assert ended(gunicorn, key)[0] == 1009
