"""A certificate for localhost, self-signed, contexts for both sides of a TLS connection, and a client in memory."""

import contextlib
import ssl
from pathlib import Path

# With its key; it ends in 2126: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes
# -days 36500 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
CERTIFICATE = Path(__file__).with_name("localhost.pem")


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context(**attributes):
    context = ssl.create_default_context(cafile=CERTIFICATE)
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


class Tunnel:
    """A TLS client's side without a socket: what is said -> bytes to send, bytes that came -> what is heard."""

    def __init__(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def shake_hands(self, data=b""):
        """What is to be sent next, given what has come."""
        self.incoming.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def encrypt(self, data):
        self.tls.write(data)
        return self.outgoing.read()

    def decrypt(self, data):
        """In any pieces; nothing comes behind the peer's close_notify."""
        self.incoming.write(data)
        heard = b""
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while plain := self.tls.read(1 << 16):
                heard += plain
        return heard
