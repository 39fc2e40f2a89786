"""Found in review: a client whose certificate has a unique identifier (X.520, 6.2.7) in its subject, a string of bits,
shook hands and got no answer: Python's ssl has bytes there, and the text of a name took texts alone. And a type for
which OpenSSL has several words stood in that text as them, which no type can be (RFC 4514, 3)."""

import datetime
import ssl
from contextlib import closing

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from tests.support.asking import ask
from tests.support.authority import authority, certificate, client_context, server_context, text

PRINCIPAL = x509.NameAttribute(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), "Hi")
# The first octet says how many bits of the last one are unused.
BITS = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0Hi", _ASN1Type.BitString)
NAME = x509.NameAttribute(NameOID.COMMON_NAME, "client")


def client_called(*attributes):
    """A client's certificate, as tests/support/authority.py makes them, with that subject."""
    made = certificate("client.example.org")
    issuer = authority()
    given = x509.load_pem_x509_certificate(made.pem.encode())
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder().subject_name(x509.Name(attributes)).issuer_name(given.issuer)
        .public_key(given.public_key()).serial_number(given.serial_number)
        .not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1)))
    key = serialization.load_pem_private_key(issuer.private_key_pem.bytes(), None)
    made.pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    made.both = made.key + made.pem
    return made


@pytest.mark.parametrize(("attributes", "name"), [
    ((NAME, BITS), "x500UniqueIdentifier=#0303004869,CN=client"),  # in BER (RFC 4514, 2.4), with no bit unused
    ((NAME, PRINCIPAL), "1.3.6.1.4.1.311.20.2.3=#0c024869,CN=client"),
])
def test_request_is_answered_and_the_app_has_the_name(serve, tmp_path, attributes, name):
    seen = []

    async def app(scope, receive, send):
        if scope["type"] == "http":
            seen.append(scope["extensions"]["tls"]["client_cert_name"])
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    (tmp_path / "ca").write_text(text(authority().cert_pem))
    context = server_context(certificate(), tmp_path)
    context.load_verify_locations(tmp_path / "ca")
    context.verify_mode = ssl.CERT_REQUIRED
    client = client_called(*attributes)
    server = serve(app, tls=context)
    with closing(client_context(client, tmp_path).wrap_socket(server.connect(), server_hostname="localhost")) as one:
        assert ask(one).status == 200
    assert seen == [name]
