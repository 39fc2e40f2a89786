"""A client whose certificate had a byte that is not ASCII in the name of a host, which OpenSSL takes and Python's ssl
cannot read, shook hands and got no answer, and no log told of it."""

import ssl
from contextlib import closing

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.support.asking import ask
from tests.support.authority import authority, certificate, client_context, server_context, text

HOST_NAMES = x509.ObjectIdentifier("2.5.29.17")  # subjectAltName (RFC 5280, 4.2.1.6)
ONE = b"caf\xe9.example"
VALUE = bytes((0x30, 2 + len(ONE), 0x82, len(ONE))) + ONE  # a list of one dNSName, in DER


def unreadable():
    """A client's certificate, as tests/support/authority.py makes them, with that name."""
    made = certificate("client.example.org")
    issuer = authority()
    given = x509.load_pem_x509_certificate(made.pem.encode())
    builder = (
        x509.CertificateBuilder().subject_name(given.subject).issuer_name(given.issuer).public_key(given.public_key())
        .serial_number(given.serial_number).not_valid_before(given.not_valid_before_utc)
        .not_valid_after(given.not_valid_after_utc))
    for extension in given.extensions:
        value = x509.UnrecognizedExtension(HOST_NAMES, VALUE) if extension.oid == HOST_NAMES else extension.value
        builder = builder.add_extension(value, extension.critical)
    key = serialization.load_pem_private_key(issuer.private_key_pem.bytes(), None)
    made.pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    made.both = made.key + made.pem
    return made


def test_request_is_answered_and_the_app_has_the_certificate(serve, tmp_path):
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append(scope["extensions"]["tls"])
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    (tmp_path / "ca").write_text(text(authority().cert_pem))
    context = server_context(certificate(), tmp_path)
    context.load_verify_locations(tmp_path / "ca")
    context.verify_mode = ssl.CERT_REQUIRED
    client = unreadable()
    server = serve(app, tls=context)
    with closing(client_context(client, tmp_path).wrap_socket(server.connect(), server_hostname="localhost")) as one:
        assert ask(one).status == 200
    (told,) = seen
    assert told["client_cert_name"] is None
    assert told["client_cert_chain"][0] == client.pem
