"""The PROXY protocol (haproxy's proxy-protocol.txt): what a proxy says of its client before the first byte of it.

Pure: bytes in, addresses out. layer.py reads it from a connection.
"""

from __future__ import annotations

import os
import re
import socket
import struct
from typing import NamedTuple

from fastsrv.config.setting import LARGEST_PORT

V1_LONGEST = 107  # bytes, its CRLF among them (2.1)
V2_LONGEST = 4096  # bytes behind the header (2.2): addresses, then what is skipped; a client's certificate has room
V1_BEGINS, V2_BEGINS = b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"
UNKNOWN = ("unknown", 0)  # the proxy does not know who it is, or it came by a UNIX socket; believed with "*" alone
BEGINS = {"v1": (V1_BEGINS,), "v2": (V2_BEGINS,), "auto": (V1_BEGINS, V2_BEGINS)}

V1_TCP = re.compile(rb"PROXY TCP([46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})")
V1_UNKNOWN = re.compile(rb"PROXY UNKNOWN( .*)?", re.DOTALL)

V2_HEADER = struct.Struct("!12sBBH")  # signature, version and command, family and protocol, length of the rest
LOCAL, PROXY = 0x20, 0x21
UNSPEC, TCP4, TCP6, UNIX = 0x00, 0x11, 0x21, 0x31
SSL, BY_TLS = 0x20, 0x01  # the TLV that tells how the client has come, and its bit that says by TLS (2.2.6)
TLV_HEADER = struct.Struct("!BH")  # type, length of the value
IPV4_SIZE = 4  # bytes
ADDRESSES = {TCP4: struct.Struct("!4s4sHH"), TCP6: struct.Struct("!16s16sHH"), UNIX: struct.Struct("!108s108s")}


class PrefaceError(ValueError):
    """Bytes that are no preface. The text says why."""


class Preface(NamedTuple):
    """size: bytes that it takes. client: its (host, port), UNKNOWN for one without; None if it is the proxy itself, as
    in a health check. server: the proxy's address to which the client has come, (host, port) or (path, None), if it
    tells. secure: it has come to the proxy by TLS; of version 2, if the proxy tells."""

    size: int
    client: tuple[str, int] | None = None
    server: tuple[str, int | None] | None = None
    secure: bool = False


def begins(data: bytes, versions: str) -> bool | None:
    """Does `data` begin with a preface of one of these versions ("v1", "v2", "auto")? None: it is too short to tell."""
    starts = BEGINS[versions]
    if data.startswith(starts):
        return True
    return None if any(start.startswith(data) for start in starts) else False


def read(data: bytes) -> Preface | None:
    """Of bytes that begin with one. None: more of it has to come. Raises PrefaceError."""
    return read_v1(data) if data.startswith(V1_BEGINS) else read_v2(data)


def read_v1(data: bytes) -> Preface | None:
    end = data.find(b"\r\n", 0, V1_LONGEST)
    if end < 0:
        if len(data) >= V1_LONGEST:
            raise PrefaceError(f"a line of the PROXY protocol is longer than {V1_LONGEST} bytes")
        return None
    line, size = data[:end], end + len(b"\r\n")
    if V1_UNKNOWN.fullmatch(line):
        return Preface(size, UNKNOWN)
    found = V1_TCP.fullmatch(line)
    if found is None:
        raise PrefaceError("a line of the PROXY protocol is malformed")
    kind = socket.AF_INET if found[1] == b"4" else socket.AF_INET6
    try:
        client, server = (host(socket.inet_pton(kind, text.decode("ascii"))) for text in found.group(2, 3))
    except OSError:
        raise PrefaceError("a line of the PROXY protocol has an address that is none") from None
    ports = int(found[4]), int(found[5])
    if max(ports) > LARGEST_PORT:
        raise PrefaceError("a line of the PROXY protocol has a port that is none")
    return Preface(size, (client, ports[0]), (server, ports[1]))


def read_v2(data: bytes) -> Preface | None:
    if len(data) < V2_HEADER.size:
        return None
    _, command, family, length = V2_HEADER.unpack_from(data)
    if command not in (LOCAL, PROXY):
        raise PrefaceError(f"a header of the PROXY protocol has an unknown version or command ({command:#x})")
    if length > V2_LONGEST:
        raise PrefaceError(f"a header of the PROXY protocol is longer than {V2_LONGEST} bytes")
    size = V2_HEADER.size + length
    if len(data) < size:
        return None
    if command == LOCAL:
        return Preface(size)
    if family == UNSPEC:  # what follows may be anything
        return Preface(size, UNKNOWN)
    addresses = ADDRESSES.get(family)
    if addresses is None:
        raise PrefaceError(f"a header of the PROXY protocol has an unknown family or protocol ({family:#x})")
    if length < addresses.size:
        raise PrefaceError("a header of the PROXY protocol is too short for its addresses")
    client, server, *ports = addresses.unpack_from(data, V2_HEADER.size)
    secure = tells_of_tls(data[V2_HEADER.size + addresses.size:size])
    if family == UNIX:
        return Preface(size, UNKNOWN, (os.fsdecode(server.partition(b"\0")[0]), None), secure)
    return Preface(size, (host(client), ports[0]), (host(server), ports[1]), secure)


def host(address: bytes) -> str:
    """As an accepted socket names its peer: ::ffff:192.0.2.1 for an IPv4 one of an IPv6 socket."""
    return socket.inet_ntop(socket.AF_INET if len(address) == IPV4_SIZE else socket.AF_INET6, address)


def tells_of_tls(values: bytes) -> bool:
    """Of the TLVs behind the addresses. All others are skipped."""
    secure, at = False, 0
    while at < len(values):
        if len(values) - at < TLV_HEADER.size:
            raise PrefaceError("a header of the PROXY protocol ends within a TLV")
        kind, length = TLV_HEADER.unpack_from(values, at)
        at += TLV_HEADER.size
        if length > len(values) - at:
            raise PrefaceError("a header of the PROXY protocol ends within a TLV")
        if kind == SSL and length:
            secure = bool(values[at] & BY_TLS)
        at += length
    return secure
