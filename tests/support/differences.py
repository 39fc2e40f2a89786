"""Where fastsrv, h11 and httptools do not read the same requests in the same bytes, and why that is no fault.

Data. tests/differ checks each line; tests/support/oracles.py writes what h11 refuses the usual way and reads on.
"""

import re
from dataclasses import dataclass

HOST = b"Host: a\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\n" + HOST


@dataclass(frozen=True)
class Difference:
    """A construct that is not read alike.

    row: the one of docs/HTTP.md (tests/policy) that says what comes of it. data: a connection's first bytes; fastsrv,
    h11, httptools: how many whole requests each reads in them; section: of the RFC. construct, plain: what h11 refuses,
    and what it has to be told instead to read on as fastsrv does; within: the construct stands where the "request"
    begins, or a "chunk" that h11 refuses. Two are no construct, but a matter of who may go on.
    """

    name: str
    row: str
    data: bytes
    fastsrv: int
    h11: int
    httptools: int
    section: str
    why: str
    construct: re.Pattern | None = None
    plain: bytes = b""
    within: str = "request"


def get(*fields, line=b"GET / HTTP/1.1"):
    return line + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + HOST


def chunked(body, field=b"Transfer-Encoding: chunked", version=b"1.1"):
    return get(field, line=b"POST / HTTP/" + version) + body


PERSISTENT_10 = Difference(
    "a persistent connection of HTTP/1.0", "`keep-alive` on HTTP/1.0",
    get(b"Connection: keep-alive", line=b"GET / HTTP/1.0") + NEXT, 2, 1, 2,
    "RFC 9112, 9.3", "A server may keep one that asks for it. h11 ends all.")
PROXY_CONNECTION = Difference(
    "Proxy-Connection", "`Proxy-Connection: close`", get(b"Proxy-Connection: close") + NEXT, 1, 2, 1, "RFC 9112, C.2.2",
    "No standard's field. httptools reads it as Connection: to end a connection too early harms nobody.")

SERVED = [  # by fastsrv
    Difference(
        "empty lines before a request", "several empty lines before it", b"\r\n\r\n" + NEXT, 1, 0, 1, "RFC 9112, 2.2",
        "A server should ignore at least one; old clients send one behind a body.",
        re.compile(rb"(\r\n)+"), b""),
    Difference(
        "zeros before a chunk size", "17 digits with zeros first",
        chunked(b"0" * 20 + b"1\r\na\r\n0\r\n\r\n") + NEXT, 2, 0, 2, "RFC 9112, 7.1",
        "A size may have any number of digits, bounded as all that a chunk spends on framing. h11 stops at 20.",
        re.compile(rb"0+([0-9A-Fa-f]{1,16}[;\r])"), rb"\1", "chunk"),
    PERSISTENT_10,
    PROXY_CONNECTION,
]

