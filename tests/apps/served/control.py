"""What a test may do to an application in another process: open its gates, wait for its notes, mark its log.

The tests' side is the `server` fixture (tests/apps/conftest.py). The end of the app's call for a request, or a
WebSocket, with `key` in its query is noted, too.
"""

import asyncio
import json
import logging
from collections import defaultdict
from urllib.parse import parse_qs

gates = defaultdict(asyncio.Event)
noted = defaultdict(asyncio.Event)
notes = {}


async def gate(key):
    """Wait until the test calls server.open(key)."""
    await gates[key].wait()


def note(key, value=None):
    """Tell the test that waits in server.note(key)."""
    notes[key] = value
    noted[key].set()


def controlled(app):
    """`app`, and beside it what the `server` fixture asks for."""

    async def with_control(scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await app(scope, receive, send)
        if not scope["path"].startswith("/_control/"):
            try:
                return await app(scope, receive, send)
            finally:
                for key in parse_qs(scope["query_string"].decode()).get("key", ()):
                    note(key + "-over")
        _, _, action, key = scope["path"].split("/")
        if action == "open":
            gates[key].set()
        elif action == "note":
            await noted[key].wait()
        elif action == "mark":
            logging.getLogger("gunicorn.error").info("mark %s", key)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(notes.get(key)).encode()})

    return with_control
