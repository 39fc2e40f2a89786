"""CPython may be built so that the oldest version of TLS is OpenSSL's to choose, as Debian's is: OpenSSL
then names none, and only the choice of suites stood between a client and TLS 1.0."""

import ssl

import pytest
from gunicorn.config import Config

from fastsrv.config.tls import WithDefaults


def left_to_openssl():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


def stricter():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


@pytest.mark.parametrize(("default", "oldest"), [
    (left_to_openssl, ssl.TLSVersion.TLSv1_2), (stricter, ssl.TLSVersion.TLSv1_3),
])
def test_nothing_older_than_tls_1_2_is_spoken(default, oldest):
    assert WithDefaults(Config()).ssl_context(None, default).minimum_version == oldest


def test_a_hook_may_want_older_ones():
    def hook(cfg, default):
        context = default()
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        return context

    cfg = Config()
    cfg.set("ssl_context", hook)
    made = WithDefaults(cfg).ssl_context(None, left_to_openssl)
    assert made.minimum_version == ssl.TLSVersion.MINIMUM_SUPPORTED
