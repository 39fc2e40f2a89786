"""Why connections end and why requests are refused, as Counters tells it."""

import pytest

from fastsrv_ext.counters import SIZE, Counters, read
from fastsrv_ext.http.refusal import BadRequest
from tests.support.answers import statuses
from tests.support.apps import echo, hello
from tests.support.puppet import Puppet
from tests.support.wire import get, post

CHUNKED = b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 2000000\r\n\r\n"


async def early(scope, receive, send):
    """Begins its answer before it knows the end of it, and reads nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await send({"type": "http.response.body", "body": b"b"})


async def closing(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body"})


async def silent(scope, receive, send):
    pass


async def broken(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    raise ValueError


def lagging(it):
    it.transport.room = 0
    return it.send(get())


def draining(it):
    it.context.draining = True
    it.clock.cap("IDLE", 3)
    return it


# What happens to a connection, and the reason of its end: name -> (reason, app, settings, story of a wire).
ENDS = {
    "idle": ("keepalive", hello, {}, lambda it: it.send(get()).wait(5)),
    "silent": ("header_timeout", hello, {}, lambda it: it.wait(10)),
    "half a head": ("header_timeout", hello, {}, lambda it: it.send(b"GET / HT").wait(10)),
    "half a body": ("body_timeout", echo, {}, lambda it: it.send(post(b"abc")[:-1]).wait(10)),
    "half a body, answered": ("body_timeout", Puppet(), {}, lambda it: (
        it.send(CHUNKED), it.dispatch.app.begin(), it.dispatch.app.body(b"a", more=True), it.dispatch.app.receive(),
        it.wait(10))),
    "slow body": ("body_rate", echo, {"min_rate": 100}, lambda it: (
        it.send(CHUNKED), [(it.tick(8), it.send(b"1\r\na\r\n")) for _ in range(3)])),
    "slow reader": ("send_timeout", hello, {}, lambda it: lagging(it).wait(10)),
    "rest of a body": ("drain_timeout", hello, {}, lambda it: it.send(post(b"abc")[:-1]).wait(5)),
    "no request": ("bad_request", hello, {}, lambda it: it.send(b"GET\r\n\r\n")),
    "broken body": ("bad_request", echo, {}, lambda it: it.send(CHUNKED + b"x\r\n")),
    "broken body, answered": ("bad_request", Puppet(), {}, lambda it: (
        it.send(CHUNKED), it.dispatch.app.begin(), it.dispatch.app.body(b"a", more=True), it.send(b"x\r\n"))),
    "no request behind one": ("bad_request", hello, {}, lambda it: it.send(get() + b"GET\r\n\r\n")),
    "request says close": ("client_close", hello, {}, lambda it: it.send(get(b"/", b"Connection: close"))),
    "http 1.0": ("client_close", hello, {}, lambda it: it.send(get(version=b"1.0"))),
    "response says close": ("app_close", closing, {}, lambda it: it.send(get())),
    "http 1.0 without a length": ("app_close", early, {}, lambda it: it.send(
        get(b"/", b"Connection: keep-alive", version=b"1.0"))),
    "keepalive 0": ("keepalive_off", hello, {"keepalive": 0}, lambda it: it.send(get())),
    "unread body": ("body_unread", hello, {}, lambda it: it.send(LARGE)),
    "unread body, streamed answer": ("body_unread", early, {}, lambda it: it.send(LARGE)),
    "no answer": ("app_failed", silent, {}, lambda it: it.send(get())),
    "half an answer": ("app_failed", broken, {}, lambda it: it.send(get())),
    "end": ("peer_ended", hello, {}, lambda it: it.end()),
    "end within a head": ("peer_ended", hello, {}, lambda it: it.send(b"GET").end()),
    "end while an answer is owed": ("peer_ended", Puppet(), {}, lambda it: (
        it.send(get()).end(), it.dispatch.app.begin(), it.dispatch.app.body(b"a"))),
    "end within a body": ("peer_ended", echo, {}, lambda it: it.send(CHUNKED).end()),
    "reset": ("lost", hello, {}, lambda it: it.reset()),
    "reset while an answer is owed": ("lost", Puppet(), {}, lambda it: it.send(get()).reset()),
    "drain": ("worker_drains", hello, {}, lambda it: draining(it.send(get())).wait(3)),
    "drain with an answer in hand": ("worker_drains", Puppet(), {}, lambda it: (
        draining(it.send(get())), it.dispatch.app.begin(), it.dispatch.app.body(b"a"))),
    "quick stop": ("worker_stops", hello, {}, lambda it: it.call(it.connection.abort)),
}


@pytest.mark.parametrize("story", ENDS)
def test_end_of_a_connection_has_one_reason(wire, story):
    reason, app, settings, play = ENDS[story]
    it = wire(app, **settings)
    play(it)
    if not it.closed:
        it.end().wait(20)  # whatever comes later, the first reason counts
        it.call(it.connection.abort)
    assert closed(it) == {reason: 1}


def closed(it):
    return {reason: count for reason, count in it.context.counters.snapshot()["connections"].items() if count}


def test_max_requests_is_told_from_another_drain(wire):
    it = wire(hello, max_requests=2, exhausted=lambda: setattr(it.context, "draining", True))
    it.send(get(), get()).end()
    assert closed(it) == {"max_requests": 1}


def test_max_requests_reached_by_a_worker_that_drains(wire):
    it = wire(hello, max_requests=1, exhausted=lambda: None)
    it.context.draining = True
    it.send(get()).end()
    assert closed(it) == {"worker_drains": 1}


def test_open_connection_has_no_reason_yet(wire):
    it = wire(hello).send(get())
    assert closed(it) == {}
    assert it.context.counters.count("opened") == 1


# --- refused requests ---

REFUSED = {
    "GET / HTTP/1.1\r\n\r\n": "host",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": "host",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n": "host",
    "GET a HTTP/1.1\r\nHost: a\r\n\r\n": "syntax",
    "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n": "target",
    "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n": "target",
    "GET * HTTP/1.1\r\nHost: a\r\n\r\n": "target",
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n": "method",
    "SOURCE / HTTP/1.1\r\nHost: a\r\n\r\n": "method",
    "PLAY / RTSP/1.0\r\nHost: a\r\n\r\n": "version",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n": "target",
    "GET /% HTTP/1.1\r\nHost: a\r\n\r\n": "target",
    "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nAuthorization: c\r\n\r\n": "authorization",
    "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: b\r\nContent-Type: c\r\n\r\n": "content_type",
    "GET / HTTP/0.9\r\nHost: a\r\n\r\n": "version",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n": "transfer_encoding",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1234567890123456789\r\n\r\n": "content_length",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n": "syntax",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: rain\r\n\r\n": "expect",
    "GET /" + "a" * 4100 + " HTTP/1.1\r\nHost: a\r\n\r\n": "line_size",
    "GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + "a" * 9000 + "\r\n\r\n": "field_size",
    "GET / HTTP/1.1\r\nHost: a\r\n" + "X-Many: a\r\n" * 100 + "\r\n": "fields",
    "GET / HTTP/1.1\r\nHost: a\r\n" + ("X-Much: " + "a" * 8000 + "\r\n") * 9 + "\r\n": "head_size",
    CHUNKED.decode() + "0\r\nHost: b\r\n\r\n": "trailer",
    CHUNKED.decode() + "1;" + "a" * 40_000: "chunk_excess",
}


@pytest.mark.parametrize("data", REFUSED)
def test_refused_request_is_counted_by_kind(wire, data):
    it = wire(echo).send(data.encode())
    snapshot = it.context.counters.snapshot()
    assert snapshot["refused"] == {REFUSED[data]: 1}
    assert statuses(it.output)[0] >= 400


def test_refusal_that_can_no_longer_be_answered_is_counted(wire):
    it = wire(Puppet()).send(CHUNKED)
    it.dispatch.app.begin()
    it.dispatch.app.body(b"a", more=True)
    it.send(b"x\r\n")
    assert it.context.counters.snapshot()["refused"] == {"syntax": 1}


def test_what_follows_a_last_request_is_not_counted(wire):
    it = wire(hello).send(get(b"/", b"Connection: close") + b"no request\r\n\r\n")
    assert it.context.counters.snapshot()["refused"] == {}


def test_late_request_is_counted_as_refused_where_it_is_answered(wire):
    silent_one, late_one = wire(hello), wire(hello).send(b"GET")
    for it in silent_one, late_one:
        it.wait(10)
    assert silent_one.context.counters.snapshot()["refused"] == {}
    assert late_one.context.counters.snapshot()["refused"] == {"header_timeout": 1}


# --- the rest ---


def test_requests_and_responses_are_counted(wire):
    app = Puppet()
    it = wire(app).send(get() + get() + b"no request\r\n\r\n")
    assert totals(it) == (1, 0)
    app.begin()
    app.body(b"a")
    assert totals(it) == (2, 1)
    it.reset()
    assert totals(it) == (2, 1)


def totals(it):
    counters = it.context.counters
    return counters.count("requests"), counters.count("responses")


def test_limits_that_were_acted_upon_are_counted_by_state(wire):
    it = wire(hello).send(get()).wait(5)
    assert expired(it) == {"IDLE": 1}
    it.wait(5)  # nor does the peer end its side
    assert expired(it) == {"IDLE": 1, "CLOSE": 1}
    it = wire(hello).send(b"no request\r\n\r\n").wait(5)
    assert expired(it) == {"DRAIN": 1}
    it = lagging(wire(hello)).wait(10)
    assert expired(it) == {"SEND": 1}


def expired(it):
    return {state: count for state, count in it.context.counters.snapshot()["expired"].items() if count}


def test_request_that_came_at_the_limit_is_no_expiry(wire):
    it = wire(hello).send(get()).leave_unread(get()).wait(5)
    assert expired(it) == {}


def test_reader_that_keeps_up_is_no_expiry(wire):
    it = lagging(wire(hello, min_rate=1))
    it.tick(9)
    it.read(100)
    it.wait(1)
    assert not it.closed and expired(it) == {}


def test_snapshot_is_the_callers_own(wire):
    counters = Counters()
    first = counters.snapshot()
    first["refused"]["host"] = 7
    assert counters.snapshot()["refused"] == {}


def test_connections_of_several_contexts_share_counters(wire):
    counters = Counters()
    for _ in range(2):
        wire(hello, counters=counters).send(get())
    assert [counters.count(name) for name in ("opened", "requests", "responses")] == [2, 2, 2]


@pytest.mark.parametrize("kind", ["persists", "lost", "keepalive", "unheard of"])
def test_refusal_that_is_called_as_an_end_is_counted_as_a_refusal(wire, kind):
    def refuses(scope, underscored):
        raise BadRequest(400, "no", kind)

    it = wire(hello, forwarded=refuses).send(get(b"/", b"X-Forwarded-For: 192.0.2.1")).end()
    counts = it.context.counters.snapshot()
    assert counts["refused"] == {"other": 1} and counts["connections"]["bad_request"] == 1


# --- in memory that others read ---


def test_counters_go_on_from_the_sums_that_they_find(wire):
    memory = bytearray(SIZE)
    for lived in (1, 2):  # a worker, and the next one in its place: neither sees an end of its connections
        counters = Counters(memory)
        wire(hello, counters=counters).send(get() + b"no request\r\n\r\n")
        wire(Puppet(), counters=counters).send(get())
        told = read(memory)
        assert {name: (counters.count(name), told[name]) for name in ("connected", "in_flight", "requests")} == {
            "connected": (2, 2), "in_flight": (1, 1), "requests": (2, 2 * lived)}
        assert (counters.snapshot()["refused"], told["refused"]) == ({"target": 1}, {"target": lived})


@pytest.mark.parametrize("function", [Counters, read])
def test_too_little_memory_is_refused(function):
    with pytest.raises(ValueError, match=f"{SIZE} bytes are needed, not {SIZE - 1}"):
        function(bytearray(SIZE - 1))
