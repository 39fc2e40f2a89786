"""A client whose certificate had a byte that is not ASCII in the name of a host, which OpenSSL takes and Python's ssl
cannot read, shook hands and got no answer, and no log told of it."""

from cryptography import x509

from tests.support.mutual_tls import client_certificate, told_of

HOST_NAMES = x509.ObjectIdentifier("2.5.29.17")  # subjectAltName (RFC 5280, 4.2.1.6)
ONE = b"caf\xe9.example"
VALUE = bytes((0x30, 2 + len(ONE), 0x82, len(ONE))) + ONE  # a list of one dNSName, in DER


def unreadable(builder, given):
    builder = builder.subject_name(given.subject)
    for extension in given.extensions:
        value = x509.UnrecognizedExtension(HOST_NAMES, VALUE) if extension.oid == HOST_NAMES else extension.value
        builder = builder.add_extension(value, extension.critical)
    return builder


def test_request_is_answered_and_the_app_has_the_certificate(serve, tmp_path):
    client = client_certificate(unreadable)
    told = told_of(client, serve, tmp_path)
    assert told["client_cert_name"] is None
    assert told["client_cert_chain"][0] == client.pem
