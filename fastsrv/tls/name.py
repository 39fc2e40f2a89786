"""A distinguished name of Python's ssl -> its text (RFC 4514)."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The short names that a text has to use (RFC 4514, 3), by those of OpenSSL. The others are descriptors as they are.
SHORT = {
    "commonName": "CN", "localityName": "L", "stateOrProvinceName": "ST", "organizationName": "O",
    "organizationalUnitName": "OU", "countryName": "C", "streetAddress": "STREET", "domainComponent": "DC",
    "userId": "UID",
}
# What has to be escaped (2.4), and control characters, which would be no good in a log.
SPECIAL = re.compile(r'[\x00-\x1f\x7f-\x9f]|^[ #]| \Z|["+,;<>\\]')
UTF8_STRING = 0x0C  # its tag (X.690, 8.23)
LONG = 0x80  # a length beyond it says how many bytes it has itself

RDN = Iterable[tuple[str, str]]


def distinguished_name(subject: Iterable[RDN]) -> str:
    """subject: as SSLObject.getpeercert() has it, its RDNs in the order of the certificate, each one or more pairs of
    type and value."""
    return ",".join("+".join(attribute(*pair) for pair in rdn) for rdn in reversed([*subject]))


def attribute(kind: str, value: str) -> str:
    if not kind[0].isdigit():
        return f"{SHORT.get(kind, kind)}={SPECIAL.sub(escaped, value)}"
    # A type without a name has its value in BER (2.4). ssl does not tell of which string type that was.
    text = value.encode()
    size = [len(text)]
    if size[0] >= LONG:
        octets = size[0].to_bytes((size[0].bit_length() + 7) // 8, "big")
        size = [LONG | len(octets), *octets]
    return f"{kind}=#{bytes([UTF8_STRING, *size]).hex()}{text.hex()}"


def escaped(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{character}" if character.isprintable() else "".join(f"\\{octet:02X}" for octet in character.encode())
