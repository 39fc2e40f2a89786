"""A client that offered ffdhe8192 alone got it: 0.2 s of a loop for a packet that it had recorded, so that ten of them
kept a worker's others waiting for seconds (CVE-2002-20001)."""

import ssl

import pytest
from gunicorn.config import Config as GunicornConfig

from fastsrv.config.tls import tls_context
from fastsrv.tls.groups import set_groups
from tests.support.tls import CERTIFICATE, client_context


def group_is_taken(server, names):
    """Does the server's context shake hands with a client that offers these groups alone?"""
    client = client_context(minimum_version=ssl.TLSVersion.TLSv1_3)
    set_groups(client, names)
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(theirs, ours, server_hostname="localhost")
    answering = server.wrap_bio(ours, theirs, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        asking.do_handshake()
    try:
        answering.do_handshake()
    except ssl.SSLWantReadError:  # the client's turn
        return True
    except ssl.SSLError as error:
        return "NO_SUITABLE" not in error.reason
    raise AssertionError("a handshake has more than one message")


@pytest.mark.parametrize("hook", [None, lambda cfg, default: default()], ids=["no hook", "hook"])
def test_curves_are_taken_and_finite_fields_are_not(hook):
    cfg = GunicornConfig()
    cfg.set("certfile", str(CERTIFICATE))
    if hook is not None:
        cfg.set("ssl_context", hook)
    context = tls_context(cfg)
    hybrid = ["X25519MLKEM768"] if ssl.OPENSSL_VERSION_INFO >= (3, 5) else []
    for curve in (*hybrid, "X25519", "P-256", "X448", "P-384", "P-521"):
        assert group_is_taken(context, curve)
    for field in ("ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"):
        assert not group_is_taken(context, field)


def test_group_that_is_unknown_is_told_of():
    with pytest.raises((ValueError, ssl.SSLError)):
        set_groups(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "P-1")
