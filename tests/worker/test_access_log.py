"""The access log through gunicorn's logger: every atom, no forged lines; statsd; loggers of the user's own."""

import base64
import re
import socket

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log.access import Access
from tests.support.apps import hello
from tests.support.asking import ask, fetch
from tests.support.servers import PATIENCE, read_to_end

APP = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/raises":
        raise RuntimeError("bug")
    if scope["path"] == "/slow":
        await asyncio.sleep(0.1)
    await send({"type": "http.response.start", "status": 404 if scope["path"] == "/missing" else 200,
                "headers": iter([(b"X-Answer", b"forty \\"two\\""), (b"content-type", b"text/plain")])})
    await send({"type": "http.response.body", "body": b"Hello, ", "more_body": True})
    await send({"type": "http.response.body", "body": b"world!"})
"""
ATOMS = [
    *"hlutrsmUqHbBfaTDMLp", "{x-question}i", "{x-answer}o", "{content-length}o", "{x-missing}i",
    "{wsgi.url_scheme}e", "{raw_uri}e", "{remote_port}e", "{http_x_question}e", "{content_type}e",
]


class Lines:
    """The access log of a gunicorn, read after the response that they are about."""

    def __init__(self, server):
        self.server = server

    def of(self, path):
        line = self.server.wait_for(rf"^ACCESS\t.*\tU={re.escape(path)}\t.*$")[0]
        return dict(field.split("=", 1) for field in line.split("\t")[1:])


@pytest.fixture
def log(gunicorn):
    log_format = "ACCESS\t" + "\t".join(f"{atom}=%({atom})s" for atom in ATOMS)
    return Lines(gunicorn(APP, "--access-logfile", "-", "--access-logformat", log_format))


def test_every_atom_tells_of_its_request(log):
    user = base64.b64encode(b"ann:secret").decode()
    with log.server.connect() as connection:
        ask(connection, "/a%20path?b=c&d", f"Authorization: Basic {user}", "Referer: http://example.org/",
            'User-Agent: curl "8"', "X-Question: what?", "Content-Type: text/html")
        port = connection.getsockname()[1]
        atoms = log.of("/a path")
        assert re.fullmatch(r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]", atoms.pop("t"))
        seconds, micros, millis, decimal = (float(atoms.pop(atom)) for atom in "TDML")
        assert 0 < micros < PATIENCE * 1e6 and decimal == micros / 1e6
        assert (seconds, millis) == (micros // 1_000_000, micros // 1000)
        assert atoms == {
            "h": "127.0.0.1", "l": "-", "u": "ann", "r": "GET /a%20path?b=c&d HTTP/1.1", "s": "200", "m": "GET",
            "U": "/a path", "q": "b=c&d", "H": "HTTP/1.1", "b": "13", "B": "13", "f": "http://example.org/",
            "a": 'curl \\"8\\"', "p": f"<{log.server.worker()}>", "{x-question}i": "what?",
            "{x-answer}o": 'forty \\"two\\"', "{content-length}o": "-", "{x-missing}i": "-",
            "{wsgi.url_scheme}e": "http", "{raw_uri}e": "/a%20path?b=c&d", "{remote_port}e": str(port),
            "{http_x_question}e": "what?", "{content_type}e": "text/html",
        }
        ask(connection, "/missing", method="HEAD")
        atoms = log.of("/missing")
        assert (atoms["r"], atoms["s"], atoms["B"]) == ("HEAD /missing HTTP/1.1", "404", "0")
        assert (atoms["u"], atoms["q"], atoms["f"], atoms["a"]) == ("-", "", "-", "-")
        ask(connection, "/proxied", "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1")
        atoms = log.of("/proxied")
        assert (atoms["{wsgi.url_scheme}e"], atoms["h"]) == ("https", "127.0.0.1")
        ask(connection, "/slow")
        assert 1e5 <= float(log.of("/slow")["D"]) < PATIENCE * 1e6
        connection.sendall(b"GET /old HTTP/1.0\r\n\r\n")
        read_to_end(connection)
        assert (log.of("/old")["H"], log.of("/old")["r"]) == ("HTTP/1.0", "GET /old HTTP/1.0")
    fetch(log.server, "/raises")
    atoms = log.of("/raises")
    assert (atoms["s"], atoms["b"], atoms["{x-answer}o"], atoms["{content-length}o"]) == ("500", "22", "-", "22")


def test_no_request_can_forge_a_line(log):
    """CVE-2020-7694, and gunicorn's own decoding of the user's name."""
    forged = "\nACCESS\tU=/forged\t"
    user = base64.b64encode(forged.encode() + b":").decode()
    in_path = "".join(f"%{byte:02x}" for byte in forged.encode())
    fetch(log.server, f"/{in_path}%1b%5b2J%e2%80%ae%e2%80%a8")
    fetch(log.server, "/user", f"Authorization: Basic {user}")
    fetch(log.server, "/user-e", f"Authorization: Basic \xe9{user}")
    fetch(log.server, "/field", "User-Agent: \x85\x9b2J\t!")
    log.of("/field")
    for path in ("/user", "/user-e"):
        assert log.of(path)["u"] == "-"
    assert log.of("/field")["a"] == r"\x85\x9b2J\t!"
    assert r"U=/\nACCESS\tU=/forged\t\x1b[2J\u202e\u2028" in log.server.output
    assert "\nACCESS\tU=" not in log.server.output
    assert "\x1b" not in log.server.output


def test_unix_peer_has_no_address(gunicorn, tmp_path):
    path = tmp_path / "socket"
    server = gunicorn(APP, "--access-logfile", "-", "--access-logformat", "ACCESS %(h)s %(r)s", bind=f"unix:{path}")
    server.wait_for("Listening at")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        ask(connection)
    server.wait_for("^ACCESS - GET / HTTP/1.1$")


def test_nothing_is_called_for_a_request_that_nobody_wants_to_hear_of():
    cfg = GunicornConfig()
    silent = Access(None, cfg, Logger(cfg))
    assert silent.finished is None
    assert silent.before is None


def test_logger_that_fails_costs_its_line_alone(serve):
    class Broken:
        error = exception = staticmethod(lambda *args: errors.append(args))

        def access(self, *args):
            raise RuntimeError("disk full")

    errors = []
    told = Access(None, GunicornConfig(), Broken())
    server = serve(hello, finished=told.finished)
    with server.connect() as connection:
        assert [ask(connection).status for _ in range(2)] == [200, 200]
    server.stop()
    assert len(errors) == 2


def test_statsd_gets_its_metrics_without_an_access_log(gunicorn):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(PATIENCE)
        server = gunicorn(APP, "--statsd-host", f"127.0.0.1:{statsd.getsockname()[1]}")
        fetch(server, "/missing")
        metrics = set()
        while not {"gunicorn.requests:1|c|@1.0", "gunicorn.request.status.404:1|c|@1.0"} <= metrics:
            metrics.add(statsd.recv(1000).decode())
        assert any(re.fullmatch(r"gunicorn.request.duration:\d+\.\d+\|ms", metric) for metric in metrics)
    assert "GET /missing" not in server.output


def test_logger_class_of_the_user_s_own_hears_of_requests(gunicorn, tmp_path):
    (tmp_path / "own.py").write_text("""
from gunicorn.glogging import Logger

class Own(Logger):
    def access(self, resp, req, environ, request_time):
        print("own logger:", req.method, req.path, resp.status, resp.sent, environ["REMOTE_ADDR"], flush=True)
""")
    server = gunicorn(APP, "--logger-class", "own.Own")
    fetch(server, "/missing")
    server.wait_for("^own logger: GET /missing 404 Not Found 13 127.0.0.1$")
