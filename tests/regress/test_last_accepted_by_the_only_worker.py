"""The only worker accepted to the end of its time, and cancelled what it had in hand a second later: with answers of
two seconds, and clients that came one after another, all of the last ones were lost. Found by an attack."""

import signal
import threading

from tests.support.asking import fetch
from tests.support.stalls import timed

CLIENTS = 8
ANSWER = 1.8  # seconds
APP = f"""
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for phase in ("startup", "shutdown"):
            await receive()
            await send({{"type": f"lifespan.{{phase}}.complete"}})
        return
    if scope["path"] == "/":
        os.write(1, b"a request waits\\n")
    await asyncio.sleep({ANSWER} * float(scope["path"][1:] or 1))
    await send({{"type": "http.response.start", "status": 200}})
    await send({{"type": "http.response.body", "body": b"%d" % os.getpid()}})
"""


@timed
def test_what_is_accepted_last_has_the_time_to_be_answered(gunicorn):
    server = gunicorn(APP, "--graceful-timeout", "8")
    server.wait_for("Ready after")
    pid = server.worker()
    answers, lost = [], []

    def ask(number):
        """One after another, until the next worker answers. Clients come at different times: the first answer takes a
        part of the others' time."""
        path = f"/{number / CLIENTS}"
        while True:
            try:
                answers.append(int(fetch(server, path).body))
            except (OSError, AssertionError, ValueError) as error:
                lost.append(error)
                return
            if answers[-1] != pid:
                return
            path = "/"

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    server.wait_for("^a request waits$", CLIENTS)
    server.signal(signal.SIGTERM, pid)
    for client in clients:
        client.join()
    assert not lost
    assert set(answers) == {pid, server.worker(2)}
