"""fastsrv_limit_concurrency: how many requests are in flight, and what becomes of one more."""

import pytest

from fastsrv_ext.http1.protocol import HTTP1
from tests.support.answers import statuses, take_apart
from tests.support.apps import Recorder, hello
from tests.support.puppet import Puppet
from tests.support.wire import Transport, get, post


@pytest.fixture
def connect():
    """connect(wire) -> Transport of another connection to the server of `wire`."""
    transports = []

    def connect(it):
        connection = HTTP1(it.context)
        transports.append(Transport(it.loop, connection))
        it.call(connection.connection_made, transports[-1])
        return transports[-1]

    yield connect
    for transport in transports:
        for end in transport.peer, transport.extra["socket"]:
            end.close()


def say(it, transport, data):
    it.call(transport.receive, data)
    return b"".join(transport.sent)


def in_flight(it):
    return it.context.counters.count("in_flight")


def test_request_beyond_the_limit_is_a_503_and_the_app_is_not_called(wire, connect):
    app = Puppet()
    it = wire(app, max_in_flight=2).send(get())
    assert say(it, connect(it), get()) == b""
    third = connect(it)
    answer = take_apart(say(it, third, get()))
    assert answer.status == 503 and len(app.calls) == 2
    assert answer.values(b"retry-after") == [b"1"] and answer.values(b"connection") == [b"close"]
    assert third.eof_written and not third.aborted
    snapshot = it.context.counters.snapshot()
    assert snapshot["refused"] == {"concurrency": 1}
    assert snapshot["in_flight"] == snapshot["requests"] == 2
    say(it, third, None)
    assert third.lost and it.context.counters.snapshot()["connections"]["concurrency"] == 1


def test_request_at_the_limit_is_served_when_another_is_done(wire, connect):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get())
    app.begin()
    assert statuses(say(it, connect(it), get())) == [503]
    app.body(b"done")
    assert say(it, connect(it), get()) == b"" and len(app.calls) == 2


def test_apps_that_answer_at_once_are_never_too_many(wire):
    it = wire(hello, max_in_flight=1).send(get() * 40)
    assert statuses(it.output) == [200] * 40 and in_flight(it) == 0


def test_pipelined_request_waits_for_its_turn_and_is_served(wire):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get() * 2)
    for _ in range(2):
        assert in_flight(it) == 1
        app.begin()
        app.body(b"a")
    assert statuses(it.output) == [200, 200] and in_flight(it) == 0


def test_pipelined_request_whose_place_another_takes_is_a_503(wire, connect):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get() + get() + get(b"/evil"))
    first, other = app.calls[0], connect(it)

    async def answer():
        await first.app_send({"type": "http.response.start", "status": 200})
        await first.app_send({"type": "http.response.body", "body": b"a"})
        other.receive(get())

    first.start(answer()).result()
    assert len(app.calls) == 2
    assert statuses(it.output) == [200, 503] and it.ended and other.sent == []


def test_what_follows_a_503_is_not_acted_upon(wire, connect):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get())
    assert statuses(say(it, connect(it), get() * 3)) == [503]
    assert len(app.calls) == 1


def test_503_to_head_has_no_body(wire, connect):
    it = wire(Puppet(), max_in_flight=1).send(get())
    answer = say(it, connect(it), get().replace(b"GET", b"HEAD"))
    assert answer.startswith(b"HTTP/1.1 503 ") and answer.endswith(b"\r\n\r\n")


def test_client_that_asks_first_is_not_told_to_go_on(wire, connect):
    it = wire(Puppet(), max_in_flight=1).send(get())
    answer = say(it, connect(it), post(b"", b"Expect: 100-continue").replace(b"Length: 0", b"Length: 9"))
    assert answer.startswith(b"HTTP/1.1 503 ")


def test_app_that_goes_on_after_its_client_has_gone_is_in_flight(wire, connect):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get()).reset()
    assert in_flight(it) == 1
    assert statuses(say(it, connect(it), get())) == [503]
    app.finish()
    assert in_flight(it) == 0
    assert say(it, connect(it), get()) == b"" and len(app.calls) == 2


def test_app_that_fails_after_its_client_has_gone_has_ended(wire):
    app = Puppet()
    it = wire(app).send(get()).reset()
    app.finish(ValueError())
    assert in_flight(it) == 0


@pytest.mark.parametrize("begun", [False, True])
def test_app_whose_request_breaks_is_in_flight_until_it_ends(wire, begun):
    app = Puppet()
    it = wire(app).send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    if begun:
        app.begin()
        app.body(b"a", more=True)
    it.send(b"broken\r\n")
    assert it.ended and in_flight(it) == 1
    app.finish()
    assert in_flight(it) == 0


def test_background_task_is_not_in_flight(wire):
    app = Puppet()
    it = wire(app, max_in_flight=1).send(get())
    app.begin()
    app.body(b"done")
    assert in_flight(it) == 0
    it.send(get())
    assert len(app.calls) == 2 and in_flight(it) == 1
    app.calls[0].finish()
    assert in_flight(it) == 1
    it.reset()
    app.finish()
    assert in_flight(it) == 0


@pytest.mark.parametrize("begun", [False, True])
def test_app_that_fails_is_no_longer_in_flight(wire, begun):
    app = Puppet()
    it = wire(app).send(get())
    if begun:
        app.begin()
        app.body(b"a", more=True)
    app.finish(ValueError())
    assert in_flight(it) == 0


def test_refused_request_does_not_count_for_max_requests(wire, connect):
    exhausted = []
    app = Puppet()
    it = wire(app, max_in_flight=1, max_requests=2, exhausted=lambda: exhausted.append(True)).send(get())
    for _ in range(5):
        say(it, connect(it), get())
    assert not exhausted
    app.begin()
    app.body(b"a")
    it.send(get())
    assert exhausted


def test_without_the_setting_there_is_no_limit(wire, connect):
    app = Recorder(Puppet())
    it = wire(app)
    for number in range(100):
        say(it, connect(it), get())
        assert in_flight(it) == number + 1