REFUSED = [  # by fastsrv, strictly
    Difference(
        "several spaces in the request line", "two spaces behind the method",
        b"GET  /  HTTP/1.1\r\n" + HOST + NEXT, 0, 0, 2, "RFC 9112, 3",
        "A recipient may take any whitespace for one space, and is warned of it."),
    Difference(
        "the name of another protocol", "`RTSP/1.0`", b"GET / RTSP/1.1\r\n" + HOST + NEXT, 0, 0, 2, "RFC 9112, 2.3",
        "httptools reads RTSP, too, and does not tell the two apart."),
    Difference(
        "a line feed before a request", "a lone LF before it",
        b"\n" + NEXT, 0, 0, 1, "RFC 9112, 2.2", "An empty line is CRLF."),
    Difference(
        "half an escape in a path", "`%` without two hexadecimal digits in a path",
        get(line=b"GET /% HTTP/1.1") + NEXT, 0, 2, 2, "RFC 3986, 2.1",
        "What it means differs from server to server; a backslash and %00 are refused with it."),
    Difference(
        "two Content-Type", "two `Content-Type`",
        get(b"Content-Type: a/b", b"Content-Type: c/d") + NEXT, 0, 2, 2, "RFC 9110, 5.3",
        "Who checks the one and parses by the other is deceived. So with Authorization."),
    Difference(
        "bare line feeds", "LF for every CRLF", b"GET / HTTP/1.1\nHost: a\n\n" + NEXT, 0, 2, 0, "RFC 9112, 2.2",
        "A recipient may take a line feed for a line end; who does and who does not then see different heads."),
    Difference(
        "a folded line", "a folded line", get(b"X: a\r\n b") + NEXT, 0, 2, 0, "RFC 9112, 5.2",
        "A server must refuse it or put spaces in its place."),
    Difference(
        "whitespace before the first field", "a space at the beginning of the first field",
        get(b" X: a").replace(b"\r\n X", b"\r\nA:\r\n X") + NEXT, 0, 2, 0,
        "RFC 9112, 2.2", "The same, to whoever unfolds."),
    Difference(
        "control characters in a value", "a control byte in a value",
        get(b"X: a\x01\x7f") + NEXT, 0, 2, 0, "RFC 9110, 5.5",
        "Such values are invalid; h11 lets all but NUL, CR, LF, VT and FF pass for the sake of old cookies."),
    Difference(
        "a list of equal lengths", "`5, 5`", get(b"Content-Length: 0, 0") + NEXT, 0, 2, 0, "RFC 9112, 6.3",
        "A recipient may take equal ones for one, or refuse them."),
    Difference(
        "two equal lengths", "two equal lengths",
        get(b"Content-Length: 0", b"Content-Length: 0") + NEXT, 0, 2, 0, "RFC 9112, 6.3",
        "The same."),
    Difference(
        "a length beside chunked", "a length, then `chunked`",
        chunked(b"0\r\n\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked") + NEXT,
        0, 2, 0, "RFC 9112, 6.1", "A server may refuse it. It is how requests are smuggled."),
    Difference(
        "chunked on HTTP/1.0", "`chunked` on HTTP/1.0", chunked(b"0\r\n\r\n", version=b"1.0"), 0, 1, 1, "RFC 9112, 6.1",
        "A server must take such framing for faulty."),
    Difference(
        "other codings than chunked", "`gzip, chunked`",
        chunked(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked") + NEXT, 0, 0, 2,
        "RFC 9112, 6.1", "We decode no other, and an app could not tell that nobody has."),
    Difference(
        "a tab behind chunked", "a tab beside `chunked`",
        chunked(b"0\r\n\r\n", b"Transfer-Encoding: chunked\t") + NEXT, 0, 2, 0,
        "RFC 9110, 5.6.3",
        "Optional whitespace, hence right; httptools knows no tab there. Nobody sends it but who tries what happens."),
    Difference(
        "a space behind a chunk size", "a space behind the size", chunked(b"1 \r\na\r\n0\r\n\r\n") + NEXT, 0, 2, 0,
        "RFC 9112, 7.1", "The grammar has none."),
    Difference(
        "whitespace in a chunk extension", "a space behind the semicolon",
        chunked(b"1; a=b\r\na\r\n0\r\n\r\n") + NEXT, 0, 2, 0, "RFC 9112, 7.1.1",
        "Bad whitespace, which a recipient should bear; httptools does not. Nobody uses extensions."),
    Difference(
        "a chunk extension without a name", "a semicolon alone: `1;`",
        chunked(b"1;\r\na\r\n0\r\n\r\n") + NEXT, 0, 2, 0, "RFC 9112, 7.1.1",
        "The grammar wants one; h11 reads no extension at all."),
    Difference(
        "a bare return in a chunk extension", "CR in it",
        chunked(b"1;a\rb\r\na\r\n0\r\n\r\n") + NEXT, 0, 2, 0, "RFC 9112, 2.2",
        "A bare return is invalid; who takes it for a line end reads another body."),
    Difference(
        "a trailer that frames", "`Host` as a trailer",
        chunked(b"0\r\nHost: b\r\n\r\n") + NEXT, 0, 2, 2, "RFC 9110, 6.5.1",
        "Trailers are dropped; one that frames, routes or ends the connection cannot have been meant well."),
    Difference(
        "a fold or a bare line feed in trailers", "a folded trailer", chunked(b"0\r\nX: a\n b\r\n\r\n") + NEXT, 0, 2, 0,
        "RFC 9112, 5.2", "As in a head."),
    Difference(
        "an unknown method", "an unknown method: `FROB`", get(line=b"FROB / HTTP/1.1") + NEXT, 0, 2, 0, "RFC 9110, 9.1",
        "httptools has a list of methods."),
    Difference(
        "CONNECT", "`CONNECT` with `host:port`",
        get(line=b"CONNECT a:80 HTTP/1.1") + NEXT, 0, 2, 0, "RFC 9110, 9.3.6", "It is for proxies."),
    Difference(
        "other versions", "`HTTP/2.0`", get(line=b"GET / HTTP/2.0") + NEXT, 0, 2, 1, "RFC 9110, 2.5",
        "Only 1.0 and 1.1 are spoken. (httptools knows 0.9 and 2.0 and lets neither persist.)"),
    Difference(
        "a host that is none", "`/`", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" + NEXT, 0, 2, 2, "RFC 9112, 3.2",
        "A server must refuse it; h11 and httptools look at the number of Host fields, or not at all."),
    Difference(
        "no host, or two", "HTTP/1.1 without it",
        b"GET / HTTP/1.1\r\n\r\n" + NEXT, 0, 0, 2, "RFC 9112, 3.2", "A server must refuse it."),
    Difference(
        "targets of no use here", "a fragment", get(line=b"GET /a#b HTTP/1.1") + NEXT, 0, 2, 2, "RFC 9112, 3.2",
        "A fragment, `*` without OPTIONS, another scheme, a user: no target that a client may send us."),
    Difference(
        "an expectation that we do not know", "another expectation",
        get(b"Expect: x") + NEXT, 0, 2, 2, "RFC 9110, 10.1.1",
        "417, as a server may."),
    Difference(
        "a length of 19 digits", "more than 18 digits, zeros first",
        get(b"Content-Length: 0000000000000000000") + NEXT, 0, 2, 2, "RFC 9110, 8.6",
        "413: more digits may not fit into 64 bits; what is all zeros in front is refused with it."),
]
