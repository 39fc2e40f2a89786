"""A certificate for localhost, self-signed, and contexts for both sides of a TLS connection."""

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
