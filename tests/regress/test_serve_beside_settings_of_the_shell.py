"""FASTSRV_* of the shell that ran the tests won over what a test gave to serve()."""

import socket

from fastsrv.testing import serve
from tests.support.apps import hello
from tests.support.asking import ask


def test_argument_of_a_test_is_what_it_gets(monkeypatch):
    monkeypatch.setenv("FASTSRV_LIMIT_REQUEST_HEAD", "100")
    monkeypatch.setenv("FASTSRV_HEADER_TIMEOUT", "never")
    with serve(hello, fastsrv_limit_request_head=1000) as served:
        with socket.create_connection((served.host, served.port)) as connection:
            assert ask(connection, "/", f"X-Long: {500 * 'x'}").status == 200
