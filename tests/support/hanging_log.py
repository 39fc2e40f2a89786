"""An app that hangs while it writes to gunicorn's log: a pipe that nobody reads is full.

It has a handler of its own, so that what else is written to the log still comes to stderr, before it hangs there, too.
"""

from tests.support.apps import LIFESPAN

SOURCE = """
import logging, os

def hang(log=logging.getLogger("gunicorn.error")):
    reader, writer = os.pipe()
    log.addHandler(logging.StreamHandler(os.fdopen(writer, "w")))
    log.info("the log hangs%s", " " * 100_000)

async def app(scope, receive, send):
""" + LIFESPAN + """\
    if scope["path"] == "/hang":
        hang()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
"""
