"""Found by the fault tests: sys.exit(3) in a task of an app's own ended gunicorn, which took it for a worker that
cannot boot; any other code ended the worker, and everybody's requests."""

import pytest

from tests.support.asking import send
from tests.support.dialing import code_of, dial
from tests.support.servers import PATIENCE, read_response, read_to_end
from tests.worker.served import SOURCE

EXIT = """
import sys

async def leave(receive):
    async def exit():
        await asyncio.sleep(0)
        sys.exit(3)

    leave.task = asyncio.create_task(exit())
    return "left"

PATHS["/leave"] = leave
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_worker_answers_what_it_owes_and_is_replaced(gunicorn, loop):
    server = gunicorn(SOURCE + EXIT, "--asgi-loop", loop)
    with server.connect() as busy, server.connect() as leaving:
        send(busy, "/wait", "Content-Length: 2", method="POST")
        server.wait_for("a request waits")
        send(leaving, "/leave")
        assert read_response(leaving).body == b"left"
        server.wait_for(r"A task or callback of the app raised SystemExit\(3\), the worker ends$")
        assert read_to_end(leaving) == b""  # idle
        busy.sendall(b"ok")
        response = read_response(busy)
        assert (response.body, response.headers["connection"]) == (b"waited", "close")
        assert read_to_end(busy) == b""
    server.worker(2)
    assert "the app shuts down\n" in server.output


OF_A_WEBSOCKET = """
import sys

async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "hello"})
    if scope["path"] == "/exit":
        async def exit():
            await receive()
            sys.exit(3)

        leaving = asyncio.create_task(exit())
        await asyncio.sleep(3600)
    await receive()
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_message_that_makes_a_task_exit_ends_the_worker_in_order(gunicorn, loop):
    """The task runs within the connection's callback: its exit was the connection's to die of."""
    server = gunicorn(SOURCE + OF_A_WEBSOCKET, "--asgi-loop", loop)
    with dial(server, "/stays") as staying, dial(server, "/exit") as leaving:
        assert staying.recv(PATIENCE) == leaving.recv(PATIENCE) == "hello"
        leaving.send("now")
        server.wait_for(r"A task or callback of the app raised SystemExit\(3\), the worker ends$")
        assert code_of(leaving) == code_of(staying) == 1012
    server.worker(2)
