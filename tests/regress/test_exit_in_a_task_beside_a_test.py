"""Found in review: sys.exit() in a task of an app's own stopped the loop of serve() where it was. Who waited for an
answer got none, the app's lifespan was never told of the end, and tasks that were pending were destroyed, each with a
traceback that led nowhere."""

import asyncio
import http.client
import sys
import threading

import pytest

from fastsrv.testing import serve
from tests.support.servers import PATIENCE


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_what_is_owed_is_answered_and_the_app_ends(loop, caplog):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                phases.append((await receive())["type"])
                await send({"type": f"lifespan.{phase}.complete"})
            return

        async def leave():
            sys.exit("in a task")

        leaving = asyncio.create_task(leave())
        await asyncio.wait({leaving})
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"owed"})

    phases = []
    with pytest.raises(SystemExit, match="in a task"), serve(app, asgi_loop=loop) as served:
        connection = http.client.HTTPConnection(served.host, served.port, timeout=PATIENCE)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"owed"
        connection.close()
    assert phases == ["lifespan.startup", "lifespan.shutdown"]
    assert "A task or callback of the app raised SystemExit('in a task'), the server ends" in caplog.text
    assert "destroyed" not in caplog.text


def test_app_that_exits_while_it_starts_has_ended():
    async def app(scope, receive, send):
        async def leave():
            sys.exit("in a task")

        leaving = asyncio.create_task(leave())
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(leaving.done())

    ended = []
    with pytest.raises(SystemExit, match="in a task"), serve(app):
        pytest.fail("it has started")
    assert ended == [True]
    assert "fastsrv" not in {thread.name for thread in threading.enumerate()}
