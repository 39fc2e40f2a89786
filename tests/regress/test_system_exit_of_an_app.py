"""Origin: an app's sys.exit() ended the worker and everybody's requests, except where uvloop swallowed it."""

import sys

from tests.support.apps import hello
from tests.support.asking import ask, fetch


def test_app_that_calls_sys_exit_gets_a_500_and_harms_nobody(serve, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/exit":
            sys.exit(3)
        await hello(scope, receive, send)

    server = serve(app)
    with server.connect() as other:
        assert ask(other).status == 200
        assert fetch(server, "/exit").status == 500
        assert ask(other).status == 200
    server.stop()
    assert "The app raised during GET /exit" in caplog.text
