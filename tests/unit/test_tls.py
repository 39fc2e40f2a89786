"""tls.pyx between the transport in memory and the real protocol; the peer is a client of Python's ssl module.

TLS by gunicorn's settings, on real sockets: tests/worker/test_tls.py.
"""

import contextlib
import ssl

import pytest

from fastsrv_ext.wire.tls import TLS
from tests.support.answers import statuses, take_apart
from tests.support.apps import Recorder, echo, hello
from tests.support.puppet import Puppet
from tests.support.tls import CERTIFICATE, client_context, server_context
from tests.support.wire import Wire, get, post


class Peer(Wire):
    """A TLS client at `app`. say() encrypts and sends; `heard` is all that it could decrypt, `closed_by_server` whether
    a close_notify came."""

    def __init__(self, app, *, server=None, client=None, shake_hands=True, extension=None, **settings):
        self.failures = []
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (client or client_context()).wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost")
        self.heard, self.closed_by_server, self.read_writes = b"", False, 0
        super().__init__(
            app, layer=lambda http: TLS(
                server or server_context(), http, lambda error, peer: self.failures.append(error),
                extension=extension, budget=http.context.budget),
            tls=extension is not None, **settings)
        if shake_hands:
            self.shake_hands()

    def shake_hands(self):
        for _ in range(3):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            self.exchange()

    def exchange(self):
        """What is to be sent is sent; what has come is decrypted."""
        if self.outgoing.pending:
            self.send(self.outgoing.read())
        self.listen()

    def listen(self):
        self.incoming.write(b"".join(self.transport.sent[self.read_writes:]))
        self.read_writes = len(self.transport.sent)
        try:
            while data := self.tls.read(1 << 20):
                self.heard += data
            self.closed_by_server = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # and our own is out
            self.closed_by_server = True

    def say(self, data):
        for start in range(0, len(data), 16384):
            self.tls.write(data[start:start + 16384])
        self.exchange()
        return self

    def say_goodbye(self):
        with contextlib.suppress(ssl.SSLWantReadError):  # the server's has not come
            self.tls.unwrap()
        self.exchange()
        return self


@pytest.fixture
def peer():
    """peer(app, **settings) -> Peer: a TLS client that has shaken hands."""
    peers = []

    def connect(app, **settings):
        peers.append(Peer(app, **settings))
        return peers[-1]

    yield connect
    for each in peers:
        each.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_are_answered_on_one_connection(peer, version):
    it = peer(hello, client=client_context(maximum_version=version))
    for number in range(1, 4):
        it.say(get())
        assert statuses(it.heard) == number * [200]
    assert it.tls.version() == version.name.replace("_", ".")


