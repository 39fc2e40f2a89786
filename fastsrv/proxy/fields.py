"""What stands in the fields of proxies, read: addresses, hosts, ports, prefixes, and the elements of Forwarded.

Believes nobody: forwarded.py does. Nothing here raises: what is not what it should be is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from fastsrv.config.setting import LARGEST_PORT
from fastsrv.proxy.peers import Address, address

LONGEST_ELEMENT = 1024  # characters: two addresses and two names have room, and parameters of somebody's own
HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?")
SEGMENTS = re.compile(r"(?:/[^/\\?#\x00-\x1f\x7f]+)*/?")  # of a path; "//other.example" would be a host in a redirect
# An element of Forwarded that begins with the field's end, both turned round; behind a backslash a quote ends nothing.
TURNED_ELEMENT = re.compile(r'(?:[^",]+|"(?:[^"]|"(?=\\))*"(?!\\))*')
# RFC 7239, 4. Colons and brackets without quotes are not allowed there, and sent all the same.
# One reading of a run of blanks alone: with two, a long one would be tried at each place between them.
PAIR = re.compile(r'[ \t]*(?:(?P<name>[\w!#$%&\'*+.^`|~-]+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s",;\\]+))'
                  r"[ \t]*)?(?:;|\Z)", re.ASCII)
QUOTED_PAIR = re.compile(r"\\(.)")


def node(text: str) -> tuple[tuple[str, int], Address] | None:
    """Host and port as a scope has them, and the address: of 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1]:80.
    The port is 0 where none up to 65535 is given. None for what is no address: "unknown", "_hidden", a name, one with
    a zone, which may hold any character."""
    host, port = text, ""
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or port[:1] not in ("", ":"):
            return None
        port = port[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    known = None if "%" in host else address(host)
    return None if known is None else ((host, port_number(port) or 0), known)


def port_number(text: str) -> int | None:
    """1 to 65535."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PORT)) else 0
    return number if 0 < number <= LARGEST_PORT else None


def host_and_port(text: str) -> tuple[str, str] | None:
    """Of example.org, example.org:8080, [2001:db8::1]:8080: the host, in its brackets, and the port or ""."""
    found = HOST.fullmatch(text)
    if found is None or (found["v6"] and address(found["v6"]) is None):
        return None
    port = found["port"] or ""
    if port and port_number(port) is None:
        return None
    return text.removesuffix(f":{port}") if port else text, port


def prefix(text: str) -> str | None:
    """A path's first segments, as `root_path` has them: decoded as a path is, without a slash at the end. None for what
    is no path, or could be taken for another one. text: of ISO 8859-1, which stands for the bytes that were sent."""
    path = unquote_to_bytes(text.encode("latin-1")).decode("utf-8", "replace")
    if not path.startswith("/") or not SEGMENTS.fullmatch(path) or {".", ".."} & set(path.split("/")):
        return None
    return path.removesuffix("/")


def elements(field: str, most: int) -> Iterator[dict[str, str]]:
    """The last `most` of a Forwarded field (RFC 7239), the last one first: parameters by their names in lower case.

    Ends before one that is malformed. It is read from its end, as the last element was written by who is nearest: a
    quote that somebody before has left open takes nothing from it.
    """
    turned = field[::-1]
    start = 0
    for _ in range(most):
        found = TURNED_ELEMENT.match(turned, start)
        assert found is not None  # it matches nothing, too
        element, start = found[0][::-1], found.end() + 1
        said = parameters(element) if turned[found.end():start] in ("", ",") else None  # otherwise an open quote
        if said is None:
            return
        if said:
            yield said
        if start > len(turned):
            return


def parameters(element: str) -> dict[str, str] | None:
    """None for a malformed one, and one that says something twice."""
    said: dict[str, str] = {}
    end = 0
    if len(element) > LONGEST_ELEMENT:
        return None
    while end < len(element):
        pair = PAIR.match(element, end)
        if pair is None:
            return None
        end = pair.end()
        if pair["name"] is None:
            continue
        name = pair["name"].lower()
        if name in said:
            return None
        said[name] = pair["token"] or QUOTED_PAIR.sub(r"\1", pair["quoted"] or "")
    return said
