"""TLS by gunicorn's settings, on both loops."""

import json
import signal
import socket
import ssl

import pytest

from tests.support.apps import Recorder, hello
from tests.support.asking import ask, send
from tests.support.authority import authority, certificate, text
from tests.support.authority import client_context as authority_client_context
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.tls import CERTIFICATE, client_context, server_context
from tests.worker.served import SOURCE


def connect(server, context=None, name="localhost"):
    connection = server.connect()
    try:
        return (context or client_context()).wrap_socket(connection, server_hostname=name)
    except BaseException:
        connection.close()
        raise


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_https_by_certfile_with_the_ssl_context_hook(gunicorn, loop):
    server = gunicorn(SOURCE, "--certfile", str(CERTIFICATE), "--keyfile", str(CERTIFICATE), "--asgi-loop", loop,
                      "--access-logfile", "-", "--access-logformat", "ACCESS %({wsgi.url_scheme}e)s", config="""
import ssl
def ssl_context(config, default_ssl_context_factory):
    context = default_ssl_context_factory()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context
""")
    with connect(server) as first:
        assert [ask(first).body for _ in range(2)] == 2 * [str(server.worker()).encode()]
        server.wait_for("^ACCESS https$")
        with pytest.raises(ssl.SSLError):
            connect(server, client_context(maximum_version=ssl.TLSVersion.TLSv1_2))
        with server.connect() as plain:
            send(plain)
            assert b"HTTP" not in read_to_end(plain)
        server.wait_for(r"\[INFO\] A TLS connection failed at 127\.0\.0\.1:\d+: .* http request", 1)
        with connect(server) as busy:
            send(busy, "/wait", "Content-Length: 1", method="POST")
            server.wait_for("a request waits")
            server.signal(signal.SIGTERM, server.worker())
            assert read_to_end(first) == b""
            busy.sendall(b"x")
            response = read_response(busy)
            assert (response.body, response.headers["connection"]) == (b"waited", "close")
    replacement = str(server.worker(2)).encode()  # until it is there, the one that ends may accept
    with connect(server) as connection:
        assert ask(connection).body == replacement
    assert "Traceback" not in server.output


def test_scope_of_a_tls_connection_says_https(serve):
    app = Recorder(hello)
    server = serve(app, tls=server_context(), lifespan="off")
    with connect(server) as connection:
        assert ask(connection).status == 200
    assert app.scope["scheme"] == "https"


def test_handshakes_count_as_connections(serve):
    """Otherwise silent clients could have any number of them."""
    server = serve(hello, tls=server_context(), worker_connections=1, header_timeout=1)
    with server.connect(), server.connect() as second:
        # The first never shakes hands; until its time is over, the second waits in the kernel's queue.
        with client_context().wrap_socket(second, server_hostname="localhost") as connection:
            assert ask(connection).status == 200


def test_handshake_under_way_is_finished_when_the_drain_begins(serve):
    server = serve(hello, tls=server_context(), graceful_timeout=PATIENCE)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname="localhost")

    def step(connection, function, *args):
        while True:
            try:
                return function(*args)
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))

    with server.connect() as connection, server.connect() as silent:
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        connection.sendall(outgoing.read())
        incoming.write(connection.recv(65536))  # the server is in the middle of it
        server.call(lambda: server.server.stop())
        server.until(lambda: server.server.context.draining)
        step(connection, tls.do_handshake)
        tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.sendall(outgoing.read())
        answer = step(connection, tls.read)
        assert b"Hello, world!" in answer and b"connection: close" in answer
        assert silent.recv(1) == b""
    server.stop()


def test_failed_handshakes_are_no_errors(serve, caplog):
    server = serve(hello, tls=server_context())
    with server.connect() as connection:
        send(connection)
        read_to_end(connection)
    with server.connect() as connection:
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)
    with connect(server) as connection:
        assert ask(connection).status == 200
    server.stop()
    assert not caplog.records


# --- what a gunicorn.conf.py may ask for ---

TELLS = """
import json
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(scope["extensions"]["tls"]).encode()})
"""


def told(server, context, name="localhost"):
    with connect(server, context, name) as connection:
        return json.loads(ask(connection).body)


