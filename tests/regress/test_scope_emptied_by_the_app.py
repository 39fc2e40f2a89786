"""The scope is the app's to change. One that took `type` out of it broke the graceful end of its worker, which asked
the scope what its requests were: all in hand were lost, other clients' too. With fastsrv_slow_request it lost the next
request of its connection, and the connection was never closed."""

import asyncio
import threading

from fastsrv.log.slow import SlowRequests
from tests.support.apps import hello
from tests.support.asking import send
from tests.support.servers import PATIENCE, read_response
from tests.support.wire import get


class Emptying:
    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.go = None

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        asked = scope.copy()
        if scope["path"] == "/emptied":
            scope.clear()
        self.go = self.go or asyncio.Event()
        self.begun.release()
        await self.go.wait()
        await hello(asked, receive, send)


def test_worker_ends_behind_all_answers(serve):
    app = Emptying()
    server = serve(app, graceful_timeout=PATIENCE)
    with server.connect() as one, server.connect() as other:
        for client, path in ((one, "/emptied"), (other, "/other")):
            send(client, path)
            assert app.begun.acquire(timeout=PATIENCE)
        server.call(lambda: server.server.stop())
        server.call_behind_a_tick(lambda: app.go.set())
        assert [read_response(client).status for client in (one, other)] == [200, 200]


def test_request_behind_a_slow_one_is_answered(wire):
    async def app(scope, receive, send):
        scope.clear()
        await hello({"type": "http"}, receive, send)

    warned = []
    it = wire(app, finished=SlowRequests(1e-9, lambda *args, **more: warned.append(args), None).tell)
    it.send(get() + get())
    assert it.output.count(b"HTTP/1.1 200 OK") == len(warned) == 2
