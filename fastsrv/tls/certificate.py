"""Which certificate a server shows: Python's ssl does not tell what a context holds, so a client in memory asks it.

Knows no connection of a peer's. fastsrv/tls/extension.py calls it, in the thread that makes the connections.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

FLIGHTS = 5  # that a handshake takes, at most: a client's, a server's, and so on


def certificate_shown(context: ssl.SSLContext, version: int, cipher: str) -> str | None:
    """In PEM format: what a client gets that agrees with `context` on this version (an ssl.TLSVersion) and cipher suite
    (OpenSSL's name). Under TLS 1.2 the suite says of which kind the certificate is, if there are several; under 1.3 it
    is the one that a client gets which takes all kinds. None if no handshake comes about: below TLS 1.2, say."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    if version == ssl.TLSVersion.TLSv1_3:
        client.minimum_version = ssl.TLSVersion.TLSv1_3
        client.set_ciphers("ALL:@SECLEVEL=0")
    else:
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        client.set_ciphers(f"{cipher}:@SECLEVEL=0")
    # It is the context of a connection whose handshake is done: its callback has chosen, and is not asked again.
    callback, context.sni_callback = context.sni_callback, None
    try:
        with verifying(context, ssl.CERT_NONE):  # the client here has no certificate of its own
            return shake_hands(client, context)
    except (ssl.SSLError, ValueError):
        return None
    finally:
        context.sni_callback = callback


@contextmanager
def verifying(context: ssl.SSLContext, mode: ssl.VerifyMode) -> Iterator[None]:
    """`context` with another mode. Nothing else may run meanwhile; connections that are there have their own."""
    usual, context.verify_mode = context.verify_mode, mode
    try:
        yield
    finally:
        context.verify_mode = usual


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> str | None:
    """The certificate that `server` shows."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(to_client, to_server)
    answers = server.wrap_bio(to_server, to_client, server_side=True)
    for flight in range(FLIGHTS):
        try:
            (answers if flight % 2 else asks).do_handshake()
        except ssl.SSLWantReadError:
            pass
    certificate = asks.getpeercert(binary_form=True)
    return None if certificate is None else ssl.DER_cert_to_PEM_cert(certificate)
