"""A row of the request policy: what a client sends, what the RFCs say of it, and what must come of it.

No list of them here: each topic has its own file, rows.py has them all, and docs/HTTP.md is made from them.
"""

from dataclasses import dataclass

HOST = b"Host: example.org\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
STOLEN = b"GET /stolen HTTP/1.1\r\nHost: example.org\r\n\r\n"

# The limits that some rows meet, and no other; the usual ones would make for slow tests.
LIMITS = {"request_line": 200, "request_fields": 12, "request_field_size": 200, "request_head": 800}


@dataclass(frozen=True)
class Row:
    """What a client sends in one go.

    sends: in words, unique, Markdown; rfc: what is required, with the section; note: why, or how it is served;
    setting: that changes it; under: settings that are not at their default here.
    seen: (method, path and query, body) of each request that the app gets whole; headers: of the first one's scope,
    None if they do not matter; statuses: of the answers, 1xx left out; last: whether nothing behind it is acted upon.
    """

    sends: str
    data: bytes
    rfc: str
    seen: tuple = ()
    statuses: tuple = (200,)
    last: bool = False
    note: str = ""
    setting: str = ""
    under: tuple = ()
    headers: tuple | None = None

    @property
    def name(self):
        return self.sends.replace("`", "").replace(" ", "-")

    @property
    def at(self):
        """Where its bytes are cut in two: everywhere, in a long one at some places."""
        step = max(1, len(self.data) // 500)
        return range(1, len(self.data), step)


def served(sends, data, rfc, *seen, note="", setting="", last=False, headers=None, under=()):
    """The app sees it: each `seen`, or a GET of / without one."""
    seen = seen or (("GET", b"/", b""),)
    return Row(sends, data, rfc, seen, (200,) * len(seen), last, note, setting, tuple(under), headers)


def refused(sends, data, rfc, status=400, *seen, note="", setting="", under=()):
    """The app sees what came before it: `seen`."""
    return Row(sends, data, rfc, seen, (200,) * len(seen) + (status,), True, note, setting, tuple(under))


def head(line, *fields):
    return line + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def get(*fields, target=b"/", host=HOST, method=b"GET", version=b"HTTP/1.1"):
    return head(b" ".join((method, target, version)), *([host[:-2]] if host else []), *fields)


def post(*fields, body=b""):
    return get(*fields, method=b"POST", target=b"/form") + body


def posted(body=b""):
    """What the app sees of a post()."""
    return ("POST", b"/form", body)


def chunks(body, *fields):
    """A POST with this chunked body, as it is."""
    return post(CHUNKED, *fields, body=body)
