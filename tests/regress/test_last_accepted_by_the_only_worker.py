"""The only worker accepted to the end of its time, and cancelled what it had in hand a second later: with answers of
two seconds, and clients that came one after another, all of the last ones were lost. Found by an attack."""

import signal
import threading

from tests.support.asking import fetch

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
    await asyncio.sleep({ANSWER})
    await send({{"type": "http.response.start", "status": 200}})
    await send({{"type": "http.response.body", "body": b"%d" % os.getpid()}})
"""


def test_what_is_accepted_last_has_the_time_to_be_answered(gunicorn):
    server = gunicorn(APP, "--graceful-timeout", "8")
    server.wait_for("Ready after")
    pid = server.worker()
    answers, lost, moved = [], [], threading.Event()

    def ask(number):
        """One after another, each client at a time of its own, until the next worker answers."""
        threading.Event().wait(number * ANSWER / CLIENTS)
        while not moved.is_set():
            try:
                answers.append(int(fetch(server).body))
            except (OSError, AssertionError, ValueError) as error:
                lost.append(error)
                return
            if answers[-1] != pid:
                return

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    threading.Event().wait(ANSWER)  # until all of them are at it
    server.signal(signal.SIGTERM, pid)
    for client in clients:
        client.join()
    assert not lost
    assert set(answers) == {pid, server.worker(2)}
