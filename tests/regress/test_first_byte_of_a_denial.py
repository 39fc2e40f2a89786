"""Found in review: of a WebSocket's denial whose head had left by itself, as its body was late, the time to the first
byte was that of the next event; with no other one there was none."""

import json
from contextlib import closing
from time import monotonic

import pytest

from fastsrv.log.json_object import json_of
from tests.support.puppet import Puppet
from tests.websocket.client import Client

START = {"type": "websocket.http.response.start", "status": 401, "headers": []}
BODY = {"type": "websocket.http.response.body", "body": b"no"}


@pytest.mark.parametrize("goes_on", [True, False])
def test_it_is_when_the_head_left(goes_on):
    app, calls = Puppet(), []
    with closing(Client(app, finished=calls.append).ask()) as client:
        app.send(START).result()
        client.wait(0)
        assert client.output.startswith(b"HTTP/1.1 401 ")
        left = monotonic()
        if goes_on:
            app.send(BODY).result()
        else:
            client.reset()
        app.over.set_result(None)
        client.wait(0)
    (call,) = calls
    assert 0 < call.first_byte < left - call.started
    assert json.loads(json_of(call))["status"] == 401


@pytest.mark.parametrize("more", [True, False])
def test_head_that_leaves_with_its_body(more):
    app, calls = Puppet(), []
    with closing(Client(app, finished=calls.append).ask()) as client:
        app.send(START).result()
        held = monotonic()
        app.send({**BODY, "more_body": more}).result()
        left = monotonic()
        app.over.set_result(None)
        client.wait(0)
    (call,) = calls
    assert held - call.started < call.first_byte < left - call.started
