"""An app that a test plays: it does nothing until the test says so."""

import asyncio

from tests.support.wire import settle


class Puppet:
    """Keeps a Call for each request. Its own receive(), send(), ... are those of the last one."""

    def __init__(self):
        self.calls = []

    async def __call__(self, scope, receive, send):
        call = Call(scope, receive, send)
        self.calls.append(call)
        await call.over

    def __getattr__(self, name):
        if not self.calls:
            raise AttributeError(f"{name}: no request has come")
        return getattr(self.calls[-1], name)


class Call:
    """One call of the app. What is started here runs until the loop has nothing left to do."""

    def __init__(self, scope, receive, send):
        self.scope = scope
        self.loop = asyncio.get_running_loop()
        self.over = self.loop.create_future()
        self.app_receive, self.app_send = receive, send

    def start(self, coroutine):
        """A task for `coroutine`: done() or waiting. How it ends is for the test to look at, or not."""
        async def run():
            task = self.loop.create_task(coroutine)
            task.add_done_callback(lambda task: task.cancelled() or task.exception())
            await settle()
            return task

        return self.loop.run_until_complete(run())

    def receive(self):
        async def receive():
            return await self.app_receive()

        return self.start(receive())

    def send(self, message):
        async def send():
            await self.app_send(message)

        return self.start(send())

    def begin(self, status=200, headers=()):
        """Send http.response.start."""
        self.send({"type": "http.response.start", "status": status, "headers": headers}).result()

    def body(self, body=b"", more=False):
        """Send http.response.body; a task, done unless the peer lags."""
        return self.send({"type": "http.response.body", "body": body, "more_body": more})

    def finish(self, failure=None):
        """The app returns, or raises `failure`."""
        async def finish():
            self.over.set_result(None) if failure is None else self.over.set_exception(failure)

        self.start(finish()).result()
