"""Where a response's body ends: Content-Length, chunks or the connection's end, and bodies that must not be.

Status line and fields: test_response.py.
"""

import pytest

from tests.support.answers import answering, statuses, take_apart
from tests.support.wire import get

HEAD = get().replace(b"GET", b"HEAD")
NEXT = get(b"/next")


def framing(answer):
    """The fields that tell of the body's end and of the connection's."""
    names = (b"content-length", b"transfer-encoding", b"connection")
    return [(name, value) for name, value in answer.fields if name.lower() in names]


class Twice:
    """Answers /next plainly and everything else with `app`: is the connection still in step?"""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        app = answering(200, [], b"in step") if scope["path"] == "/next" else self.app
        await app(scope, receive, send)


# --- HTTP/1.1 ---


@pytest.mark.parametrize("size", [0, 5, 16 * 1024, 16 * 1024 + 1, 1_000_000])
def test_whole_body_gets_a_content_length(wire, size):
    answer = take_apart(wire(answering(200, [], b"x" * size)).send(get()).output)
    assert framing(answer) == [(b"content-length", b"%d" % size)]
    assert answer.body == b"x" * size


def test_small_response_leaves_in_one_write(wire):
    it = wire(answering(200, [], b"hello")).send(get())
    assert len(it.writes) == 1


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_body_may_be_anything_like_bytes(wire, kind):
    answer = take_apart(wire(answering(200, [], kind(b"hello"))).send(get()).output)
    assert answer.body == b"hello"


@pytest.mark.parametrize(("parts", "body"), [
    ([b"hello ", b"world"], b"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"),
    ([b"hello", b""], b"5\r\nhello\r\n0\r\n\r\n"),
    ([b"", b"hello"], b"5\r\nhello\r\n0\r\n\r\n"),
    ([b"", b""], b"0\r\n\r\n"),
    ([b"a", b"", b"b", b""], b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),  # an empty chunk would be the last
    ([b"x" * 0x4000, b"y" * 0x4001], b"4000\r\n" + b"x" * 0x4000 + b"\r\n4001\r\n" + b"y" * 0x4001
     + b"\r\n0\r\n\r\n"),
], ids=["two", "empty end", "empty start", "all empty", "empty within", "large"])
def test_streamed_body_leaves_in_chunks(wire, parts, body):
    answer = take_apart(wire(answering(200, [], *parts)).send(get()).output)
    assert framing(answer) == [(b"transfer-encoding", b"chunked")]
    assert answer.body == body


def test_streamed_body_with_a_content_length_is_not_chunked(wire):
    app = answering(200, [(b"Content-Length", b"11")], b"hello ", b"", b"world")
    answer = take_apart(wire(app).send(get()).output)
    assert framing(answer) == [(b"Content-Length", b"11")]
    assert answer.body == b"hello world"


