"""Found in review: an app that changed the list of its headers when it had sent them, as Starlette's `response.headers`
does within a stream, changed the line of the access log; what is no pair of bytes lost the line, and its post_request.
"""

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log.access import Access
from fastsrv.log.atoms import line_of
from tests.support.puppet import Puppet
from tests.support.wire import get
from tests.websocket.client import ASKS, Client

LATER = [[(b"x-own", b"later")], ["none"], []]


@pytest.fixture
def told():
    """told(request, kind, later) -> what the short way to the log, and post_request, say of x-own, for an app that has
    another list of headers behind its http.response.start. kind: "http" or "websocket.http", a denial."""
    clients = []

    def ask(request, kind, later):
        cfg, own, said = GunicornConfig(), line_of("%({x-own}o)s", lambda environ: None), []
        cfg.set("post_request", lambda worker, request, environ, response: said.append(dict(response.headers)["x-own"]))
        access = Access(None, cfg, Logger(cfg))

        def finished(call):
            said.append(own(call))
            access.finished(call)

        app, headers = Puppet(), [(b"x-own", b"sent")]
        client = Client(app, finished=finished)
        clients.append(client)
        client.send(request)
        app.send({"type": f"{kind}.response.start", "status": 403, "headers": headers}).result()
        headers[:] = later
        app.send({"type": f"{kind}.response.body", "body": b"no"}).result()
        assert b"x-own: sent\r\n" in client.output
        app.over.set_result(None)
        client.wait(0)
        return said

    yield ask
    for client in clients:
        client.close()


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("request_bytes", "kind"), [(get(), "http"), (get(b"/", *ASKS), "websocket.http")])
def test_log_has_what_was_sent(told, request_bytes, kind, later):
    assert told(request_bytes, kind, later) == ["sent", "sent"]
