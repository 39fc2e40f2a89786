"""Found in review: `X-Forwarded-Ssl: on, on`, as two proxies write it, or one that joins two fields (RFC 9110, 5.3),
was `http`, and beside `X-Forwarded-Proto: https` a 400 for a contradiction. Two fields `on` were `https`."""

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.proxy.forwarded import Forwarded
from tests.support.apps import Recorder, hello
from tests.support.wire import get


def ask(wire, *fields, secure=None):
    cfg = GunicornConfig()
    cfg.set("forwarded_allow_ips", "*")
    if secure is not None:
        cfg.set("secure_scheme_headers", secure)
    app = Recorder(hello)
    it = wire(app, forwarded=Forwarded(cfg).apply).send(get(b"/", *fields))
    return app.scope["scheme"] if app.scopes else it.output


@pytest.mark.parametrize("fields", [
    [b"X-Forwarded-Ssl: on, on"], [b"X-Forwarded-Ssl: on,"], [b"X-Forwarded-Protocol: ssl,ssl"],
    [b"X-Forwarded-Ssl: on, on", b"X-Forwarded-Proto: https"],
])
def test_entries_that_agree_are_as_one(wire, fields):
    assert ask(wire, *fields) == "https"


@pytest.mark.parametrize("value", [b"on, off", b"off, on", b"on, https://"])
def test_entries_that_differ_are_refused(wire, value):
    assert ask(wire, b"X-Forwarded-Ssl: " + value).startswith(b"HTTP/1.1 400 ")


def test_value_that_has_a_comma_itself_is_one(wire):
    secure = {"X-FORWARDED-PROTO": "https, http"}
    assert ask(wire, b"X-Forwarded-Proto: https, http", secure=secure) == "https"
