"""A WebSocket's app that changed the list of its headers changed the line of the access log, or lost it."""

from fastsrv.log.atoms import line_of
from tests.support.puppet import Puppet
from tests.support.wire import get
from tests.websocket.client import ASKS, Client


def test_line_has_the_fields_that_came():
    lines, text = [], line_of("%(a)s", lambda environ: None)
    app = Puppet()
    client = Client(app, finished=lambda call: lines.append(text(call)))
    client.send(get(b"/", *ASKS, b"User-Agent: itself"))
    app.scope["headers"][:] = [(b"user-agent", b"forged"), "none"]
    app.send({"type": "websocket.close"}).result()
    app.over.set_result(None)
    client.wait(0)
    client.close()
    assert lines == ["itself"]
