"""How large a request head may be: 414 and 431, at the byte.

The limits are gunicorn's limit_request_* and fastsrv_limit_request_head; the wire's defaults are gunicorn's.
"""

import pytest

from tests.support.answers import statuses
from tests.support.apps import Recorder
from tests.support.wire import get

EVIL = get(b"/evil")


def requesting(wire, *pieces, drip=False, **limits):
    """The statuses of the answers to `pieces`, and how many requests the app has seen."""
    app = Recorder()
    it = wire(app, **limits)
    if drip:
        it.drip(b"".join(pieces))
    else:
        it.send(*pieces)
    assert it.ended is (statuses(it.output)[-1:] != [200])
    return statuses(it.output), len(app.scopes)


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize("method", [b"GET", b"OPTIONS"])
@pytest.mark.parametrize(("size", "answer"), [(4093, 200), (4094, 200), (4095, 414), (60_000, 414)])
def test_request_line_has_a_limit(wire, method, size, answer, drip):
    """The size is that of the line without its CRLF."""
    target = b"/" + b"a" * (size - len(method) - len(b" / HTTP/1.1"))
    request = get(target).replace(b"GET", method)
    assert len(request.split(b"\r\n")[0]) == size
    assert requesting(wire, request + EVIL, drip=drip) == (([200, 200], 2) if answer == 200 else ([414], 0))


def test_request_line_is_refused_before_it_has_ended(wire):
    assert requesting(wire, b"GET /", *[b"a" * 1000] * 5) == ([414], 0)


def test_query_counts_as_part_of_the_request_line(wire):
    assert requesting(wire, get(b"/?" + b"a" * 5000)) == ([414], 0)


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize(("size", "answer"), [(8189, 200), (8190, 200), (8191, 431), (20_000, 431)])
@pytest.mark.parametrize("long", ["name", "value"])
def test_field_has_a_limit(wire, size, answer, long, drip):
    """The size is that of "name: value" with its CRLF."""
    rest = b"a" * (size - 5)
    field = rest + b": b" if long == "name" else b"b: " + rest
    assert len(field) + 2 == size
    request = get(b"/", field)
    assert requesting(wire, request + EVIL, drip=drip) == (([200, 200], 2) if answer == 200 else ([431], 0))


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize(("count", "answer"), [(99, 200), (100, 200), (101, 431), (5000, 431)])
def test_fields_have_a_limit_of_number(wire, count, answer, drip):
    request = get(b"/", *[b"a: b"] * (count - 1))  # and Host
    assert requesting(wire, request + EVIL, drip=drip) == (([200, 200], 2) if answer == 200 else ([431], 0))


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize(("beyond", "answer"), [(0, 200), (16, 431), (10_000, 431)])
def test_head_has_a_limit_beside_those_of_its_fields(wire, beyond, answer, drip):
    size = 65536 + beyond
    fields = [b"b: " + b"a" * 8000] * (size // 8005)
    request = get(b"/", *fields)
    request = get(b"/" + b"a" * (size - len(request)), *fields) if size - len(request) < 4000 else get(
        b"/", *fields, b"c: " + b"a" * (size - len(request) - 5))
    assert len(request) == size
    assert requesting(wire, request + EVIL, drip=drip) == (([200, 200], 2) if answer == 200 else ([431], 0))


@pytest.mark.parametrize("beginning", [b"X-A: ", b"X-"], ids=["value", "name"])
def test_field_that_does_not_end_is_refused(wire, beginning):
    """A value split over reads grows by copying: it is not waited for until header_timeout."""
    assert requesting(wire, b"GET / HTTP/1.1\r\n" + beginning, *[b"a" * 10_000] * 9) == ([431], 0)


def test_empty_lines_before_a_request_have_a_limit(wire):
    assert requesting(wire, *[b"\r\n" * 5000] * 9) == ([431], 0)


@pytest.mark.parametrize(("limits", "request_bytes", "answer"), [
    ({"request_line": 20}, get(b"/aaaaaaa"), 414),
    ({"request_fields": 1}, get(), 200),
    ({"request_fields": 1}, get(b"/", b"a: b"), 431),
    ({"request_field_size": 19}, get(), 200),
    ({"request_field_size": 18}, get(), 431),
    ({"request_head": 60}, get(b"/", b"a: b"), 200),
    ({"request_head": 60}, get(b"/", *[b"a: b"] * 10), 431),
])
def test_limits_are_the_settings(wire, limits, request_bytes, answer):
    assert requesting(wire, request_bytes, **limits) == ([answer], 1 if answer == 200 else 0)


def test_limits_count_for_each_request_anew(wire):
    request = get(b"/", *[b"b: " + b"a" * 8000] * 7)
    assert requesting(wire, *[request] * 5) == ([200] * 5, 5)


def test_limits_count_for_each_pipelined_request_anew(wire):
    request = get(b"/", *[b"b: " + b"a" * 8000] * 7)
    assert requesting(wire, request * 5) == ([200] * 5, 5)


def test_body_is_no_part_of_the_head(wire):
    body = b"x" * 200_000
    request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert requesting(wire, request, EVIL) == ([200, 200], 2)
