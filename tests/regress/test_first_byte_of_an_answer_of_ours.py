"""Found in review: the 500 of ours to an app that failed was told of as the begin of the app's answer, though
docs/LOGS.md says that `first_byte` is null and "no answer had begun" then. A WebSocket's had none, as it should be."""

import json

import pytest

from fastsrv.log import atoms
from fastsrv.log.json_object import json_of
from fastsrv.log.slow import line_of
from tests.support.puppet import Puppet
from tests.support.wire import get, post


@pytest.fixture
def told(wire):
    """told(request) -> (app, wire); its `calls` are those that are over."""
    def ask(request, **settings):
        app, calls = Puppet(), []
        it = wire(app, finished=calls.append, **settings).send(request)
        it.calls = calls
        return app, it

    return ask


def first_bytes(call):
    """As the object, an atom and the line of a slow request have it."""
    line = json.loads(json_of(call))
    return line["status"], line["first_byte"], atoms.first_byte(call), "no answer had begun" in line_of(call)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("request_bytes", [get(), post(b"body")])
def test_app_that_fails_has_begun_no_answer(told, request_bytes, held):
    app, it = told(request_bytes)
    if held:
        app.begin()
    app.over.set_exception(ZeroDivisionError("a bug"))
    it.wait(0)
    assert it.output.startswith(b"HTTP/1.1 500 ")
    assert [first_bytes(call) for call in it.calls] == [(500, None, "-", True)]


def test_500_of_the_app_itself_is_its_answer(told):
    app, it = told(get())
    app.begin(500)
    app.body(b"sorry")
    (call,) = it.calls
    assert 0 < json.loads(json_of(call))["first_byte"] == json.loads(json_of(call))["duration"]
    assert "no answer had begun" not in line_of(call)
