"""A chunked body: sizes, extensions, what ends a chunk, trailers."""

from tests.policy.row import STOLEN, chunks, get, posted, refused, served

LAST = b"0\r\n\r\n"
SIZE = "9112 7.1: hexadecimal digits"
LARGE = "9112 7.1: overflow must be prevented"
DATA = "9112 7.1: CRLF follows the data"
EXTENSION = "9112 7.1.1: unknown ones must be ignored; `;name` or `;name=value`"
BLANK = "9112 7.1.1: space there is bad, and to be read"
TRAILER = "9112 7.1.2: may be dropped; 9110 6.5.1: not if it frames, routes, authenticates"
LINE = "9112 7.1.2: a line as in the head"


def chunk(sends, line, rfc=SIZE, data=b"a", note="", **more):
    """One chunk whose size is this line."""
    return served(sends, chunks(line + b"\r\n" + data + b"\r\n" + LAST), rfc, posted(data), note=note, **more)


def broken(sends, body, rfc=SIZE, status=400, **more):
    return refused(sends, chunks(body + LAST), rfc, status, **more)


def trailers(*lines):
    return chunks(b"1\r\na\r\n0\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")


SIZES = (
    chunk("one chunk", b"1"),
    served("no chunk but the last", chunks(LAST), SIZE, posted()),
    chunk("digits in both cases: `a`", b"a", data=b"0123456789"),
    chunk("upper case: `0A`", b"0A", data=b"0123456789"),
    chunk("leading zeros: `00001`", b"00001", note="as many as `16 KiB` for all that is no data allow"),
    chunk("17 digits with zeros first", b"0" * 16 + b"1"),
    served("zeros as the last size: `000`", chunks(b"1\r\na\r\n000\r\n\r\n"), SIZE, posted(b"a")),
    served("a request within a chunk", chunks(b"%x\r\n%s\r\n" % (len(STOLEN), STOLEN) + LAST), DATA, posted(STOLEN)),
    served("a last chunk within a chunk", chunks(b"5\r\n" + LAST + b"\r\n" + LAST), DATA, posted(LAST)),
    broken("no digits", b"\r\na\r\n"),
    broken("no hexadecimal digit: `x`", b"x\r\na\r\n"),
    broken("`0x1`", b"0x1\r\na\r\n"),
    broken("`+1`", b"+1\r\na\r\n"),
    broken("`-1` as a size", b"-1\r\na\r\n"),
    broken("`1_0` as a size", b"1_0\r\n0123456789abcdef\r\n"),
    broken("`1.`", b"1.\r\na\r\n"),
    broken("a space before the size", b" 1\r\na\r\n"),
    broken("a space behind the size", b"1 \r\na\r\n", note="some read it, some do not"),
    broken("a tab behind the size", b"1\t\r\na\r\n"),
    broken("17 digits that overflow", b"10000000000000001\r\na\r\n", LARGE),
    broken("17 digits `F`", b"F" * 17 + b"\r\na\r\n", LARGE),
    broken("LF without CR behind the size", b"1\na\r\n", "9112 2.2 allows LF in a head alone"),
    broken("CR without LF behind the size", b"1\ra\r\n"),
    broken("CR CR LF behind the size", b"1\r\r\na\r\n"),
    broken("NUL behind the size", b"1\0\r\na\r\n"),
    broken("a size for two bytes, and one", b"2\r\na\r\n", DATA),
    broken("a size for one byte, and two", b"1\r\nab\r\n", DATA),
    broken("no CRLF behind the data", b"1\r\na", DATA),
    broken("LF without CR behind the data", b"1\r\na\n", DATA),
    broken("CR without LF behind the data", b"1\r\na\r", DATA),
    broken("other bytes for CRLF", b"1\r\naXX", DATA, note="those two are where smuggling began (CVE-2025-43859)"),
    refused("LF for the CRLF behind the last size", chunks(b"0\n\r\n"), SIZE),
    refused("LF for the CRLF at the very end", chunks(b"0\r\n\n"), LINE),
)

