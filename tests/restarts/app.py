"""The app that is served while its server restarts. It is copied into a server's folder, and imports the standard
library alone, as the other servers' environment runs it, too.

A worker whose app has started leaves a file named after its process.
"""

import asyncio
import os
import random
from pathlib import Path

WAITS = (0, 0.01)  # seconds: some are in the app when their worker ends, some between two requests
BODY = b"%d" % os.getpid()
FIELDS = [(b"content-length", b"%d" % len(BODY))]


async def app(scope, receive, send):
    """Answers with the number of the process; /stream has no end."""
    if scope["type"] == "lifespan":
        await receive()
        Path(f"worker-{os.getpid()}").touch()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.Event().wait()
    await asyncio.sleep(random.choice(WAITS))
    await send({"type": "http.response.start", "status": 200, "headers": FIELDS})
    await send({"type": "http.response.body", "body": BODY})
