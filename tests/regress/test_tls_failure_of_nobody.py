"""Found in review: of a TLS handshake that failed the log told why, and not whose it was. Which of many clients comes
with a certificate that has expired could not be seen."""

import logging

import pytest

from tests.support.apps import hello
from tests.support.asking import send
from tests.support.servers import read_to_end
from tests.support.tls import server_context

PREFACE = b"PROXY TCP4 203.0.113.6 192.0.2.1 4711 443\r\n"


@pytest.mark.parametrize("preface", [b"", PREFACE], ids=["direct", "proxy"])
def test_client_is_named(serve, caplog, preface):
    caplog.set_level(logging.INFO, "fastsrv.tests.server")
    server = serve(hello, tls=server_context(), proxy_protocol="v1" if preface else "off")
    with server.connect() as plain:
        host, port = ("203.0.113.6", 4711) if preface else plain.getsockname()
        plain.sendall(preface)
        send(plain)
        assert b"HTTP" not in read_to_end(plain)
    server.stop()
    [told] = [record.getMessage() for record in caplog.records if "TLS" in record.msg]
    assert told.startswith(f"A TLS connection failed at {host}:{port}: [SSL: HTTP_REQUEST]")
