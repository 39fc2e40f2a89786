"""A refused request that came through a trusted proxy was logged as the proxy's own, so that nobody could find who had
caused a flood of them."""

import json
import re

import pytest

from tests.support.asking import send
from tests.support.servers import read_response
from tests.support.wire import get, post
from tests.worker.served import SOURCE

THROUGH = b"X-Forwarded-For: 192.0.2.66, 203.0.113.77"
TOLD = "203.0.113.77"


@pytest.mark.parametrize(("request_", "status", "client"), [
    (post(b"x" * 11, THROUGH), 413, TOLD),
    (get(b"/ws", b"Connection: upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 8", THROUGH), 426, TOLD),
    (get(b"/", b"X-Forwarded-Proto: http, https", THROUGH), 400, TOLD),
    (get(b"/", b"X_Underscored: yes", THROUGH), 400, TOLD),
    # one's own word, as the proxy's field stands behind what is too long
    (get(b"/", b"X-Forwarded-For: 192.0.2.66", b"Cookie: " + b"c" * 9000, b"X-Forwarded-For: 203.0.113.77"), 431,
     "127.0.0.1"),
])
def test_logs_name_the_client_that_the_proxy_tells_of(gunicorn, request_, status, client):
    server = gunicorn(SOURCE, "--access-logfile", "-", "--header-map", "refuse", config="""
fastsrv_access_log_format = "json"
fastsrv_limit_request_body = 10
""")
    with server.connect() as connection:
        connection.sendall(request_)
        assert read_response(connection).status == status
    line = json.loads(server.wait_for(r'^\{.*"status".*$')[0])
    assert (line["client"], line["peer"], line["status"]) == (client, "127.0.0.1", status)
    whose = r"127\.0\.0\.1:\d+" if client == "127.0.0.1" else rf"{re.escape(client)} by way of 127\.0\.0\.1:\d+"
    server.wait_for(rf"\[WARNING\] Refused a request of {whose}: {status}, ")


def test_one_too_many_is_the_clients(gunicorn):
    server = gunicorn(SOURCE, "--access-logfile", "-", config="""
fastsrv_access_log_format = "json"
fastsrv_limit_concurrency = 1
""")
    with server.connect() as busy, server.connect() as connection:
        send(busy, "/forever")
        server.wait_for("a request goes on for ever")
        connection.sendall(get(b"/", THROUGH))
        assert read_response(connection).status == 503
        assert json.loads(server.wait_for(r'^\{.*"status":503.*$')[0])["client"] == TOLD


@pytest.mark.parametrize("client", ["del scope['client']", "scope['client'] = None", "scope['client'] = ()"])
def test_scope_is_the_apps_to_change(gunicorn, client):
    server = gunicorn(SOURCE + f"""
async def spoil(scope, receive, send):
    {client}
    await receive()
    await asyncio.Event().wait()
async def app(scope, receive, send, serve=app):
    await (serve if scope["type"] == "lifespan" else spoil)(scope, receive, send)
""", config="fastsrv_limit_request_body = 10")
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"5\r\nhello\r\n6\r\nworld!\r\n")
        assert read_response(connection).status == 413
    server.wait_for(r"\[WARNING\] Refused a request of .*127\.0\.0\.1:\d+: 413, ")
