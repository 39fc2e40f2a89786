"""Clients with certificates that trustme does not make, and what an app is told of them."""

import ssl
from contextlib import closing

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.support.asking import ask
from tests.support.authority import authority, certificate, client_context, server_context, text


def client_certificate(build):
    """As certificate() of authority.py. build(builder, given): the x509.CertificateBuilder of it, from one that lacks
    subject and extensions, and from an x509.Certificate with ordinary ones."""
    made = certificate("client.example.org")
    given = x509.load_pem_x509_certificate(made.pem.encode())
    builder = (
        x509.CertificateBuilder().issuer_name(given.issuer).public_key(given.public_key())
        .serial_number(given.serial_number).not_valid_before(given.not_valid_before_utc)
        .not_valid_after(given.not_valid_after_utc))
    key = serialization.load_pem_private_key(authority().private_key_pem.bytes(), None)
    made.pem = build(builder, given).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    made.both = made.key + made.pem
    return made


def told_of(client, serve, folder):
    """The `tls` extension (ASGI) of a request with this certificate, which is answered with 200."""
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append(scope["extensions"]["tls"])
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    (folder / "ca").write_text(text(authority().cert_pem))
    context = server_context(certificate(), folder)
    context.load_verify_locations(folder / "ca")
    context.verify_mode = ssl.CERT_REQUIRED
    server = serve(app, tls=context)
    with closing(client_context(client, folder).wrap_socket(server.connect(), server_hostname="localhost")) as one:
        assert ask(one).status == 200
    (told,) = seen
    return told
