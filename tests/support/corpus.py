"""Requests, good and bad, and what must come of each, however it is cut into reads."""

from dataclasses import dataclass

HOST = b"Host: example.org\r\n"


@dataclass(frozen=True)
class Entry:
    """What a client sends in one go.

    seen: (method, target, body) of each request that the app gets whole; statuses: of the answers, 1xx left out;
    last: whether nothing behind it is acted upon.
    """

    name: str
    data: bytes
    seen: tuple = ()
    statuses: tuple = (200,)
    last: bool = False


def good(name, data, *seen, last=False):
    return Entry(name, data, seen, (200,) * len(seen), last)


def bad(name, data, status=400, after=()):
    return Entry(name, data, tuple(after), (200,) * len(after) + (status,), True)


def head(line, *fields):
    return line + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def get(*fields, target=b"/", host=HOST):
    return head(b"GET " + target + b" HTTP/1.1\r\n" + host[:-2], *fields) if host else head(
        b"GET " + target + b" HTTP/1.1", *fields)


def post(*fields, body=b""):
    return head(b"POST /form HTTP/1.1\r\n" + HOST[:-2], *fields) + body


CHUNKED = b"Transfer-Encoding: chunked"
STOLEN = b"GET /stolen HTTP/1.1\r\nHost: example.org\r\n\r\n"