EXTENSIONS = (
    chunk("`1;a`", b"1;a", EXTENSION),
    chunk("`1;a=b;c;d=\"e f\"`", b'1;a=b;c;d="e f"', EXTENSION),
    chunk("a quoted pair: `1;a=\"\\\"\"`", b'1;a="\\""', EXTENSION),
    chunk("`;` in quotes", b'1;a="b;c"', EXTENSION),
    served("one with the last size", chunks(b"1\r\na\r\n0;a=b\r\n\r\n"), EXTENSION, posted(b"a")),
    chunk("no name, no value: `1;=b`, `1;a=`", b"1;a=;=b", EXTENSION, note="the parser passes it; nobody reads it"),
    broken("a semicolon alone: `1;`", b"1;\r\na\r\n", EXTENSION),
    broken("a space before the semicolon", b"1 ;a\r\na\r\n", BLANK,
           note="the parser refuses it, and it alone judges these lines: a second reader could read them otherwise"),
    broken("a space behind the semicolon", b"1; a\r\na\r\n", BLANK, note="the same; no client is known to send it"),
    broken("a space around `=`", b"1;a = b\r\na\r\n", BLANK, note="the same"),
    broken("LF in it", b"1;a\nb\r\na\r\n", EXTENSION, note="some end the line there"),
    broken("CR in it", b"1;a\rb\r\na\r\n", EXTENSION),
    broken("CRLF in quotes", b'1;a="b\r\nc"\r\na\r\n', EXTENSION),
    broken("LF in quotes", b'1;a="b\nc"\r\na\r\n', EXTENSION),
    broken("quotes that do not close", b'1;a="b\r\na\r\n', EXTENSION),
    broken("something behind the quotes", b'1;a="b"c\r\na\r\n', EXTENSION),
    broken("NUL in it", b"1;a\0\r\na\r\n", EXTENSION),
    broken("no token: `1;a@b`", b"1;a@b\r\na\r\n", EXTENSION),
    broken("more than 16 KiB of them and of trailers, in all", b"1;" + b"a" * 33_000 + b"\r\na\r\n",
           "9112 7.1.1: to be limited", 431, note="looked at after each 16 KiB"),
)

TRAILERS = (
    served("trailers", trailers(b"A: b", b"C:"), TRAILER, posted(b"a"),
           headers=((b"host", b"example.org"), (b"transfer-encoding", b"chunked")),
           note="checked, and dropped: ASGI has no place for them"),
    served("`_` in a trailer's name", trailers(b"A_: b"), TRAILER, posted(b"a"), setting="header_map",
           note="dropped, as all are"),
    refused("`_` in a trailer's name under `header_map = \"refuse\"`", trailers(b"A_: b"), TRAILER,
            under=(("header_map", "refuse"),), setting="header_map"),
    refused("`Content-Length` as a trailer", trailers(b"Content-Length: 5"), TRAILER),
    refused("`Transfer-Encoding` as a trailer", trailers(b"Transfer-Encoding: chunked"), TRAILER),
    refused("`Host` as a trailer", trailers(b"Host: a"), TRAILER),
    served("`Authorization`, `Cookie` as trailers", trailers(b"Authorization: a", b"Cookie: a=b"), TRAILER,
           posted(b"a"), headers=((b"host", b"example.org"), (b"transfer-encoding", b"chunked")),
           note="dropped: nobody is let in by them"),
    served("`Content-Type`, `Content-Encoding` as trailers", trailers(b"Content-Type: a/b", b"Content-Encoding: gzip"),
           TRAILER, posted(b"a"), headers=((b"host", b"example.org"), (b"transfer-encoding", b"chunked")),
           note="dropped: the head alone says what a body is"),
    refused("`Connection` as a trailer", trailers(b"Connection: close"), TRAILER),
    refused("`Expect` as a trailer", trailers(b"Expect: 100-continue"), TRAILER),
    refused("`Upgrade` as a trailer", trailers(b"Upgrade: a"), TRAILER),
    refused("`X-Forwarded-For` as a trailer", trailers(b"X-Forwarded-For: 192.0.2.1"), TRAILER,
            setting="secure_scheme_headers has more"),
    refused("a space before a trailer's colon", trailers(b"A : b"), LINE),
    refused("a folded trailer", trailers(b"A: b", b" c"), LINE),
    refused("a trailer without a colon", trailers(b"A"), LINE),
    refused("a trailer without a name", trailers(b": b"), LINE),
    refused("NUL in a trailer", trailers(b"A: \0"), LINE),
    refused("LF without CR behind a trailer", trailers(b"A: b\nC: d"), LINE),
    refused("more trailers than `limit_request_fields`", trailers(*[b"A: b"] * 13), "9110 5.4: a 4xx", 431,
            setting="limit_request_fields"),
    refused("a trailer larger than `limit_request_field_size`", trailers(b"A: " + b"b" * 200), "9110 5.4: a 4xx", 431,
            setting="limit_request_field_size"),
    refused("something else behind the last chunk", get() + chunks(b"0\r\n") + b"\0", LINE, 400, ("GET", b"/", b"")),
)
