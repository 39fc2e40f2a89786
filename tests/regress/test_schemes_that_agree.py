"""Origin: a report of a proxy that sends X-Forwarded-Proto and X-Forwarded-Protocol, both `https`. It got 400 for a
contradiction, since gunicorn's default knows the second one as `ssl`."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import Forwarded
from tests.support.apps import Recorder
from tests.support.wire import get


@pytest.fixture
def ask(wire):
    """ask(*fields) -> the scheme that the app sees, or the answer of ours."""
    def ask(*fields):
        cfg = GunicornConfig()
        cfg.set("forwarded_allow_ips", "*")
        app = Recorder()
        it = wire(app, forwarded=Forwarded(cfg).apply).send(get(b"/", *fields))
        return app.scope["scheme"] if app.scopes else it.output

    return ask


@pytest.mark.parametrize("fields", [
    [b"X-Forwarded-Proto: https", b"X-Forwarded-Protocol: https"],
    [b"X-Forwarded-Proto: https", b"X-Forwarded-Protocol: ssl", b"X-Forwarded-Ssl: on"],
    [b"X-Forwarded-Proto: HTTPS", b"X-Forwarded-Proto: https"],
    [b"X-Forwarded-Protocol: https"],
])
def test_fields_that_all_mean_https_agree(ask, fields):
    assert ask(*fields) == "https"


@pytest.mark.parametrize("fields", [
    [b"X-Forwarded-Proto: http", b"X-Forwarded-Protocol: http"], [b"X-Forwarded-Proto: http", b"X-Forwarded-Ssl: off"],
    [b"X-Forwarded-Proto: ssl"], [b"X-Forwarded-Protocol: on"], [b"X-Forwarded-Proto: "],
])
def test_any_other_value_is_http(ask, fields):
    assert ask(*fields) == "http"


@pytest.mark.parametrize("fields", [
    [b"X-Forwarded-Proto: https", b"X-Forwarded-Protocol: http"],
    [b"X-Forwarded-Proto: https", b"X-Forwarded-Ssl: off"], [b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http"],
])
def test_fields_that_contradict_each_other_are_refused(ask, fields):
    assert ask(*fields).startswith(b"HTTP/1.1 400 ")