GOOD = [
    good("plain", get(), ("GET", b"/", b"")),
    good("query", get(target=b"/a/b?c=d&e=?f"), ("GET", b"/a/b?c=d&e=?f", b"")),
    good("empty query", get(target=b"/a?"), ("GET", b"/a", b"")),
    good("escapes", get(target=b"/%7Ea/%c3%a9/%2f%zz%"), ("GET", b"/%7Ea/%c3%a9/%2f%zz%", b"")),
    good("absolute form", get(target=b"http://other.example:8080/a?b"), ("GET", b"/a?b", b"")),
    good("absolute form without a path", get(target=b"http://other.example"), ("GET", b"/", b"")),
    good("asterisk form", head(b"OPTIONS * HTTP/1.1", HOST[:-2]), ("OPTIONS", b"*", b"")),
    good("head", head(b"HEAD /h HTTP/1.1", HOST[:-2]), ("HEAD", b"/h", b"")),
    good("unusual method", head(b"PROPFIND / HTTP/1.1", HOST[:-2]), ("PROPFIND", b"/", b"")),
    good("fields", get(b"Accept: */*", b"accept:text/html", b"X-Empty:", b"X-Space:  \t a b \t ", b"X-Latin: \xe9\xff",
                       b"cookie: a=b", b"COOKIE: c=d", b"X_Under-Score'!: 1"), ("GET", b"/", b"")),
    good("browser", get(b"User-Agent: Mozilla/5.0 (X11; Linux x86_64)", b"Accept-Encoding: gzip, deflate, br",
                        b"Connection: keep-alive", b"Upgrade-Insecure-Requests: 1"), ("GET", b"/", b"")),
    good("empty lines before", b"\r\n\r\n" + get(), ("GET", b"/", b"")),
    good("two spaces", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", ("GET", b"/", b"")),
    good("host with a port", get(host=b"hOsT: [2001:db8::1]:8000\r\n"), ("GET", b"/", b"")),
    good("empty host", get(host=b"Host:\r\n"), ("GET", b"/", b"")),
    good("http 1.0 keep-alive", head(b"GET /old HTTP/1.0", b"Connection: keep-alive"), ("GET", b"/old", b"")),
    good("length", post(b"Content-Length: 5", body=b"a\r\nb\x00"), ("POST", b"/form", b"a\r\nb\x00")),
    good("length of nothing", post(b"Content-Length: 0"), ("POST", b"/form", b"")),
    good("no length", post(), ("POST", b"/form", b"")),
    good("get with a body", get(b"content-length: 003") + b"abc", ("GET", b"/", b"abc")),
    good("request within a body", post(b"Content-Length: %d" % len(STOLEN), body=STOLEN), ("POST", b"/form", STOLEN)),
    good("chunked", post(CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"), ("POST", b"/form", b"hello")),
    good("chunked nothing", post(CHUNKED, body=b"0\r\n\r\n"), ("POST", b"/form", b"")),
    good("chunks", post(CHUNKED, body=b"1\r\na\r\n0A\r\n0123456789\r\n00002;x=\"y\"\r\n\r\n\r\n000\r\n\r\n"),
         ("POST", b"/form", b"a0123456789\r\n")),
    good("trailers", post(CHUNKED, body=b"1\r\na\r\n0\r\nX-Trailer: a\r\nX-Other: b\r\n\r\n"),
         ("POST", b"/form", b"a")),
    good("request within a chunk", post(CHUNKED, body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(STOLEN), STOLEN)),
         ("POST", b"/form", STOLEN)),
    good("expectation", post(b"Expect: 100-continue", b"Content-Length: 2", body=b"ab"), ("POST", b"/form", b"ab")),
    good("upgrade without a body", get(b"Connection: upgrade", b"Upgrade: h2c"), ("GET", b"/", b"")),
    good("upgrade with a length", post(b"Connection: upgrade", b"Upgrade: x", b"Content-Length: %d" % len(STOLEN),
                                       body=STOLEN), ("POST", b"/form", STOLEN)),
    good("upgrade with chunks", post(b"Connection: upgrade", b"Upgrade: x", CHUNKED,
                                     body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(STOLEN), STOLEN)),
         ("POST", b"/form", STOLEN)),
    good("close", get(b"Connection: close"), ("GET", b"/", b""), last=True),
    good("close with a body", post(b"connection: CLOSE", b"Content-Length: 2", body=b"ab"), ("POST", b"/form", b"ab"),
         last=True),
    good("http 1.0", head(b"GET /old HTTP/1.0"), ("GET", b"/old", b""), last=True),
    good("http 1.0 with a length", head(b"POST /old HTTP/1.0", b"Content-Length: 1") + b"a", ("POST", b"/old", b"a"),
         last=True),
]

BAD = [
    bad("no host", head(b"GET / HTTP/1.1")),
    bad("two hosts", get(b"Host: example.org")),
    bad("host with a path", get(host=b"Host: a/b\r\n")),
    bad("host with an at", get(host=b"Host: a@b\r\n")),
    bad("length and chunks", post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n")),
    bad("chunks and length", post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n")),
    bad("two lengths", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello")),
    bad("list of lengths", post(b"Content-Length: 5, 5", body=b"hello")),
    bad("signed length", post(b"Content-Length: +5", body=b"hello")),
    bad("negative length", post(b"Content-Length: -1")),
    bad("hexadecimal length", post(b"Content-Length: 0x5", body=b"hello")),
    bad("underscored length", post(b"Content-Length: 1_0", body=b"helloworld")),
    bad("no digits of a length", post(b"Content-Length:")),
    bad("overflowing length", post(b"Content-Length: 99999999999999999999")),
    bad("huge length", post(b"Content-Length: 9999999999999999999"), 413),
    bad("stacked codings", post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    bad("other coding", post(b"Transfer-Encoding: identity")),
    bad("chunked not last", post(b"Transfer-Encoding: chunked, gzip")),
    bad("coding twice", post(CHUNKED, CHUNKED, body=b"0\r\n\r\n")),
    bad("coding on http 1.0", head(b"POST / HTTP/1.0", CHUNKED) + b"0\r\n\r\n"),
    bad("space before colon", get(b"X-A : b")),
    bad("space in a name", get(b"X A: b")),
    bad("no colon", get(b"X-A")),
    bad("no name", get(b": b")),
    bad("folded", get(b"X-A: b", b" c")),
    bad("nul in a value", get(b"X-A: b\x00c")),
    bad("control byte in a value", get(b"X-A: b\x07c")),
    bad("bare return in a value", get(b"X-A: b\rc")),
    bad("bare line feeds", b"GET / HTTP/1.1\nHost: a\n\n"),
    bad("bare line feed after a field", b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
    bad("control byte in the target", get(target=b"/\x01")),
    bad("high byte in the target", get(target=b"/\xe9")),
    bad("no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("fragment", get(target=b"/a#b")),
    bad("asterisk form of get", get(target=b"*")),
    bad("authority form", head(b"CONNECT example.org:80 HTTP/1.1", b"Host: example.org:80")),
    bad("other scheme", get(target=b"ftp://example.org/")),
    bad("no authority", get(target=b"http:///a")),
    bad("http 0.9", b"GET /\r\n\r\n"),
    bad("version 1.2", head(b"GET / HTTP/1.2", HOST[:-2])),
    bad("version 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    bad("lower-case method", head(b"get / HTTP/1.1", HOST[:-2])),
    bad("unknown method", head(b"FROB / HTTP/1.1", HOST[:-2])),
    bad("tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    bad("other expectation", get(b"Expect: miracles"), 417),
    bad("chunk size without digits", post(CHUNKED, body=b"x\r\n")),
    bad("signed chunk size", post(CHUNKED, body=b"+1\r\na\r\n0\r\n\r\n")),
    bad("negative chunk size", post(CHUNKED, body=b"-1\r\na\r\n0\r\n\r\n")),
    bad("prefixed chunk size", post(CHUNKED, body=b"0x1\r\na\r\n0\r\n\r\n")),
    bad("overflowing chunk size", post(CHUNKED, body=b"FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n")),
    bad("chunk size behind a space", post(CHUNKED, body=b" 1\r\na\r\n0\r\n\r\n")),
    bad("chunk too long", post(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n")),
    bad("chunk ends with a bare line feed", post(CHUNKED, body=b"1\r\na\n0\r\n\r\n")),
    bad("chunk size ends with a bare line feed", post(CHUNKED, body=b"1\na\r\n0\r\n\r\n")),
    bad("bare line feed in an extension", post(CHUNKED, body=b"1;a\nb\r\na\r\n0\r\n\r\n")),
    bad("trailer that frames", post(CHUNKED, body=b"1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n")),
    bad("trailer with a space before its colon", post(CHUNKED, body=b"0\r\nX-A : b\r\n\r\n")),
    bad("garbage behind a request", get() + b"\x00", after=[("GET", b"/", b"")]),
    bad("body without a length", post() + b"hello\r\n", after=[("POST", b"/form", b"")]),
    bad("more than the length", post(b"Content-Length: 1", body=b"ab\r\n"), after=[("POST", b"/form", b"a")]),
    bad("long target", get(target=b"/" + b"a" * 300), 414),
    bad("long field", get(b"X-A: " + b"b" * 300), 431),
    bad("long fields", get(*[b"X-%d: %s" % (n, b"b" * 150) for n in range(6)]), 431),
    bad("many fields", get(*[b"X: y"] * 20), 431),
]

# The limits that the long ones break, and no other; the usual ones would make for slow tests.
LIMITS = {"request_line": 200, "request_fields": 12, "request_field_size": 200, "request_head": 800}
