"""Found by a developer's trial: with an open stream, an event source in a browser's tab, --reload showed the new code
only when graceful_timeout was over; and never, while an app blocked the loop."""

import os
import time

import pytest

from tests.support.asking import fetch, send

SOURCE = """
import asyncio, time

async def app(scope, receive, send):
    if scope["path"] == "/blocks":
        print("the loop stands still", flush=True)
        time.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/stream":
        await send({"type": "http.response.body", "body": b"data: 1", "more_body": True})
        await asyncio.Event().wait()
    await send({"type": "http.response.body", "body": b"ANSWER"})
"""


@pytest.mark.parametrize("blocked", [False, True], ids=["stream", "blocked loop"])
def test_new_code_is_served_soon_after_a_change(gunicorn, tmp_path, blocked):
    server = gunicorn(SOURCE.replace("ANSWER", "old"), "--reload", "--reload-engine", "poll", "--asgi-lifespan", "off")
    path = tmp_path / "served.py"
    with server.connect() as stream, server.connect() as idle:
        assert fetch(server).body == b"old"
        send(stream, "/stream")
        send(idle)
        assert stream.recv(1000) and idle.recv(1000)
        if blocked:
            send(idle, "/blocks")
            server.wait_for("the loop stands still")
        path.write_text(SOURCE.replace("ANSWER", "new"))
        stamp = 2_000_000_000
        while not server.waits_for("Worker reloading", 1, seconds=1.5):  # gunicorn's first look may be to come
            stamp += 1
            os.utime(path, (stamp, stamp))
        began = time.monotonic()
        server.worker(2)
        assert fetch(server).body == b"new"
        assert time.monotonic() - began < 15  # half of graceful_timeout
