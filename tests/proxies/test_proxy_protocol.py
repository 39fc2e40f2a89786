"""The PROXY protocol of a real haproxy, before HTTP and before TLS, to gunicorn with proxy_protocol."""

import http.client
import json
import socket
import ssl
from contextlib import closing

import pytest

from tests.support.proxies import Haproxy
from tests.support.servers import PATIENCE
from tests.support.tls import CERTIFICATE, client_context

SOURCE = '''
import json

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    told = json.dumps([scope["client"], scope["server"], scope["scheme"]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(told))]})
    await send({"type": "http.response.body", "body": told})
'''
KINDS = {"v1": "send-proxy", "v2": "send-proxy-v2", "v2 with more": "send-proxy-v2-ssl-cn proxy-v2-options crc32c"}
by_each = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
by_both_loops = pytest.mark.parametrize("loop", ["uvloop", "asyncio"])


def through(folder, server, kind, mode="http", more="", tls=False):
    proxy = Haproxy(folder, f"127.0.0.1:{server.port} {kind}", more=more, tls=tls)
    proxy.config = proxy.config.replace("mode http", f"mode {mode}")
    if mode == "tcp":
        lines = proxy.config.splitlines()
        proxy.config = "\n".join(line for line in lines if "http-request" not in line and "forwardfor" not in line)
        proxy.config += "\n"
    return proxy


def ask(connection, times=2):
    """What the app says of its client, its server and the scheme, to each request of one connection."""
    told = []
    with closing(connection):
        for _ in range(times):
            connection.request("GET", "/")
            told.append(json.loads(connection.getresponse().read()))
    return told


def connected(port, tls=False):
    if tls:
        return http.client.HTTPSConnection("localhost", port, timeout=PATIENCE, context=client_context())
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)


def addresses(connection):
    connection.connect()
    return [list(connection.sock.getsockname()[:2]), list(connection.sock.getpeername()[:2])]


@by_each
@by_both_loops
@pytest.mark.parametrize("mode", ["http", "tcp"])
def test_client_and_server_are_haproxys(gunicorn, tmp_path, kind, loop, mode):
    server = gunicorn(SOURCE, config=f"proxy_protocol = 'auto'\nasgi_loop = {loop!r}\naccesslog = '-'\n"
                                     "access_log_format = 'from %(h)s %(s)s'\n")
    with through(tmp_path, server, kind, mode) as proxy:
        connection = connected(proxy.port)
        client, proxys = addresses(connection)
        # In mode http haproxy also writes X-Forwarded-For, which has no port and is believed of 127.0.0.1.
        port = 0 if mode == "http" else client[1]
        assert ask(connection) == [[["127.0.0.1", port], proxys, "http"]] * 2
    server.wait_for("from 127.0.0.1 200")


@by_each
@by_both_loops
def test_tls_begins_behind_the_preface(gunicorn, tmp_path, kind, loop):
    server = gunicorn(SOURCE, config=f"proxy_protocol = True\nasgi_loop = {loop!r}\n"
                                     f"certfile = keyfile = {str(CERTIFICATE)!r}\n")
    with through(tmp_path, server, kind, "tcp") as proxy:
        connection = connected(proxy.port, tls=True)
        client, proxys = addresses(connection)
        assert ask(connection) == [[client, proxys, "https"]] * 2


@pytest.mark.parametrize("kind", ["send-proxy-v2-ssl", "send-proxy-v2-ssl-cn"])
def test_tls_of_haproxy_is_told(gunicorn, tmp_path, kind):
    """In mode tcp, where no field can tell of it."""
    server = gunicorn(SOURCE, config="proxy_protocol = 'v2'\n")
    with through(tmp_path, server, kind, "tcp", tls=True) as proxy:
        connection = connected(proxy.port, tls=True)
        client, proxys = addresses(connection)
        assert ask(connection) == [[client, proxys, "https"]] * 2


def test_many_clients_of_one_haproxy_are_kept_apart(gunicorn, tmp_path):
    server = gunicorn(SOURCE, config="proxy_protocol = 'v2'\n")
    with through(tmp_path, server, "send-proxy-v2", "tcp") as proxy:
        connections = [connected(proxy.port) for _ in range(20)]
        clients = [addresses(connection)[0] for connection in connections]
        assert [ask(connection, 1)[0][0] for connection in connections] == clients


def test_health_check_says_local(gunicorn, tmp_path):
    server = gunicorn(SOURCE, config="proxy_protocol = 'v2'\naccesslog = '-'\naccess_log_format = '%(r)s %(s)s'\n")
    with through(tmp_path, server, "send-proxy-v2 check inter 100ms", more="option httpchk GET /checked"):
        server.wait_for("GET /checked .* 200", 2)
    assert "Refused" not in server.output


def test_haproxy_without_it_is_refused_and_the_log_says_why(gunicorn, tmp_path):
    server = gunicorn(SOURCE, config="proxy_protocol = 'auto'\n")
    with through(tmp_path, server, "") as proxy:
        connection = connected(proxy.port)
        connection.request("GET", "/")
        assert connection.getresponse().status == 400
        connection.close()
    server.wait_for(r"Refused a request of 127.0.0.1:\d+: 400, no PROXY protocol from a proxy of proxy_allow_ips")


def test_haproxy_that_may_not_is_refused(gunicorn, tmp_path):
    server = gunicorn(SOURCE, config="proxy_protocol = 'auto'\nproxy_allow_ips = '192.0.2.1'\n")
    with through(tmp_path, server, "send-proxy-v2", "tcp") as proxy:
        connection = connected(proxy.port)
        connection.request("GET", "/")
        assert connection.getresponse().status == 400
        connection.close()
    assert ask(connected(server.port), 1)[0][2] == "http"  # by itself it is served
    server.wait_for("PROXY protocol from a peer that is not in proxy_allow_ips")


def test_refused_before_tls_nothing_is_said(gunicorn):
    server = gunicorn(
        SOURCE, "--access-logfile", "-", "--access-logformat", "%(s)s: %(B)s bytes",
        config=f"proxy_protocol = 'v2'\ncertfile = keyfile = {str(CERTIFICATE)!r}\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        with pytest.raises((ssl.SSLError, OSError)):  # it begins TLS at once
            client_context().wrap_socket(connection, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 443\r\n")
        assert connection.recv(1) == b""
    server.wait_for("Refused a request of .* no PROXY protocol from a proxy", 2)
    server.wait_for("400: 0 bytes", 2)
