"""Field lines that have come before are remembered (field_cache.pyx): nobody must be able to tell. The names here are
of those that are remembered (field_names.pyx)."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastsrv_ext.http.field_names import watch
from tests.support.apps import Recorder
from tests.support.reading import compare
from tests.support.wire import HOST, Wire, get

TIMES = 3  # a line is kept when it has come twice


def seen(*requests, **settings):
    """The fields of each request that the app has seen, Host left out; and the statuses on the wire."""
    app = Recorder()
    wire = Wire(app, scan_heads=True, **settings)
    try:
        for request in requests:
            wire.send(request)
        statuses = [int(part[:3]) for part in wire.output.split(b"HTTP/1.1 ")[1:]]
        return [[field for field in scope["headers"] if field[0] != b"host"] for scope in app.scopes], statuses
    finally:
        wire.close()


def known(line):
    """Requests that make `line` one that is remembered."""
    return [get(b"/", line)] * TIMES


def test_a_line_that_comes_again_is_the_same_field():
    fields, _ = seen(*known(b"DNT: and again"))
    assert fields == [[(b"dnt", b"and again")]] * TIMES


# Of the first the mark of a line (field_cache.pyx) is made; the others differ from it in a byte, at every place.
LINE = b"Accept: 0123456789abcdefghijklmnopqrstuvwxyz-0123456789"


@pytest.mark.parametrize("place", range(len(LINE)))
def test_a_line_that_differs_by_one_byte_is_another_field(place):
    other = LINE[:place] + (b"y" if LINE[place:place + 1] not in b"-: " else b".") + LINE[place + 1:]
    (*_, field), statuses = seen(*known(LINE), get(b"/", other))
    name, colon, value = other.partition(b":")
    if not colon or b" " in name:
        assert statuses[-1] == 400
    else:
        assert field == [(name.lower(), value.strip())]


lines = st.builds(
    lambda name, separator, value: name + separator + value, st.sampled_from([b"Accept", b"accept", b"Accepu", b"TE"]),
    st.sampled_from([b":", b": ", b":  ", b":\t"]),
    st.text("aA \t\x00\xe9:", max_size=12).map(lambda text: text.encode("latin-1")))


@settings(max_examples=200, deadline=None)
@given(st.lists(lines, min_size=1, max_size=4))
@example([b"Accept: ", b"Accept:  ", b"Accept:"])
@example([b"Accept: a", b"Accept: a ", b"Accept: a"])
def test_remembered_lines_are_read_as_the_parser_does(lines):
    for line in lines * TIMES:
        compare(b"GET / HTTP/1.1\r\n" + HOST + line + b"\r\n\r\n")


def test_limits_hold_for_lines_that_are_remembered():
    line = b"Accept: some bytes"
    assert seen(*known(line))[1] == [200] * TIMES
    assert seen(get(b"/", line), request_field_size=len(line) + 2)[1] == [200]
    assert seen(get(b"/", line), request_field_size=len(line) + 1)[1] == [431]
    assert seen(get(b"/", line, line), request_fields=3)[1] == [200]
    assert seen(get(b"/", line, line), request_fields=2)[1] == [431]
    size = len(get(b"/", line)) - 2 - len("GET \r\n") + len("GET")
    assert seen(get(b"/", line), request_head=size)[1] == [200]
    assert seen(get(b"/", line), request_head=size - 20)[1] == [431]


def test_a_field_is_as_large_however_it_is_spaced():
    for line in (b"Accept:some bytes", b"Accept: some bytes"):
        for _ in range(TIMES):
            assert seen(get(b"/", line), request_field_size=len(b"Accept: some bytes") + 1)[1] == [431]
            assert seen(get(b"/", line), request_field_size=len(b"Accept: some bytes") + 2)[1] == [200]


@pytest.mark.parametrize("line", [b"Pragma: " + b"a" * size for size in (0, 1, 247, 248, 249, 8000)])
def test_lines_of_every_length(line):
    fields, _ = seen(*known(line))
    assert fields == [[(b"pragma", line[8:])]] * TIMES


def test_more_lines_than_are_remembered():
    lines = [b"User-Agent: %d" % number for number in range(2000)]
    for _ in range(TIMES):
        fields, _ = seen(*[get(b"/", *lines[start:start + 50]) for start in range(0, len(lines), 50)])
        assert [value for request in fields for _, value in request] == [line[12:] for line in lines]


def test_a_name_becomes_a_proxys():
    """Also one whose line is known already."""
    line = b"Via: 192.0.2.1"
    told = []
    seen(*known(line), forwarded=lambda scope, underscored: told.append(scope))
    assert told == []
    watch([b"via"])
    seen(*known(line), forwarded=lambda scope, underscored: told.append(scope))
    assert len(told) == TIMES


@pytest.mark.parametrize("field", [b"Content-Length: 00000000000003", b"Connection: keep-alive", b"Host: example.org"])
def test_what_frames_or_routes_counts_each_time(field):
    request = b"POST / HTTP/1.1\r\n" + (HOST if not field.startswith(b"Host") else b"") + field + b"\r\n\r\n"
    for _ in range(TIMES):
        compare(request + (b"abc" if b"Length" in field else b""))
    twice = request[:-2] + field + b"\r\n\r\n"
    _, statuses = seen(twice)
    assert statuses == ([200] if b"Connection" in field else [400])
