"""Found in review: an app of serve() had the context variables of the test that served it, which no worker has. A
session, a language or fields of a log that the test had set for itself were those of each request."""

import contextvars
import socket

import pytest

from fastsrv.testing import serve
from tests.support.asking import ask
from tests.support.servers import PATIENCE

OF_THE_TEST = contextvars.ContextVar("of_the_test", default="none")


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_app_has_none_of_its_variables(loop):
    async def app(scope, receive, send):
        seen.append((scope["type"], OF_THE_TEST.get()))
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})

    seen = []
    token = OF_THE_TEST.set("mine")
    try:
        with serve(app, asgi_loop=loop) as served:
            with socket.create_connection((served.host, served.port), timeout=PATIENCE) as connection:
                ask(connection)
        assert seen == [("lifespan", "none"), ("http", "none")]
        assert OF_THE_TEST.get() == "mine"
    finally:
        OF_THE_TEST.reset(token)
