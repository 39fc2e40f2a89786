"""Found in review: a WebSocket's duration in the access log lasted until its app had ended, though the client had gone
before: docs/LOGS.md has it for as long as it was open. That of a request that is lost ends with the loss."""

from contextlib import closing
from time import monotonic

import pytest

from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, close


def goes(client):
    client.reset()


def closes(client):
    client.send(close(1000))


def half_closes(client):
    client.end()


@pytest.mark.parametrize(("accepted", "ends"), [
    (True, goes), (True, closes), (True, half_closes), (False, goes), (False, half_closes)])
def test_duration_ends_with_the_connection(accepted, ends):
    app, calls = Puppet(), []
    with closing(Client(app, finished=calls.append).ask()) as client:
        if accepted:
            accept(app, client)
        ends(client)
        over = monotonic()
        app.over.set_result(None)
        client.wait(0)
    (call,) = calls
    assert 0 < call.took < over - call.started


def test_end_by_the_app_is_its_end():
    app, calls = Puppet(), []
    with closing(Client(app, finished=calls.append).ask()) as client:
        accept(app, client)
        began = monotonic()
        app.send({"type": "websocket.close"}).result()
        (call,) = calls
        assert began - call.started < call.took < monotonic() - call.started
