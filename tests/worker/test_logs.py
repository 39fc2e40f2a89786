"""The logs of a real gunicorn: JSON, what requests go by, slow ones, statsd beside them, and no control byte in any."""

import json
import re
import socket
from urllib.parse import quote

import pytest

from tests.support.asking import ask, fetch, send
from tests.support.dialing import dial
from tests.support.servers import PATIENCE, ROOT, read_response

APP = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        return
    if scope["type"] != "http":
        return
    if scope["path"].startswith("/raises"):
        raise RuntimeError("bug at " + scope["path"])
    if scope["path"] == "/slow":
        await asyncio.sleep(0.1)
    told = scope.get("extensions", {}).get("fastsrv.request", {}).get("request_id", "none")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told.encode()})
"""
JSON = ("--access-logfile", "-")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def objects(server, count):
    """The lines of the access log, once there are so many."""
    server.wait_for(r'^\{"pid":\d+,"time":".*\}$', count)
    return [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]


def test_json_access_log(gunicorn):
    server = gunicorn(APP, *JSON, config='fastsrv_access_log_format = "json"')
    with server.connect() as connection:
        ask(connection, '/a?"b"', 'User-Agent: say "it"')
        connection.sendall(b"\x16\x03\x01\x1b\r\n")
        read_response(connection)
    with dial(server, "/ws") as client:
        with pytest.raises(Exception, match="1000"):
            client.recv(PATIENCE)
    lines = objects(server, 3)
    assert [(line["type"], line["status"], line["pid"]) for line in lines] == [
        ("http", 200, server.worker()), ("http", 400, server.worker()), ("websocket", 101, server.worker())]
    assert (lines[0]["target"], lines[0]["user_agent"]) == ('/a?"b"', 'say "it"')
    assert (lines[1]["connection_ended"], lines[2]["close_code"]) == ("bad_request", 1000)
    assert "request_id" not in lines[0]


@pytest.mark.parametrize("peers", ["127.0.0.1", "192.0.2.1"])
def test_request_id_of_a_trusted_proxy(gunicorn, peers):
    server = gunicorn(
        APP, *JSON, "--forwarded-allow-ips", peers,
        env={"FASTSRV_ACCESS_LOG_FORMAT": "json", "FASTSRV_REQUEST_ID": "answer"})
    response = fetch(server, "/", "X-Request-ID: a-1", f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01")
    (line,) = objects(server, 1)
    assert response.headers["x-request-id"] == response.body.decode() == line["request_id"]
    assert ((line["request_id"], line["trace_id"]) == ("a-1", TRACE)) is (peers == "127.0.0.1")


def test_middleware_of_the_document_has_the_id_in_the_headers(gunicorn):
    """docs/LOGS.md, for who looks for it there."""
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/LOGS.md").read_text(), re.DOTALL | re.MULTILINE)
    server = gunicorn(f"""{block}
async def shown(scope, receive, send):
    found = [value for name, value in scope["headers"] if name == b"x-request-id"]
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": b" ".join(found)}})

app = with_request_id(shown)
""", *JSON, "--forwarded-allow-ips", "192.0.2.1", "--asgi-lifespan", "off", config="""
fastsrv_access_log_format, fastsrv_request_id = "json", "log"
""")
    body = fetch(server, "/", "X-Request-ID: anybodys").body.decode()
    assert body == objects(server, 1)[0]["request_id"] != "anybodys"


def test_request_id_in_the_text_logs(gunicorn):
    server = gunicorn(
        APP, *JSON, "--access-logformat", "ACCESS %(U)s %({request_id}e)s",
        config='fastsrv_request_id = "log"\nfastsrv_slow_request = 0.05')
    answer = fetch(server, "/", "X-Request-ID: a-1")
    assert answer.body == b"a-1"
    assert "x-request-id" not in answer.headers
    server.wait_for("^ACCESS / a-1$")
    fetch(server, "/raises", "X-Request-ID: a-2")
    server.wait_for(r"\[ERROR\] The app raised during GET /raises \(a-2\)$")
    fetch(server, "/slow", "X-Request-ID: a-3")
    server.wait_for(
        r"\[WARNING\] Slow: GET /slow \(a-3\) took \d+\.\d{3} s, \d+\.\d{3} s until the answer began, 0\.000 s of "
        r"waiting for the client\. Status 200, 0 bytes received, 3 sent, 127\.0\.0\.1$")
    assert server.output.count("Slow: GET /slow ") == 1


@pytest.mark.parametrize("where", ["config", "env"])
def test_slow_request_of_0_is_off(gunicorn, where):
    more = {"config": "fastsrv_slow_request = 0"} if where == "config" else {"env": {"FASTSRV_SLOW_REQUEST": "0"}}
    server = gunicorn(APP, *JSON, "--access-logformat", "ACCESS %(U)s", **more)
    fetch(server, "/slow")
    server.wait_for("^ACCESS /slow$")
    assert "Slow: " not in server.output


def test_format_that_is_none_stops_the_start(gunicorn):
    server = gunicorn(APP, config='fastsrv_access_log_format = "jsno"')
    assert server.wait() == 1
    server.wait_for("fastsrv_access_log_format in gunicorn's config file must be text or json, not 'jsno'")


@pytest.mark.parametrize("options", [
    (), JSON, ("--access-logfile", "-", "--access-logformat", "%(h)s"),
], ids=["no log", "json", "text"])
def test_statsd_hears_of_each_request(gunicorn, options):
    """Served, refused, lost in the middle, and a WebSocket, whatever the access log is. (gunicorn's own asgi worker
    tells it nothing without one.)"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(PATIENCE)
        server = gunicorn(
            APP, "--statsd-host", f"127.0.0.1:{statsd.getsockname()[1]}", *options,
            env={"FASTSRV_ACCESS_LOG_FORMAT": "json"} if options == JSON else {})
        fetch(server, "/raises")
        with server.connect() as connection:
            ask(connection)
            connection.sendall(b"\x16\r\n")
            read_response(connection)
        with server.connect() as connection:
            send(connection, "/slow")
        with dial(server, "/ws") as client:
            with pytest.raises(Exception, match="1000"):
                client.recv(PATIENCE)
        counted, durations = [], 0
        while durations < 5 or len(counted) < 5:
            metric = statsd.recv(1000).decode()
            durations += bool(re.fullmatch(r"gunicorn\.request\.duration:[\d.]+\|ms", metric))
            if status := re.fullmatch(r"gunicorn\.request\.status\.(\d+):1\|c\|@1\.0", metric):
                counted.append(int(status[1]))
        # What was sent to one that goes may have left before.
        assert sorted(counted) in ([101, 200, 200, 400, 500], [101, 200, 400, 499, 500])
        if options == JSON:
            assert sorted(line["status"] for line in objects(server, 5)) == sorted(counted)


def test_no_control_byte_of_an_apps_error(gunicorn):
    """Its text quotes what a client has sent."""
    server = gunicorn(APP)
    bad = "".join(map(chr, [*range(1, 9), *range(11, 32), *range(127, 160)]))
    fetch(server, "/raises" + quote(bad))
    server.wait_for(re.escape(r"RuntimeError: bug at /raises\x01\x02") + ".*" + re.escape(r"\x1b") + ".*")
    assert not re.search("[^\n\t -~]", server.output)