def client(made=None, folder=None, **attributes):
    """A client's context, which trusts both the usual certificate and those of the authority."""
    context = authority_client_context(made, folder, **attributes)
    context.load_verify_locations(CERTIFICATE)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_need_a_certificate_by_cert_reqs_and_ca_certs(gunicorn, tmp_path, version):
    (tmp_path / "ca").write_text(text(authority().cert_pem))
    server = gunicorn(TELLS, "--certfile", str(CERTIFICATE), "--ca-certs", "ca", "--cert-reqs", "2")
    client_has = certificate("client.example.org", common_name="one")
    assert told(server, client(client_has, tmp_path, maximum_version=version))[
        "client_cert_name"].startswith("CN=one,")
    stranger = certificate("client.example.org", of=authority("strangers"))
    for has in (None, stranger):
        with pytest.raises(ssl.SSLError), connect(server, client(has, tmp_path, maximum_version=version)) as connection:
            read_to_end(connection)  # of TLS 1.3: a client learns it with the first bytes
    server.wait_for(r"\[INFO\] A TLS connection failed at 127\.0\.0\.1:\d+: .*PEER_DID_NOT_RETURN_A_CERTIFICATE")
    server.wait_for(r"\[INFO\] A TLS connection failed at 127\.0\.0\.1:\d+: .*CERTIFICATE_VERIFY_FAILED")


def test_certificate_by_the_name_that_the_client_asks_for(gunicorn, tmp_path):
    hosts = {name: certificate(name) for name in ("a.example", "b.example")}
    for name, made in hosts.items():
        (tmp_path / name).write_text(made.both)
    server = gunicorn(TELLS, "--certfile", str(CERTIFICATE), config="""
def ssl_context(config, default_ssl_context_factory):
    contexts = {}
    for name in ("a.example", "b.example"):
        contexts[name] = default_ssl_context_factory()
        contexts[name].load_cert_chain(name)
    context = default_ssl_context_factory()
    def choose(tls, name, context):
        tls.context = contexts.get(name, context)
    context.sni_callback = choose
    return context
""")
    for name, made in hosts.items():
        assert told(server, client(), name)["server_cert"] == made.pem
    own = "".join(CERTIFICATE.read_text().partition("-----BEGIN CERTIFICATE")[1:])
    assert told(server, client_context())["server_cert"] == own


@pytest.mark.parametrize("config", ["", """
def ssl_context(config, default_ssl_context_factory):
    context = default_ssl_context_factory()
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context
"""], ids=["no hook", "a hook that offers h2"])
@pytest.mark.parametrize(("offered", "chosen"), [
    (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"), (["h2"], None), (["spdy/3", "h2"], None)])
def test_http_1_1_is_offered_and_h2_is_not(gunicorn, config, offered, chosen):
    server = gunicorn(TELLS, "--certfile", str(CERTIFICATE), config=config)
    context = client_context()
    context.set_alpn_protocols(offered)
    with connect(server, context) as connection:
        assert connection.selected_alpn_protocol() == chosen
        assert ask(connection).status == 200


@pytest.mark.parametrize(("options", "config", "told"), [
    (["--certfile", "."], "", "TLS cannot be used: certfile = '.' is not a regular file"),
    (["--certfile", "served.py"], "", "TLS cannot be used: certfile = 'served.py' holds no certificate in PEM format"),
    (["--certfile", str(CERTIFICATE)], "def ssl_context(config, default): return None\n",
     "ssl_context must return an ssl.SSLContext, not None"),
    (["--certfile", str(CERTIFICATE)], "def ssl_context(config, default): raise RuntimeError('of its own')\n",
     "RuntimeError: of its own"),
    ([], "def ssl_context(config, default): return default()\n", "ssl_context is set without certfile, so that plain"),
    (["--cert-reqs", "2"], "", "cert_reqs is set without certfile, so that plain text would be served"),
])
def test_context_that_cannot_be_made_stops_the_start(gunicorn, options, config, told):
    server = gunicorn(TELLS, *options, "--workers", "1", config=config)
    assert server.wait() == 3
    assert server.output.count(told) == 1
    assert "Ready" not in server.output
