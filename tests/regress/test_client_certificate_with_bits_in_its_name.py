"""Found in review: a client whose certificate has a unique identifier (X.520, 6.2.7) in its subject, a string of bits,
shook hands and got no answer: Python's ssl has bytes there, and the text of a name took texts alone. And a type for
which OpenSSL has several words stood in that text as them, which no type can be (RFC 4514, 3)."""

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from tests.support.mutual_tls import client_certificate, told_of

PRINCIPAL = x509.NameAttribute(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), "Hi")
# The first octet says how many bits of the last one are unused.
BITS = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0Hi", _ASN1Type.BitString)
NAME = x509.NameAttribute(NameOID.COMMON_NAME, "client")


@pytest.mark.parametrize(("attributes", "name"), [
    ((NAME, BITS), "x500UniqueIdentifier=#0303004869,CN=client"),  # in BER (RFC 4514, 2.4), with no bit unused
    ((NAME, PRINCIPAL), "1.3.6.1.4.1.311.20.2.3=#0c024869,CN=client"),
])
def test_request_is_answered_and_the_app_has_the_name(serve, tmp_path, attributes, name):
    client = client_certificate(lambda builder, given: builder.subject_name(x509.Name(attributes)))
    assert told_of(client, serve, tmp_path)["client_cert_name"] == name
