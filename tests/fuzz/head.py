"""Heads: whatever is scanned, and whatever reaches an app, httptools has read alike.

Input: what a peer sends at once.
"""

from tests.policy.row import LIMITS, get
from tests.policy.rows import SHORT
from tests.support.reading import compare

PLAIN = b"Host: example.org\r\n"  # the fields of a head that is scanned, each after this one
FIELDS = [
    b"Connection: close", b"connection: Keep-Alive", b"Content-Length: 3", b"X-Forwarded-For: 192.0.2.1", b"Accept:",
    b"Cookie: a=b \t", b"Proxy-Connection: close", b"X_A: b", b"Content-Type: a/b", b"Authorization: a",
]


def seeds():
    yield from (row.data for row in SHORT)
    for method in (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS"):
        head = method + b" /a?b HTTP/1.1\r\n" + PLAIN
        yield (head + b"\r\n") * 3
        for field in FIELDS:
            yield head + field + b"\r\n\r\n" + b"abc" + head + b"\r\n"


    for target in (b"/%", b"/%4", b"/%zz", b"/a%41%c3%a9", b"/?%", b"//a?b?c", b"/a;b=c,d"):
        yield get(target=target)
    for over in (0, 1):
        yield get(target=b"/".ljust(LIMITS["request_line"] + over - len(b"GET  HTTP/1.1"), b"a"))
        yield get(b"X-A: ".ljust(LIMITS["request_field_size"] + over - len(b"\r\n"), b"b"))
        yield get(*[b"X:"] * (LIMITS["request_fields"] + over - 1))


def check(data):
    compare(data, LIMITS)
