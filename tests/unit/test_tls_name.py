"""fastsrv/tls/name.py: the text of a distinguished name (RFC 4514), from what Python's ssl says of one."""

import pytest

from fastsrv.tls.name import distinguished_name


def single(*pairs):
    return tuple((pair,) for pair in pairs)


@pytest.mark.parametrize(("subject", "text"), [
    ((), ""),
    # Those of RFC 4514, section 4, in the order of a certificate.
    (single(("domainComponent", "net"), ("domainComponent", "example"), ("userId", "jsmith")),
     "UID=jsmith,DC=example,DC=net"),
    ((*single(("domainComponent", "net"), ("domainComponent", "example")),
      (("organizationalUnitName", "Sales"), ("commonName", "J.  Smith"))),
     "OU=Sales+CN=J.  Smith,DC=example,DC=net"),
    (single(("domainComponent", "net"), ("domainComponent", "example"), ("commonName", 'James "Jim" Smith, III')),
     r"CN=James \"Jim\" Smith\, III,DC=example,DC=net"),
    (single(("domainComponent", "net"), ("domainComponent", "example"), ("commonName", "Before\rAfter")),
     r"CN=Before\0DAfter,DC=example,DC=net"),
    (single(("1.3.6.1.4.1.1466.0", "Hi")), "1.3.6.1.4.1.1466.0=#0c024869"),
    (single(("surname", "Lučić")), "surname=Lučić"),
    # Its other short names, and what has none.
    (single(("countryName", "GB"), ("stateOrProvinceName", "Surrey"), ("localityName", "Esher"),
            ("streetAddress", "1 High St"), ("organizationName", "Kille"), ("emailAddress", "s@example.org")),
     "emailAddress=s@example.org,O=Kille,STREET=1 High St,L=Esher,ST=Surrey,C=GB"),
    # What is escaped, and where.
    (single(("commonName", "#x")), r"CN=\#x"),
    (single(("commonName", "x#")), "CN=x#"),
    (single(("commonName", " x ")), r"CN=\ x\ "),
    (single(("commonName", " ")), r"CN=\ "),
    (single(("commonName", "a+b;c<d>e\\f=g")), r"CN=a\+b\;c\<d\>e\\f=g"),
    (single(("commonName", "\0\n\x7f")), r"CN=\00\0A\7F"),
    (single(("commonName", "\x80a\x9b31m\x9f\xa0")), "CN=\\C2\\80a\\C2\\9B31m\\C2\\9F\xa0"),
    (single(("1.2.3", "x" * 200)), "1.2.3=#0c81c8" + "78" * 200),
    (single(("1.2.3", "x" * 300)), "1.2.3=#0c82012c" + "78" * 300),
])
def test_text_of_a_name(subject, text):
    assert distinguished_name(subject) == text
