"""Origin: asgi-correlation-id's logging filter. It found no id in the access line, and in the post_request, of a
request whose client had gone: both ran in the context of the connection's end instead of the request's."""

import uuid

import pytest

from tests.support.asking import fetch, send

SOURCE = """
from asgi_correlation_id import CorrelationIdMiddleware

async def answer(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/listens":
        print("a request waits", flush=True)
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    if scope["path"] == "/raises":
        raise ZeroDivisionError("a bug")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})

app = CorrelationIdMiddleware(answer)
"""
CONFIG = """
accesslog = "-"
access_log_format = "%(U)s %(s)s"
logconfig_dict = {
    "filters": {"id": {"()": "asgi_correlation_id.CorrelationIdFilter"}},
    "formatters": {"line": {"format": "%(name)s %(correlation_id)s %(message)s"}},
    "handlers": {"out": {
        "class": "logging.StreamHandler", "stream": "ext://sys.stdout", "filters": ["id"], "formatter": "line"}},
    "root": {"level": "INFO", "handlers": ["out"]},
    "loggers": {name: {"level": "INFO", "handlers": ["out"], "propagate": False}
                for name in ("gunicorn.error", "gunicorn.access")},
}
def post_request(worker, req, environ, resp):
    from asgi_correlation_id import correlation_id
    print("hook:", req.path, correlation_id.get(), resp.status, flush=True)
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_filter_finds_the_requests_id(gunicorn, loop):
    server = gunicorn(SOURCE, "--asgi-loop", loop, config=CONFIG)
    ids = {path: uuid.uuid4().hex for path in ("/answers", "/raises", "/listens")}
    for path in ("/answers", "/raises"):
        fetch(server, path, f"X-Request-ID: {ids[path]}")
    with server.connect() as connection:
        send(connection, "/listens", f"X-Request-ID: {ids['/listens']}")
        server.wait_for("^a request waits")
    for path, status in (("/answers", "200 OK"), ("/raises", "500 Internal Server Error"), ("/listens", "499")):
        server.wait_for(f"^gunicorn.access {ids[path]} {path} {status[:3]}$")
        server.wait_for(f"^hook: {path} {ids[path]} {status}$")
    server.wait_for(f"^gunicorn.error {ids['/raises']} The app raised during GET /raises$")
