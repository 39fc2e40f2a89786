"""Found in review: of X-Forwarded-Proto, -Host and -Prefix each entry of a list was looked at, however many there were.
One head of 64 KiB kept the worker busy for 10 ms, 200 times as long as it takes to read it."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import MAX_HOPS, Forwarded
from tests.support.apps import Recorder, hello
from tests.support.wire import get

LISTS = [(b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Ssl", b"on"), (b"X-Forwarded-Host", b"example.net"),
         (b"X-Forwarded-Port", b"8443"), (b"X-Forwarded-Prefix", b"/api")]


@pytest.fixture
def ask(wire):
    """ask(field) -> is the request served?"""
    def ask(field):
        cfg = GunicornConfig()
        cfg.set("forwarded_allow_ips", "*")
        app = Recorder(hello)
        it = wire(app, forwarded=Forwarded(cfg, "x-forwarded").apply).send(get(b"/", field))
        assert app.scopes or it.output.startswith(b"HTTP/1.1 400 ")
        return bool(app.scopes)

    return ask


@pytest.mark.parametrize(("name", "entry"), LISTS)
def test_entries_are_looked_at_up_to_a_number(ask, name, entry):
    assert ask(name + b": " + b", ".join([entry] * MAX_HOPS))
    assert not ask(name + b": " + b", ".join([entry] * (MAX_HOPS + 1)))


@pytest.mark.parametrize(("name", "entry"), LISTS)
def test_one_that_differs_is_found_wherever_it_stands(ask, name, entry):
    assert not ask(name + b": " + b",".join([entry] * 3 * MAX_HOPS + [b"off"]))
