"""Fixtures: `server`, a module's application served by gunicorn on both loops, and `client`, an httpx client of it.

A test module names its application in SERVED, a module of tests/apps/served. The tests of a module share two
servers, so a test that waits for its own events uses the `key` fixture for their names.
"""

import contextlib
import http.client
import json
import re
import socket
import uuid

import httpx
import pytest

from tests.support.servers import PATIENCE, Gunicorn
from tests.support.stalls import without_stalls

COMPLAINT = re.compile(r"\[(WARNING|ERROR|CRITICAL)\]|Traceback|Exception|Warning:|never (retrieved|awaited)")


class Served:
    """One test's view of a running server. A complaint in the log fails the test, unless it was expected."""

    def __init__(self, gunicorn, loop):
        self.gunicorn = gunicorn
        self.loop = loop
        self.port = gunicorn.port
        self.url = f"http://127.0.0.1:{self.port}"
        self.start = len(gunicorn.output)
        self.complaint_expected = False

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def control(self, action, key):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, PATIENCE)) as connection:
            connection.request("GET", f"/_control/{action}/{key}", headers={"Connection": "close"})
            return json.loads(connection.getresponse().read())

    def open(self, key):
        """Let the app go on that waits in gate(key)."""
        self.control("open", key)

    def note(self, key):
        """Wait for the app's note(key, value); returns the value."""
        return self.control("note", key)

    def wait_for_end(self, key):
        """Wait until the app's call for a request with `key` in its query is over."""
        self.control("note", key + "-over")

    def log(self):
        """What was logged since the test began."""
        mark = uuid.uuid4().hex
        self.control("mark", mark)
        self.gunicorn.wait_for(mark)
        return self.gunicorn.output[self.start:]

    def wait_for_error(self, pattern):
        """Wait for a line of the log that matches; the test expects it."""
        self.complaint_expected = True
        known = len(re.findall(pattern, self.gunicorn.output[:self.start], re.MULTILINE))
        return self.gunicorn.wait_for(pattern, known + 1)

    def check_log(self):
        log = without_stalls(self.log())
        assert self.complaint_expected or not COMPLAINT.search(log), f"the server complains:\n{log}"


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def running(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    config = f"asgi_loop = {request.param!r}\n" + getattr(request.module, "CONFIG", "")
    with Gunicorn(folder, f"tests.apps.served.{request.module.SERVED}:app", config=config) as gunicorn:
        yield gunicorn, request.param


@pytest.fixture
def server(running):
    served = Served(*running)
    yield served
    served.check_log()


@pytest.fixture
def client(server):
    # verify: no certificates to load
    with httpx.Client(base_url=server.url, timeout=PATIENCE, verify=False) as client:
        yield client


@pytest.fixture
def key():
    """A name that no other test uses."""
    return uuid.uuid4().hex
