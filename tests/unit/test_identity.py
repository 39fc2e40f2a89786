"""fastsrv/log/identity.py: what a request goes by, a trusted proxy's word or made; in the scope, the logs and the
answer. Under gunicorn: tests/worker/test_logs.py."""

import json
import re

import pytest
from gunicorn.config import Config as GunicornConfig
from gunicorn.glogging import Logger

from fastsrv.log import atoms
from fastsrv.log.identity import EXTENSION, Identity
from fastsrv.log.json_object import json_of
from fastsrv.proxy.forwarded import Forwarded
from tests.support.answers import take_apart
from tests.support.apps import hello
from tests.support.wire import get

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
MADE = re.compile(r"(?!0{32})[0-9a-f]{32}")
TRUSTED, UNTRUSTED = "192.0.2.0/24", "203.0.113.1"  # the peer is 192.0.2.7


def trusting(peers):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", peers)
    return Forwarded(cfg).trusts_peer


@pytest.fixture
def ask(wire):
    """ask(*fields) -> (scope, call, the answer's bytes) of a request with these."""
    def play(*fields, peers=TRUSTED, answers=False, app=hello, request=None, **settings):
        scopes, calls = [], []

        async def seen(scope, receive, send):
            scopes.append(scope)
            await app(scope, receive, send)

        identity = Identity(trusting(peers), answers=answers)
        it = wire(seen, identify=identity.identify, finished=calls.append, unserved=calls.append, **settings)
        it.send(get(b"/", *fields) if request is None else request)
        return (scopes[0] if scopes else None), calls[0], it.output

    return play


def of(scope):
    return scope["extensions"][EXTENSION]


def fields_of(output):
    return take_apart(output).values(b"x-request-id")


# --- whose word it is ---


def test_word_of_a_trusted_proxy(ask):
    scope, call, _ = ask(b"X-Request-ID: abc-123", b"traceparent: " + TRACEPARENT.encode())
    assert of(scope) == {"request_id": "abc-123", "trace_id": TRACE, "traceparent": TRACEPARENT}
    assert (call.request_id, call.trace_id) == ("abc-123", TRACE)


def test_word_of_the_peer_of_a_unix_socket(ask):
    scope, _, _ = ask(b"X-Request-ID: abc-123", unix=True, peers=UNTRUSTED)
    assert of(scope)["request_id"] == "abc-123"


def test_word_of_anybody_else_is_not_believed(ask):
    scope, call, _ = ask(b"X-Request-ID: abc-123", b"traceparent: " + TRACEPARENT.encode(), peers=UNTRUSTED)
    assert MADE.fullmatch(call.request_id)
    assert re.fullmatch(f"00-{call.trace_id}-(?!0{{16}})[0-9a-f]{{16}}-03", of(scope)["traceparent"])
    assert TRACE not in of(scope)["traceparent"]
    assert (b"x-request-id", b"abc-123") in scope["headers"]  # which are the client's


def test_request_without_a_word_goes_by_its_trace(ask):
    scope, call, _ = ask()
    assert call.request_id == call.trace_id == of(scope)["trace_id"]
    _, call, _ = ask(b"traceparent: " + TRACEPARENT.encode())
    assert call.request_id == TRACE


def test_each_request_has_its_own(ask):
    assert len({ask()[1].request_id for _ in range(50)}) == 50


def test_trust_is_of_the_peer_and_not_of_whom_it_speaks_for(ask):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", TRUSTED)
    scope, _, _ = ask(b"X-Forwarded-For: 203.0.113.1", b"X-Request-ID: a", forwarded=Forwarded(cfg).apply)
    assert (scope["client"][0], of(scope)["request_id"]) == ("203.0.113.1", "a")


# --- what is one ---


@pytest.mark.parametrize("said", [
    "a", "0" * 200, "7b3f0f1e-8a53-4c0e-9d7e-8f8a3f5b6c7d", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "YWJj+/=",
    "Root=1-67891233-abcdef012345678912345678", "a.b_c~d:e@f",
])
def test_request_id(ask, said):
    assert ask(b"X-Request-ID: " + said.encode())[1].request_id == said


@pytest.mark.parametrize("said", [
    b"", b"0" * 201, b"a b", b"a\tb", b'a"', b"a\\", b"\xe9", b"\x80", b"a,b", b"a;b", b"<a>", b"a%20", b"{a}",
], ids=repr)
def test_no_request_id(ask, said):
    assert MADE.fullmatch(ask(b"X-Request-ID: " + said)[1].request_id)


