"""How the tests of the admin address start a real gunicorn, by the fixture `started`, and ask it there."""

import json
import socket
import time

from prometheus_client.parser import text_string_to_metric_families

from tests.support.asking import send
from tests.support.servers import PATIENCE, read_response

APP = """
import fastsrv.board, json, os, threading
from pathlib import Path

async def app(scope, receive, send):
    assert scope["type"] == "http"
    body = b"hello"
    if scope["path"] == "/block":
        os.close(os.open("blocks", os.O_WRONLY))  # until the test has opened it
    if scope["path"] == "/fork":
        child = os.fork()
        if not child:
            os.read(os.open("blocks", os.O_RDONLY), 1)
            os._exit(0)
        body = str(child).encode()
    if scope["path"] == "/board":
        body = json.dumps([fastsrv.board.workers(), fastsrv.board.totals()]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""
LOCAL = {"FASTSRV_ADMIN_BIND": "127.0.0.1:0"}


class Admin:
    """How a gunicorn is asked at its admin address; the last one that it has told of."""

    def __init__(self, server, path=None):
        self.server, self.path = server, path

    def connect(self):
        if self.path is not None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(PATIENCE)
            connection.connect(str(self.path))
            return connection
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    @property
    def port(self):
        return int(self.server.wait_for(r"Admin address: http://127\.0\.0\.1:(\d+)")[1])

    def get(self, path, method="GET"):
        with self.connect() as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return read_response(connection, head_only=method == "HEAD")

    def status(self, path):
        return self.get(path).status

    def json(self):
        return json.loads(self.get("/status.json").body)

    def metrics(self):
        """Each sample: (name, labels as pairs) -> value."""
        families = text_string_to_metric_families(self.get("/metrics").body.decode())
        samples = [sample for each in families for sample in each.samples]
        return {(sample.name, tuple(sample.labels.items())): sample.value for sample in samples}

    def until(self, condition):
        """Ask until condition(what /status.json says)."""
        return self.asked_until(self.json, condition)

    def metrics_until(self, condition):
        """The same of metrics(). A client may have its answer before its worker has counted it."""
        return self.asked_until(self.metrics, condition)

    def asked_until(self, ask, condition):
        end = time.monotonic() + PATIENCE
        while not condition(shown := ask()):
            assert time.monotonic() < end, f"never came true: {shown}"
        return shown


def wait_until_ready(server, count=1):
    server.wait_for("Ready after", count)


def block(server):
    """A request whose app blocks the loop, on a connection to be closed."""
    connection = server.connect()
    send(connection, "/block")
    return connection
