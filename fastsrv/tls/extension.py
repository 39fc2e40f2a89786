"""The ASGI tls extension (0.2): what an app is told of the TLS that its request came by.

Speaks no TLS. fastsrv/server.py has one for all connections; fastsrv_ext/wire/tls.pyx asks it once a connection.
"""

from __future__ import annotations

import ssl
from typing import Any
from weakref import WeakKeyDictionary

from fastsrv.tls.certificate import certificate_shown, verifying
from fastsrv.tls.name import distinguished_name

NUMBER = 0xFFFF  # the part of OpenSSL's id of a cipher suite that is the suite's own number
DER = 2  # the encoding, for a Certificate of ssl's


class TLSExtension:
    """Keeps what is the same for all connections of a context: they share one dict, unless a client has a
    certificate."""

    def __init__(self) -> None:
        self.known: WeakKeyDictionary[ssl.SSLContext, dict[tuple[Any, Any], dict[str, Any]]] = WeakKeyDictionary()

    def of(self, tls: ssl.SSLObject) -> dict[str, Any]:
        """Of a connection that has shaken hands. Shared by connections: the caller copies it and its list."""
        found = self.without_client(tls)
        certificate = tls.getpeercert(binary_form=True)
        if certificate is None:
            return found
        return {
            **found,
            "client_cert_chain": [ssl.DER_cert_to_PEM_cert(one) for one in chain_of(tls) or [certificate]],
            "client_cert_name": name_of_client(tls),
        }

    def without_client(self, tls: ssl.SSLObject) -> dict[str, Any]:
        """What the context (that of an sni_callback, if one has chosen), the version and the cipher suite say."""
        version, (cipher, _, _) = tls.version(), tls.cipher() or ("", "", 0)
        made = self.known.setdefault(tls.context, {})
        if (version, cipher) not in made:
            number = ssl.TLSVersion[str(version).replace(".", "_")].value
            made[version, cipher] = {
                "server_cert": certificate_shown(tls.context, number, cipher),
                "client_cert_chain": [],
                "client_cert_name": None,
                "client_cert_error": None,  # who shows a bad one has failed to shake hands
                "tls_version": number,
                "cipher_suite": cipher_suite(tls.context, cipher),
            }
        return made[version, cipher]


def name_of_client(tls: ssl.SSLObject) -> str | None:
    """None for a certificate that ssl cannot read, as it has bytes in the names of others that are not ASCII."""
    with verifying(tls.context, ssl.CERT_OPTIONAL):  # or ssl tells nothing, if a callback has chosen it
        try:
            subject: Any = (tls.getpeercert() or {})["subject"]
        except (ssl.SSLError, ValueError):
            return None
    return distinguished_name(subject)


def cipher_suite(context: ssl.SSLContext, name: str) -> int | None:
    """The number (RFC 8446, B.4) of the suite that OpenSSL calls so."""
    for cipher in context.get_ciphers():
        if cipher["name"] == name:
            return int(cipher["id"]) & NUMBER
    return None


def chain_of(tls: Any) -> list[bytes]:
    """What the client has sent, its own certificate first, in DER; empty if its session was resumed, as that keeps no
    more than its own. Before CPython 3.13 ssl has no method for it, but what the method is made of."""
    if hasattr(tls, "get_unverified_chain"):
        return [*tls.get_unverified_chain()]
    return [certificate.public_bytes(DER) for certificate in tls._sslobj.get_unverified_chain() or ()]