def test_two_request_ids_are_none(ask):
    assert MADE.fullmatch(ask(b"X-Request-ID: a", b"X-Request-ID: b")[1].request_id)


@pytest.mark.parametrize("said", [
    TRACEPARENT, f"00-{TRACE}-{PARENT}-00", f"00-{TRACE}-{PARENT}-ff", f"01-{TRACE}-{PARENT}-01",
    f"cc-{TRACE}-{PARENT}-01-what-the-future-will-be-like", f"fe-{TRACE}-{PARENT}-01-",
])
def test_traceparent(ask, said):
    """Trace Context, 3.2.2; a later version's is passed on."""
    scope, call, _ = ask(b"traceparent: " + said.encode())
    assert (of(scope)["traceparent"], call.trace_id) == (said, TRACE)


@pytest.mark.parametrize("said", [
    "", "00", f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01", TRACEPARENT.upper(),
    TRACEPARENT + "-", TRACEPARENT + "-more", f"cc-{TRACE}-{PARENT}-01more", f"cc-{TRACE}-{PARENT}-01-a b",
    TRACEPARENT[:-1], f"00-{TRACE[:-1]}-{PARENT}-01", f"0g-{TRACE}-{PARENT}-01", f"{TRACE}-{PARENT}-01",
    f"00_{TRACE}_{PARENT}_01", f"{TRACEPARENT},{TRACEPARENT}",
])
def test_no_traceparent(ask, said):
    scope, call, _ = ask(b"traceparent: " + said.encode())
    assert call.trace_id != TRACE
    assert of(scope)["traceparent"].startswith(f"00-{call.trace_id}-")


def test_two_traceparents_are_none(ask):
    assert ask(*[b"traceparent: " + TRACEPARENT.encode()] * 2)[1].trace_id != TRACE


# --- where it is ---


def test_scope_has_none_unless_it_is_asked_for(wire):
    async def app(scope, receive, send):
        assert "extensions" not in scope
        await hello(scope, receive, send)

    calls = []
    wire(app, finished=calls.append).send(get(b"/", b"X-Request-ID: a"))
    assert (calls[0].status, calls[0].request_id, calls[0].trace_id) == (200, None, None)


def test_logs(ask):
    _, call, _ = ask(b"X-Request-ID: a-1")
    line = json.loads(json_of(call))
    assert (line["request_id"], line["trace_id"]) == ("a-1", call.trace_id)
    text = atoms.line_of("%({request_id}e)s %({trace_id}e)s", Logger(GunicornConfig())._get_user)(call)
    assert text == f"a-1 {call.trace_id}"
    assert call.describe() == "GET / (a-1)"


def test_answer_has_it_if_that_is_asked_for(ask):
    assert fields_of(ask(b"X-Request-ID: a-1", answers=True)[2]) == [b"a-1"]
    assert fields_of(ask(b"X-Request-ID: a-1")[2]) == []
    _, call, output = ask(answers=True)
    assert fields_of(output) == [call.request_id.encode()]


def test_answer_of_an_app_that_says_it_has_it_once(ask):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Request-ID", b"its own")]})
        await send({"type": "http.response.body"})

    assert fields_of(ask(answers=True, app=app)[2]) == [b"its own"]


async def failing(scope, receive, send):
    raise RuntimeError("bug")


@pytest.mark.parametrize(("status", "more"), [
    (500, {"app": failing}), (503, {"max_in_flight": 0}), (431, {"request_field_size": 20}),
])
def test_answer_of_ours_has_it_too(ask, status, more):
    _, call, output = ask(b"X-Request-ID: a-1", b"Cookie: " + b"c" * 30, answers=True, **more)
    assert call.status == status
    assert fields_of(output) == [call.request_id.encode()]
    assert MADE.fullmatch(call.request_id) or call.request_id == "a-1"


def test_request_that_cannot_be_read_has_one(ask):
    _, call, output = ask(answers=True, request=b"\x16\x03\x01\r\n")
    assert MADE.fullmatch(call.request_id)
    assert fields_of(output) == [call.request_id.encode()]


@pytest.mark.parametrize("byte", range(256), ids=hex)
def test_no_byte_breaks_it(ask, byte):
    any_byte = bytes([byte])
    for name in b"X-Request-ID: ", b"traceparent: ":
        _, call, output = ask(name + b"a" + any_byte + b"b", answers=True)
        assert call.request_id.isprintable()
        assert fields_of(output) == [call.request_id.encode()]
