"""A distinguished name of Python's ssl -> its text (RFC 4514)."""

from __future__ import annotations

import re
from _ssl import txt2obj
from collections.abc import Iterable

# The short names that a text has to use (RFC 4514, 3), by those of OpenSSL. The others are descriptors as they are.
SHORT = {
    "commonName": "CN", "localityName": "L", "stateOrProvinceName": "ST", "organizationName": "O",
    "organizationalUnitName": "OU", "countryName": "C", "streetAddress": "STREET", "domainComponent": "DC",
    "userId": "UID",
}
# What has to be escaped (2.4), and control characters, which would be no good in a log.
SPECIAL = re.compile(r'[\x00-\x1f\x7f-\x9f]|^[ #]| \Z|["+,;<>\\]')
DESCRIPTOR = re.compile(r"[A-Za-z][A-Za-z0-9-]*")  # (RFC 4512, 1.4)
UTF8_STRING, BIT_STRING = 0x0C, 0x03  # tags (X.690, 8.23 and 8.6)
ALL_USED = b"\0"  # how many bits of the last octet are unused
LONG = 0x80  # a length beyond it says how many bytes it has itself

RDN = Iterable[tuple[str, str | bytes]]


def distinguished_name(subject: Iterable[RDN]) -> str:
    """subject: as SSLObject.getpeercert() has it, its RDNs in the order of the certificate, each one or more pairs of
    type and value."""
    return ",".join("+".join(attribute(*pair) for pair in rdn) for rdn in reversed([*subject]))


def attribute(kind: str, value: str | bytes) -> str:
    if not DESCRIPTOR.fullmatch(kind) and not kind[0].isdigit():
        kind = txt2obj(kind, name=True)[-1]  # OpenSSL has several words for it
    if isinstance(value, bytes):  # of a string of bits alone; ssl does not tell how many of the last are unused
        return f"{SHORT.get(kind, kind)}=#{in_ber(BIT_STRING, ALL_USED + value)}"
    if not kind[0].isdigit():
        return f"{SHORT.get(kind, kind)}={SPECIAL.sub(escaped, value)}"
    # A type without a name has its value in BER (2.4). ssl does not tell of which string type that was.
    return f"{kind}=#{in_ber(UTF8_STRING, value.encode())}"


def in_ber(tag: int, contents: bytes) -> str:
    """In hexadecimal digits."""
    size = [len(contents)]
    if size[0] >= LONG:
        octets = size[0].to_bytes((size[0].bit_length() + 7) // 8, "big")
        size = [LONG | len(octets), *octets]
    return f"{bytes([tag, *size]).hex()}{contents.hex()}"


def escaped(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{character}" if character.isprintable() else "".join(f"\\{octet:02X}" for octet in character.encode())
