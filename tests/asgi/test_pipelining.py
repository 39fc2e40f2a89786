"""Requests sent without waiting for answers (RFC 9112, 9.3.2): answered in order, in few writes, with a bound on
what is read ahead."""

import pytest

from tests.support.answers import answering, statuses
from tests.support.apps import Recorder, echo, hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post


async def path(scope, receive, send):
    """Answers with the path, in brackets."""
    await answering(200, [], b"[" + scope["raw_path"] + b"]")(scope, receive, send)


def bodies(output):
    return [part.partition(b"]")[0].decode() for part in output.split(b"[")[1:]]


def numbered(count, start=1):
    return b"".join(get(b"/%d" % number) for number in range(start, start + count))


def paths(count, start=1):
    return [f"/{number}" for number in range(start, start + count)]


@pytest.mark.parametrize("count", [2, 3, 40, 1000])
def test_answers_come_in_the_order_of_the_requests(wire, count):
    it = wire(path).send(numbered(count))
    assert bodies(it.output) == paths(count)
    assert not it.ended


@pytest.mark.parametrize("count", [2, 10, 32])
def test_small_answers_to_one_read_leave_in_one_write(wire, count):
    it = wire(hello).send(get() * count)
    assert statuses(it.output) == [200] * count
    assert len(it.writes) == 1


def test_streamed_small_answers_to_one_read_leave_in_one_write(wire):
    it = wire(answering(200, [], b"a", b"b")).send(get() * 5)
    assert statuses(it.output) == [200] * 5
    assert len(it.writes) == 1


def test_answers_of_many_kinds_leave_in_one_write_and_in_step(wire):
    async def app(scope, receive, send):
        await (echo if scope["method"] == "POST" else path)(scope, receive, send)

    it = wire(app).send(get(b"/1") + post(b"[/2]") + get(b"/3").replace(b"GET", b"HEAD") + post(b"") + get(b"/5"))
    assert bodies(it.output) == ["/1", "/2", "/5"]
    assert statuses(it.output) == [200] * 5
    assert len(it.writes) == 1


def test_large_answers_do_not_pile_up_until_the_last(wire):
    it = wire(answering(200, [], b"x" * 30_000)).send(get() * 30)
    assert statuses(it.output) == [200] * 30
    assert 2 < len(it.writes) <= 10
    assert max(map(len, it.writes)) < 300_000


def test_answer_does_not_wait_for_the_next_apps(wire):
    """An app that waits holds back those behind it, not those before."""
    app = Puppet()

    async def route(scope, receive, send):
        await (app if scope["path"] == "/slow" else path)(scope, receive, send)

    it = wire(route).send(get(b"/1") + get(b"/slow") + get(b"/3") + get(b"/4"))
    assert bodies(it.output) == ["/1"]
    app.begin()
    app.body(b"[/slow]").result()
    assert bodies(it.output) == ["/1", "/slow", "/3", "/4"]


def test_one_app_runs_at_a_time(wire):
    """An app is called when those before it on its connection have answered."""
    app = Puppet()
    it = wire(app).send(numbered(3))
    for number in (1, 2, 3):
        assert len(app.calls) == number
        app.begin()
        app.body(b"[%d]" % number).result()
    assert bodies(it.output) == ["1", "2", "3"]


def test_requests_that_come_while_an_app_works_wait_for_their_turn(wire):
    app = Puppet()
    it = wire(app).send(get(b"/1"), get(b"/2")[:10], get(b"/2")[10:] + get(b"/3"), post(b"abc")[:-1])
    assert [call.scope["path"] for call in app.calls] == ["/1"]
    app.begin()
    app.body(b"[1]").result()
    app.begin()
    app.body(b"[2]").result()
    app.begin()
    app.body(b"[3]").result()
    assert [call.scope["path"] for call in app.calls] == ["/1", "/2", "/3", "/"]
    it.send(b"c")
    assert app.receive().result() == {"type": "http.request", "body": b"abc", "more_body": False}


def test_body_of_a_request_behind_is_kept_for_it(wire):
    app = Puppet()
    wire(app).send(post(b"first") + post(b"second") + post(b"")[:-4])
    assert app.receive().result()["body"] == b"first"
    app.begin()
    app.body().result()
    assert app.receive().result() == {"type": "http.request", "body": b"second", "more_body": False}


# --- the bound ---


def test_reading_pauses_when_many_requests_wait(wire):
    app = Recorder(Puppet())
    it = wire(app)
    for number in range(1, 100):
        it.send(get(b"/%d" % number))
        if not it.transport.reading:
            break
    assert number == 33  # the one being answered, and 32 that wait
    call = app.app
    call.begin()
    call.body(b"[]").result()
    assert it.transport.reading
    assert app.scopes[-1]["path"] == "/2"


def test_one_read_full_of_requests_is_not_parsed_at_once(wire):
    """A read of 256 KiB holds more than 6,000 of them."""
    app = Puppet()
    it = wire(app).send(numbered(6000))
    assert not it.transport.reading
    for number in range(1, 101):
        assert [call.scope["path"] for call in app.calls[-1:]] == [f"/{number}"]
        app.begin()
        app.body(b"[]").result()
    assert not it.transport.reading
    assert len(app.calls) == 101


def test_everything_read_ahead_is_answered_when_the_bound_is_passed(wire):
    it = wire(path)
    for start in range(1, 2001, 100):
        it.send(numbered(100, start))
    assert bodies(it.output) == paths(2000)
    assert it.transport.reading


def test_lagging_peer_pauses_what_is_read_ahead_for_it(wire):
    """Who does not read answers is not read from either."""
    app = Recorder(path)
    it = wire(app)
    it.transport.room = 0
    for number in range(1, 200):
        it.send(get(b"/%d" % number))
    assert not it.transport.reading
    assert len(app.scopes) <= 2
    while it.transport.buffer or len(app.scopes) < 199:
        it.read(1000)
    assert bodies(it.output) == paths(199)
    assert it.transport.reading


def test_rest_of_the_pipeline_is_dropped_when_the_connection_is_lost(wire):
    app = Puppet()
    it = wire(app).send(numbered(5))
    it.reset()
    app.finish()
    assert len(app.calls) == 1


def test_all_that_was_asked_for_before_the_peers_end_is_answered(wire):
    app = Puppet()
    it = wire(app).send(numbered(3)).end()
    for number in (1, 2, 3):
        assert not it.ended
        app.begin()
        app.body(b"[%d]" % number).result()
    assert bodies(it.output) == ["1", "2", "3"]
    assert it.ended and it.closed


@pytest.mark.parametrize("count", [3, 500, 2000])
def test_on_a_real_socket(serve, count):
    server = serve(path, lifespan="off")
    output = b""
    with server.connect() as connection:
        connection.sendall(numbered(count))
        while output.count(b"]") < count:
            output += connection.recv(65536)
    assert bodies(output) == paths(count)
