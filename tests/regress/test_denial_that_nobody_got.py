"""Found in review: a denial of a WebSocket whose client had gone before its head left was told of with its own status,
401 say. A request's in the same place is 499, and so says docs/LOGS.md of a WebSocket's."""

import json

import pytest

from fastsrv.log.json_object import json_of
from tests.support.puppet import Puppet
from tests.websocket.client import Client

START = {"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-own", b"1")]}
BODY = {"type": "websocket.http.response.body", "body": b"begun", "more_body": True}


@pytest.fixture
def denied():
    """denied(*events) -> (app, client): a handshake that the app has answered so far."""
    clients = []

    def start(*events):
        app, calls = Puppet(), []
        clients.append(Client(app, finished=calls.append).ask())
        clients[-1].calls = calls
        for event in events:
            app.send(event).result()
        return app, clients[-1]

    yield start
    for client in clients:
        client.close()


def status_and_size(client):
    (call,) = client.calls
    line = json.loads(json_of(call))
    return line["status"], line["sent"], line["first_byte"] is not None


@pytest.mark.parametrize("failure", [None, ZeroDivisionError("a bug")])
@pytest.mark.parametrize(("events", "told"), [
    ([], (499, 0, False)), ([START], (499, 0, False)), ([START, BODY], (401, 5, True)),
])
def test_it_is_told_of_by_what_its_client_could_get(denied, events, told, failure):
    app, client = denied(*events)
    client.reset()
    if failure is None:
        app.over.set_result(None)
    else:
        app.over.set_exception(failure)
    client.wait(0)
    assert status_and_size(client) == told