def test_records_may_come_in_any_pieces(peer):
    it = peer(echo, shake_hands=False)
    for _ in range(3):
        try:
            it.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        it.drip(it.outgoing.read())
        it.listen()
    it.tls.write(post(b"hello"))
    it.tls.write(get())
    it.drip(it.outgoing.read())
    it.listen()
    assert statuses(it.heard) == [200, 200]


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 65536, 1_000_000])
def test_bodies_of_any_size_come_and_go(peer, size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    it = peer(echo).say(post(body))
    assert take_apart(it.heard).body == body


def test_several_records_in_one_read_reach_the_app_in_one_piece(peer):
    app = Puppet()
    it = peer(app).say(post(b"x" * 40_000))
    assert len(app.receive().result()["body"]) == 40_000
    assert not it.failures


def test_small_answer_leaves_in_one_write(peer):
    it = peer(hello)
    before = len(it.writes)
    it.say(get())
    assert len(it.writes) == before + 1


def test_what_an_ssl_object_wraps_reads_and_writes_as_it_does():
    """tls.pyx calls the two methods of SSLObject's `_sslobj`, a private name, past SSLObject. It looks them up once."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context().wrap_bio(to_server, to_client, server_side=True)
    client = client_context().wrap_bio(to_client, to_server, server_hostname="localhost")
    within = server._sslobj
    read, write = within.read, within.write
    for side in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert server._sslobj is within
    with pytest.raises(ssl.SSLWantReadError):
        read(10)
    client.write(b"abcdef")
    assert (read(2), server.read(2), read(10)) == (b"ab", b"cd", b"ef")
    assert (write(b"12"), server.write(b"34"), write(memoryview(b"56"))) == (2, 2, 2)
    assert [client.read(10) for _ in range(3)] == [b"12", b"34", b"56"]
    with contextlib.suppress(ssl.SSLWantReadError):
        client.unwrap()
    with contextlib.suppress(ssl.SSLZeroReturnError):
        assert read(10) == b""


def test_what_apps_are_told_of_a_connection_is_made_once_and_not_before_its_first_request(peer):
    made, app = [], Recorder(hello)

    def extension(tls):
        made.append(tls.version())
        return {"client_cert_chain": ["one"]}

    it = peer(app, extension=extension)
    assert made == []
    it.say(get()).say(get() + get())
    assert made == ["TLSv1.3"]
    told = [scope["extensions"]["tls"] for scope in app.scopes]
    assert told == 3 * [{"client_cert_chain": ["one"]}]
    assert len({id(each) for each in told}) == len({id(each["client_cert_chain"]) for each in told}) == 3


# --- a peer that lags behind ---


def test_answer_that_is_complete_is_watched_over_until_it_has_left(peer):
    """Neither keepalive nor close_timeout cut it off."""
    app = Puppet()
    it = peer(app, send=10, min_rate=100, keepalive=1, close=1)
    it.transport.room = 0
    it.say(get())
    app.begin()
    app.body(b"x" * 5_000).result()
    app.finish()
    while it.transport.buffer:
        it.tick(1)
        assert not it.closed
        it.read(110)
    it.listen()
    assert take_apart(it.heard).body == b"x" * 5_000


def test_send_waits_for_a_peer_that_lags(peer):
    app = Puppet()
    it = peer(app)
    it.transport.room = 0
    it.say(get())
    app.begin()
    waiting = app.body(b"x" * 300_000, more=True)  # more than is kept back to leave in one write
    assert not waiting.done()
    it.read()
    assert waiting.result() is None


# --- the ends ---


def test_idle_connection_ends_with_a_close_notify_and_half_closes(peer):
    it = peer(hello, keepalive=5).say(get()).wait(5)
    it.listen()
    assert it.closed_by_server and it.ended and not it.closed
    it.say_goodbye()
    assert it.closed


def test_close_notify_that_finds_no_room_is_not_overtaken_by_our_end(peer):
    it = peer(hello, keepalive=5).say(get())
    it.transport.room = 0
    it.wait(5)
    it.transport.peer.setblocking(False)
    assert it.transport.buffer
    with pytest.raises(BlockingIOError):  # the kernel does not know of it
        it.transport.peer.recv(1)
    it.read()
    it.listen()
    assert it.closed_by_server


def test_peer_that_says_goodbye_gets_the_answers_it_is_owed(peer):
    app = Puppet()
    it = peer(app).say(get()).say_goodbye()
    assert not it.closed
    app.begin()
    app.body(b"late")
    app.finish()
    it.listen()
    assert take_apart(it.heard).body == b"late"
    assert it.closed_by_server and it.closed


def test_peer_that_ends_without_a_goodbye_gets_them_too(peer):
    app = Puppet()
    it = peer(app).say(get()).end()
    app.begin()
    app.body(b"late")
    app.finish()
    it.listen()
    assert take_apart(it.heard).body == b"late"
    assert it.closed


def test_what_follows_a_goodbye_is_dropped(peer):
    app = Puppet()
    it = peer(app).say(get()).say_goodbye()
    it.send(b"x" * 100_000)
    app.begin()
    app.body(b"late")
    app.finish()
    it.listen()
    assert take_apart(it.heard).body == b"late"
    assert not it.failures


def test_rest_of_an_upload_is_read_after_an_early_answer(peer):
    """Our close_notify is out; a reset would destroy the answer."""
    it = peer(hello).say(post(b"x" * 2_000_000)[:1000])
    assert it.closed_by_server and statuses(it.heard) == [200]
    it.say(b"x" * 500_000)
    assert not it.closed
    it.say_goodbye()
    assert it.closed and not it.transport.aborted


# --- peers that do not speak TLS, or not as we do ---


def test_handshake_has_the_time_of_a_head(peer):
    it = peer(hello, shake_hands=False, header=10)
    it.tick(10)
    assert not it.closed
    it.wait(0)
    assert it.closed


@pytest.mark.parametrize("start", [get(), b"\x16\x03\x01\x00\x05hello"], ids=["plain", "garbage"])
def test_peer_that_speaks_no_tls_is_told_and_closed(peer, start):
    it = peer(hello, shake_hands=False).send(start)
    assert it.closed and b"HTTP" not in it.output
    assert [type(error) for error in it.failures] == [ssl.SSLError]
    assert it.context.counters.snapshot()["connections"]["tls_failed"] == 1


def test_peer_that_goes_during_the_handshake_is_no_failure(peer):
    it = peer(hello, shake_hands=False)
    with pytest.raises(ssl.SSLWantReadError):
        it.tls.do_handshake()
    it.send(it.outgoing.read()[:50]).end()
    assert it.closed and not it.failures
    assert it.context.counters.snapshot()["connections"]["peer_ended"] == 1


def test_broken_record_ends_the_connection_and_the_app_is_told(peer):
    app = Puppet()
    it = peer(app).say(get())
    waiting = app.receive()
    it.tls.write(get())
    record = bytearray(it.outgoing.read())
    record[-1] ^= 1
    it.send(bytes(record))
    assert it.closed and len(it.failures) == 1
    assert it.context.counters.snapshot()["connections"]["tls_failed"] == 1
    assert waiting.result()["type"] == "http.request"
    assert app.receive().result()["type"] == "http.disconnect"


def test_failure_of_the_plain_transport_reaches_the_app(peer):
    app = Puppet()
    it = peer(app).say(get())
    it.reset()
    assert it.closed
    app.receive()
    assert app.receive().result()["type"] == "http.disconnect"


# --- what gunicorn's ssl_context hook may ask for ---


def test_alpn_sni_and_client_certificates_are_the_contexts_business(peer):
    names = []
    server, client = server_context(), client_context()
    server.set_alpn_protocols(["http/1.1"])
    server.sni_callback = lambda tls, name, context: names.append(name)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(CERTIFICATE)
    client.set_alpn_protocols(["h2", "http/1.1"])
    client.load_cert_chain(CERTIFICATE)
    it = peer(hello, server=server, client=client).say(get())
    assert statuses(it.heard) == [200]
    assert it.tls.selected_alpn_protocol() == "http/1.1"
    assert names == ["localhost"]


def test_client_without_the_certificate_that_is_asked_for_is_refused(peer):
    server = server_context()
    server.verify_mode = ssl.CERT_REQUIRED
    it = peer(hello, server=server, client=client_context(maximum_version=ssl.TLSVersion.TLSv1_2),
              shake_hands=False)
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        it.shake_hands()
    assert it.closed and len(it.failures) == 1
