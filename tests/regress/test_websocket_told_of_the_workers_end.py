"""Behind the word that the worker ends, an app was given messages again; and the access log told that word's code where
the client had closed by itself. Found in a review."""

from tests.support.frames import CLOSE, TEXT, frame
from tests.support.puppet import Puppet
from tests.websocket.client import Client, accept, close


def told(**settings):
    """(app, client): the worker ends, and the app has been told."""
    app = Puppet()
    client = Client(app, **settings)
    client.ask()
    accept(app, client)
    client.call(client.transport.protocol.shut, 0)
    assert app.receive().result() == {"type": "websocket.disconnect", "code": 1012, "reason": ""}
    return app, client


def test_nothing_comes_behind_the_disconnect():
    app, client = told()
    client.send(frame(TEXT, b"still"))
    assert app.receive().result()["type"] == "websocket.disconnect"
    app.send({"type": "websocket.send", "text": "farewell"}).result()  # that leaves
    assert client.frames() == [(TEXT, b"farewell")]
    client.close()


def test_log_and_counters_tell_of_the_code_on_the_wire():
    logged = []
    app, client = told(finished=lambda call: logged.append(call.details()["websocket.close_code"]))
    client.send(close(4000, b"bye"))
    assert client.frames() == [(CLOSE, b"\x0f\xa0")]
    app.finish()
    assert client.context.counters.snapshot()["close_codes"] == {4000: 1}
    assert logged == [4000]
    client.close()
