"""fastsrv/proxy/preface.py: the PROXY protocol's bytes, version 1 and 2, whole, in parts, and malformed."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsrv.proxy.preface import UNKNOWN, V2_LONGEST, Preface, PrefaceError, begins, read

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TCP4 = socket.inet_aton("192.0.2.9") + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 5555, 443)
TCP6 = b"".join(socket.inet_pton(socket.AF_INET6, text) for text in ("2001:db8::9", "2001:db8::1"))
TCP6 += struct.pack("!HH", 5555, 443)
TCP46 = 2 * socket.inet_pton(socket.AF_INET6, "::ffff:192.0.2.9") + struct.pack("!HH", 5555, 443)
UNIX = b"/run/client".ljust(108, b"\0") + b"/run/proxy".ljust(108, b"\0")
TLV = b"\x04\x00\x05hello"
SSL = b"\x20\0\x0f\x01\0\0\0\0" + b"\x21\0\x07TLSv1.3"  # what haproxy says: by TLS, its certificate's check, which
V4, V6 = (("192.0.2.9", 5555), ("198.51.100.1", 443)), (("2001:db8::9", 5555), ("2001:db8::1", 443))
MAPPED = (("::ffff:192.0.2.9", 5555), ("::ffff:192.0.2.9", 443))  # as a socket names it, whatever ipaddress does


def v2(command, family, body=b"", length=None):
    return SIGNATURE + struct.pack("!BBH", command, family, len(body) if length is None else length) + body


@pytest.mark.parametrize(("data", "said"), [
    (b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 443\r\n", V4),
    (b"PROXY TCP6 2001:db8::9 2001:DB8:0::1 5555 443\r\n", V6),
    (b"PROXY TCP4 192.0.2.9 198.51.100.1 0 65535\r\n", (("192.0.2.9", 0), ("198.51.100.1", 65535))),
    (b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n",
     (("ffff:" * 7 + "ffff", 65535), ("ffff:" * 7 + "ffff", 65535))),
    (b"PROXY TCP6 ::ffff:192.0.2.9 ::FFFF:c000:0209 5555 443\r\n", MAPPED), (v2(0x21, 0x21, TCP46), MAPPED),
    (b"PROXY UNKNOWN\r\n", (UNKNOWN, None)),
    (b"PROXY UNKNOWN ffff:f ffff 65535 65535 what ever\r\n", (UNKNOWN, None)),
    (v2(0x21, 0x11, TCP4), V4), (v2(0x21, 0x11, TCP4 + TLV * 9), V4), (v2(0x21, 0x21, TCP6), V6),
    (v2(0x21, 0x21, TCP6 + b"\4\x0f\xd9" + b"\0" * 4057), V6), (v2(0x21, 0x31, UNIX), (UNKNOWN, ("/run/proxy", None))),
    (v2(0x20, 0x00), (None, None)), (v2(0x20, 0x11, TCP4), (None, None)), (v2(0x20, 0xff, TLV), (None, None)),
    (v2(0x21, 0x00, TLV), (UNKNOWN, None)),
])
def test_preface(data, said):
    assert read(data) == read(data + b"GET / HTTP/1.1\r\n\r\n") == Preface(len(data), *said)
    assert begins(data, "auto") is True


@pytest.mark.parametrize(("values", "secure"), [
    (b"", False), (TLV, False), (SSL, True), (TLV + SSL + TLV, True), (SSL.replace(b"\x01", b"\0", 1), False),
    (SSL.replace(b"\x0f\x01", b"\x0f\x07"), True), (b"\x20\0\0", False), (b"\x21\0\1\1", False),
])
@pytest.mark.parametrize(("family", "addresses"), [(0x11, TCP4), (0x21, TCP6), (0x31, UNIX)])
def test_client_that_has_come_by_tls(values, secure, family, addresses):
    assert read(v2(0x21, family, addresses + values)).secure is secure


@pytest.mark.parametrize("data", [
    b"PROXY UNKNOWN\r\n", b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 443\r\n", v2(0x21, 0x11, TCP4 + TLV), v2(0x20, 0),
])
def test_part_of_a_preface_waits_for_the_rest(data):
    for size in range(len(data)):
        part = data[:size]
        assert begins(part, "auto") is not False
        assert not begins(part, "auto") or read(part) is None


@pytest.mark.parametrize(("data", "versions", "is_one"), [
    (b"", "auto", None), (b"P", "auto", None), (b"P", "v2", False), (b"\r", "v1", False), (b"\r\n\r\n", "v2", None),
    (b"POST / HTTP/1.1", "auto", False), (b"PROXY", "auto", None), (b"PROXY ", "v1", True), (b"PROXY ", "v2", False),
    (SIGNATURE, "v2", True), (SIGNATURE, "v1", False), (b"\r\nGET", "auto", False), (b"\x16\x03\x01", "auto", False),
    (b"proxy ", "auto", False),
])
def test_beginnings(data, versions, is_one):
    assert begins(data, versions) is is_one


@pytest.mark.parametrize("line", [
    b"PROXY ", b"PROXY TCP4", b"PROXY TCP4 ", b"PROXY  TCP4 192.0.2.9 198.51.100.1 5555 443",
    b"PROXY TCP4 192.0.2.9 198.51.100.1 5555", b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 443 ",
    b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 65536", b"PROXY TCP4 192.0.2.9 198.51.100.1 -1 443",
    b"PROXY TCP4 192.0.2.9 198.51.100.1 05 443", b"PROXY TCP4 192.0.2.09 198.51.100.1 5 443",
    b"PROXY TCP4 192.0.2.9 2001:db8::1 5 443", b"PROXY TCP6 192.0.2.9 198.51.100.1 5 443",
    b"PROXY TCP6 fe80::1%eth0 2001:db8::1 5 443", b"PROXY TCP4 localhost 198.51.100.1 5 443",
    b"PROXY UDP4 192.0.2.9 198.51.100.1 5 443", b"PROXY UNKNOWNS", b"PROXY tcp4 192.0.2.9 198.51.100.1 5 443",
    b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 443\n", b"PROXY TCP4 192.0.2.256 198.51.100.1 5 443",
])
def test_malformed_line(line):
    with pytest.raises(PrefaceError):
        read(line + b"\r\n")


def test_line_that_is_too_long():
    with pytest.raises(PrefaceError, match="longer than 107 bytes"):
        read(b"PROXY UNKNOWN " + b"x" * 93)
    assert read(b"PROXY UNKNOWN " + b"x" * 92) is None
    assert read(b"PROXY UNKNOWN " + b"x" * 91 + b"\r\n").size == 107


@pytest.mark.parametrize("data", [
    v2(0x11, 0x11, TCP4), v2(0x31, 0x11, TCP4), v2(0x22, 0x11, TCP4), v2(0x2f, 0), v2(0x01, 0),  # version, command
    v2(0x21, 0x12, TCP4), v2(0x21, 0x41, TCP4), v2(0x21, 0x10, TCP4), v2(0x21, 0x01), v2(0x21, 0x32, UNIX),  # family
    v2(0x21, 0x11, TCP4[:-1]), v2(0x21, 0x21, TCP4), v2(0x21, 0x31, UNIX[:-1]), v2(0x21, 0x11),  # length
    v2(0x21, 0x11, TCP4 + SSL[:-1]), v2(0x21, 0x11, TCP4 + b"\4\0"), v2(0x21, 0x31, UNIX + TLV + b"\4"),  # TLVs
    v2(0x21, 0x11, length=V2_LONGEST + 1), v2(0x20, 0x00, length=65535),
])
def test_malformed_header(data):
    with pytest.raises(PrefaceError):
        read(data)


STARTS = [b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\0\x0c"]


@given(st.sampled_from(STARTS), st.binary(max_size=150))
def test_anything(start, rest):
    try:
        said = read(start + rest)
    except PrefaceError:
        return
    assert said is None or said.size <= len(start + rest)
