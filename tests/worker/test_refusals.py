"""What an operator sees of requests that a real gunicorn refuses: the access log, statsd, warnings."""

import re
import signal
import socket

import pytest

from fastsrv.log.seldom import LINES
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.support.stalls import without_stalls
from tests.support.wire import get, post
from tests.worker.served import SOURCE

FORMAT = "ACCESS %(h)s %(r)s %(s)s %(b)s %(a)s %({x-missing}i)s %({content-type}o)s"
COOKIE = get(b"/cookie", b"User-Agent: curl", b"Cookie: " + b"c" * 9000)
LONG_LINE = get(b"/" + b"a" * 5000)
FLOOD = 20


def refuse(server, request):
    """The refusal of `request`, behind which the connection ends."""
    with server.connect() as connection:
        connection.sendall(request)
        response = read_response(connection)
        assert read_to_end(connection) == b""
        return response


def test_each_refusal_is_in_both_logs(gunicorn):
    server = gunicorn(SOURCE, "--access-logfile", "-", "--access-logformat", FORMAT, config="""
fastsrv_limit_request_body = 10
fastsrv_header_timeout = 3
def pre_request(worker, req):
    print("HOOK", req.path, flush=True)
def post_request(worker, req, environ, resp):
    print("HOOK", req.path, flush=True)
""")
    for request, line, warning in [
        (COOKIE, r"GET /cookie HTTP/1\.1 431 \d+ curl -",
         r"431, field larger than 8190 bytes \(limit_request_field_size\)"),
        (LONG_LINE, r"GET /a{4089} - 414 \d+ - -", r"414, request line larger than 4094 bytes \(limit_request_line\)"),
        (post(b"x" * 11), r"POST / HTTP/1\.1 413 \d+ - -",
         r"413, request body larger than 10 bytes \(fastsrv_limit_request_body\)"),
        (get(b"/two", b"Host: b"), r"GET /two HTTP/1\.1 400 \d+ - -", "400, more than one host field"),
        (b"\x16\x03\x01\x1b[2J\n", r"\\x16\\x03\\x01\\x1b\[2J - - 400 \d+ - -", "400, the request line .*"),
        (get(b"/ws", b"Connection: upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 8"),
         r"GET /ws HTTP/1\.1 426 \d+ - -", "426, .*"),
        (b"GET /slow", r"GET /slow - 408 \d+ - -", r"408, .* \(fastsrv_header_timeout\)"),
    ]:
        refuse(server, request)
        server.wait_for(rf"^ACCESS 127\.0\.0\.1 {line} text/plain; charset=utf-8$")
        server.wait_for(rf"\[WARNING\] Refused a request of 127\.0\.0\.1:\d+: {warning}$")
    assert server.output.count("ACCESS") == without_stalls(server.output).count("WARNING") == 7
    assert "HOOK" not in server.output and "\x16" not in server.output


def test_each_of_a_flood_is_a_line_at_level_debug(gunicorn):
    server = gunicorn(SOURCE, "--log-level", "debug")
    for _ in range(FLOOD):
        refuse(server, COOKIE)
    server.wait_for(r"\[(WARNING|DEBUG)\] Refused a request of 127\.0\.0\.1:\d+: 431, ", FLOOD)


def test_flood_of_refusals_is_some_lines_until_the_worker_ends(gunicorn):
    server = gunicorn(SOURCE)
    for _ in range(FLOOD):
        refuse(server, COOKIE)
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert server.output.count("[WARNING] Refused a request") == LINES
    assert f"[WARNING] {FLOOD - LINES} more of the kind field_size were left out" in server.output


@pytest.mark.parametrize("log", [(), ("--access-logfile", "-")], ids=["alone", "beside a log"])
def test_statsd_counts_refusals(gunicorn, log):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(PATIENCE)
        server = gunicorn(SOURCE, "--statsd-host", f"127.0.0.1:{statsd.getsockname()[1]}", *log)
        refuse(server, COOKIE)
        metrics = set()
        while not {"gunicorn.requests:1|c|@1.0", "gunicorn.request.status.431:1|c|@1.0"} <= metrics:
            metrics.add(statsd.recv(1000).decode())
        assert "gunicorn.request.duration:0.0|ms" in metrics and "gunicorn.log.warning:1|c|@1.0" in metrics
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert ("GET /cookie" in server.output) == bool(log)


def test_logger_class_of_the_user_s_own_hears_of_refusals(gunicorn, tmp_path):
    (tmp_path / "own.py").write_text("""
from gunicorn.glogging import Logger

class Own(Logger):
    def access(self, resp, req, environ, request_time):
        print("own logger:", req.method, req.path, req.version, req.uri[:3], resp.status, dict(req.headers), flush=True)
""")
    server = gunicorn(SOURCE, "--logger-class", "own.Own")
    refuse(server, COOKIE)
    server.wait_for(re.escape(
        "own logger: GET /cookie (1, 1) /co 431 Request Header Fields Too Large "
        "{'HOST': 'example.org', 'USER-AGENT': 'curl'}"))
    refuse(server, LONG_LINE)
    server.wait_for(r"own logger: GET /a+ \(\) /aa 414 \S+ ")
    refuse(server, b"\n")
    server.wait_for(r"own logger: - - \(\) - 400 Bad Request {}")


def test_connections_that_wait_are_told_of(gunicorn):
    server = gunicorn(SOURCE, "--worker-connections", "1")
    with server.connect():
        server.wait_for(r"\[WARNING\] worker_connections \(1\) reached: further clients wait$")


def test_client_that_breaks_the_rules_of_websocket_is_told_of(gunicorn):
    server = gunicorn("""
async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
""", "--asgi-lifespan", "off")
    with server.connect() as connection:
        connection.sendall(get(
            b"/", b"Connection: upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: " + b"A" * 22 + b"=="))
        assert read_response(connection).status == 101
        connection.sendall(b"\x81\x00")
        read_to_end(connection)
        port = connection.getsockname()[1]
    server.wait_for(rf"\[WARNING\] Closed a WebSocket of 127\.0\.0\.1:{port}: 1002, a frame is not masked$")