@pytest.mark.parametrize("value", [b"chunked", b"gzip, chunked", b"identity"])
@pytest.mark.parametrize(("more", "parts", "expected", "body"), [
    ([], [b"hello"], [(b"content-length", b"5")], b"hello"),
    ([(b"content-length", b"5")], [b"hello"], [(b"content-length", b"5")], b"hello"),
    ([(b"content-length", b"5")], [b"he", b"llo"], [(b"content-length", b"5")], b"hello"),
    ([], [b"he", b"llo"], [(b"transfer-encoding", b"chunked")], b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
], ids=["whole", "with length", "streamed with length", "streamed"])
def test_transfer_encoding_of_the_app_is_ignored(wire, value, more, parts, expected, body):
    """ASGI http, "Response Start": framing stays ours, whatever peers do with it."""
    headers = [(b"Transfer-Encoding", value), *more]
    answer = take_apart(wire(answering(200, headers, *parts)).send(get()).output)
    assert framing(answer) == expected
    assert answer.body == body


# --- a content-length that is not kept: never a wrong length on the wire ---


@pytest.mark.parametrize("parts", [[b"hello!"], [b"hell"], [b""], [b"hello!", b""]],
                         ids=["too long", "too short", "empty", "too long at first"])
def test_content_length_broken_at_once_is_a_500(wire, caplog, parts):
    it = wire(answering(200, [(b"content-length", b"5")], *parts)).send(get(), NEXT)
    assert statuses(it.output) == [500]
    assert it.ended
    assert "content-length" in caplog.text and "Traceback" in caplog.text


@pytest.mark.parametrize(("parts", "sent"), [
    ([b"he", b"l"], b"he"), ([b"he", b""], b"he"),
])
def test_content_length_not_reached_closes_the_connection(wire, caplog, parts, sent):
    it = wire(answering(200, [(b"content-length", b"5")], *parts)).send(get(), NEXT)
    answer = take_apart(it.output)
    assert answer.body == sent
    assert it.ended
    assert "content-length" in caplog.text and "Traceback" in caplog.text


@pytest.mark.parametrize("parts", [[b"he", b"llo!"], [b"hello", b"!"], [b"hel", b"lo!", b"!"]])
def test_content_length_exceeded_later_gives_a_whole_answer(wire, caplog, parts):
    it = wire(answering(200, [(b"content-length", b"5")], *parts)).send(get())
    assert take_apart(it.output).body == b"hello"
    assert not it.ended
    assert "content-length" in caplog.text and "Traceback" in caplog.text


def test_more_than_the_content_length_is_an_error_of_the_app_and_not_of_an_answer_that_is_whole(wire, caplog):
    it = wire(answering(200, [(b"content-length", b"5")], b"hello", b"!")).send(get(), NEXT)
    assert statuses(it.output) == [200, 200]
    assert it.output.endswith(b"hello") and b"!" not in it.output
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_app_that_stops_within_its_content_length_closes_the_connection(wire, caplog):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
        await send({"type": "http.response.body", "body": b"he", "more_body": True})

    it = wire(app).send(get(), NEXT)
    assert take_apart(it.output).body == b"he"
    assert it.ended
    assert "returned without completing its response" in caplog.text


# --- bodies that must not be ---


@pytest.mark.parametrize(("app", "expected"), [
    (answering(200, [], b"hello"), [(b"content-length", b"5")]),
    (answering(200, [(b"content-length", b"5")], b"hello"), [(b"content-length", b"5")]),
    (answering(200, [(b"content-length", b"5")]), [(b"content-length", b"5")]),  # as a framework's HEAD
    (answering(200, [(b"content-length", b"5")], b"he", b"llo"), [(b"content-length", b"5")]),
    (answering(200, [], b"he", b"llo"), [(b"transfer-encoding", b"chunked")]),
    (answering(404, []), []),  # of what GET would have we know nothing (RFC 9110, 9.3.2 lets us leave it out)
], ids=["whole", "length", "length alone", "streamed with length", "streamed", "empty"])
def test_answer_to_head_has_the_fields_of_get_and_no_body(wire, app, expected):
    it = wire(Twice(app)).send(HEAD)
    answer = take_apart(it.take())
    assert framing(answer) == expected
    assert answer.body == b""
    it.send(NEXT)
    assert take_apart(it.output).body == b"in step"


def test_failed_head_has_no_body_either(wire):
    async def app(scope, receive, send):
        raise RuntimeError

    it = wire(app).send(HEAD)
    answer = take_apart(it.output)
    assert answer.status == 500
    assert answer.body == b""
    assert it.ended


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("parts", [[], [b"hello"], [b"he", b"llo"]], ids=["empty", "whole", "streamed"])
def test_204_and_304_have_neither_body_nor_length_of_ours(wire, status, parts):
    it = wire(Twice(answering(status, [], *parts))).send(get())
    answer = take_apart(it.take())
    assert answer.status == status
    assert framing(answer) == []
    assert answer.body == b""
    it.send(NEXT)
    assert take_apart(it.output).body == b"in step"


def test_304_keeps_the_content_length_that_a_200_would_have(wire):
    """RFC 9110, 15.4.5 and 8.6."""
    answer = take_apart(wire(answering(304, [(b"content-length", b"5")])).send(get()).output)
    assert framing(answer) == [(b"content-length", b"5")]


def test_204_loses_the_content_length_of_the_app(wire):
    """RFC 9110, 8.6: a server MUST NOT send it."""
    answer = take_apart(wire(answering(204, [(b"content-length", b"0"), (b"etag", b"x")])).send(get()).output)
    assert framing(answer) == []
    assert answer.values(b"etag") == [b"x"]


@pytest.mark.parametrize("status", [100, 101, 103, 199])
def test_1xx_has_no_body_and_ends_the_connection(wire, status):
    """It is no final answer, so nothing can follow that the peer would understand."""
    it = wire(answering(status, [(b"content-length", b"5")], b"hello")).send(get(), NEXT)
    answer = take_apart(it.output)
    assert answer.status == status
    assert framing(answer) == [(b"connection", b"close")]
    assert answer.body == b""
    assert it.ended


# --- HTTP/1.0 ---


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"5")]], ids=["none", "length"])
def test_http_1_0_response_closes_unless_asked_otherwise(wire, headers):
    it = wire(answering(200, headers, b"hello")).send(get(version=b"1.0"))
    answer = take_apart(it.output)
    assert framing(answer) == [(b"content-length", b"5"), (b"connection", b"close")]
    assert answer.body == b"hello"
    assert it.ended


def test_http_1_0_keep_alive_is_confirmed_and_kept(wire):
    it = wire(Twice(answering(200, [], b"hello")))
    it.send(get(b"/", b"Connection: Keep-Alive", version=b"1.0"))
    answer = take_apart(it.take())
    assert framing(answer) == [(b"content-length", b"5"), (b"connection", b"keep-alive")]
    it.send(get(b"/next", b"Connection: keep-alive", version=b"1.0"))
    assert take_apart(it.output).body == b"in step"
    assert not it.ended


@pytest.mark.parametrize("asks", [[], [b"Connection: keep-alive"]], ids=["close", "keep-alive"])
def test_http_1_0_body_without_a_length_ends_with_the_connection(wire, asks):
    it = wire(answering(200, [], b"he", b"", b"llo")).send(get(b"/", *asks, version=b"1.0"))
    answer = take_apart(it.output)
    assert framing(answer) == [(b"connection", b"close")]
    assert answer.body == b"hello"
    assert it.ended


def test_http_1_0_streamed_with_a_length_may_keep_alive(wire):
    it = wire(answering(200, [(b"content-length", b"5")], b"he", b"llo"))
    it.send(get(b"/", b"Connection: keep-alive", version=b"1.0"))
    answer = take_apart(it.output)
    assert framing(answer) == [(b"content-length", b"5"), (b"connection", b"keep-alive")]
    assert answer.body == b"hello"
    assert not it.ended


@pytest.mark.parametrize(("value", "ends"), [
    (b"close", True), (b"Close", True), (b"keep-alive", False), (b"foo, close", True), (b"upgrade", False),
])
def test_http_1_1_persists_unless_the_client_says_close(wire, value, ends):
    it = wire(answering(200, [], b"hello")).send(get(b"/", b"Connection: " + value))
    assert take_apart(it.output).values(b"connection") == ([b"close"] if ends else [])
    assert it.ended is ends
