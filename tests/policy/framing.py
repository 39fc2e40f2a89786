"""Where a body ends: Transfer-Encoding and Content-Length."""

from tests.policy.row import CHUNKED, STOLEN, get, head, post, posted, refused, served

LAST = b"0\r\n\r\n"
ONLY = "9112 6.3: 400 must be answered if chunked is not last; 6.1: 501 should be if a coding is not known"
STACKED = "9112 7.1: chunked is understood; other codings may be"
LENGTH = "9110 8.6: digits; 9112 6.3: 400 must be answered otherwise"
SAME = "9112 6.3: equal lengths may be taken for one; otherwise 400 must be answered"
BOTH = "9112 6.1: may be refused; otherwise the coding wins and the connection ends"


def coding(value, body=LAST):
    return post(b"Transfer-Encoding:" + value, body=body)


def length(value, body=b""):
    return post(b"Content-Length:" + value, body=body)


CODINGS = (
    served("`chunked`", coding(b" chunked"), "9112 7.1: must be understood", posted()),
    served("`CHUNKED`", coding(b" CHUNKED"), "9112 7: case-insensitive", posted()),
    served("no space, or several, before `chunked`, one behind it", coding(b"   chunked "), "9110 5.5", posted()),
    refused("a tab beside `chunked`", coding(b"\tchunked\t"), "9110 5.5: a tab is as good as a space",
            note="the parser is stricter"),
    refused("VT before `chunked`", coding(b" \x0bchunked"), ONLY),
    refused("FF behind `chunked`", coding(b" chunked\x0c"), ONLY),
    refused("not ASCII before `chunked`", coding(b" \xa0chunked"), ONLY),
    refused("`gzip, chunked`", coding(b" gzip, chunked"), STACKED, note="the app would get gzip, and not know"),
    refused("`chunked, gzip`", coding(b" chunked, gzip"), ONLY),
    refused("`chunked, chunked`", coding(b" chunked, chunked"), "9112 6.1: must not be sent"),
    refused("`chunked,`", coding(b" chunked,"), "9110 5.6.1: an empty element is to be ignored",
            note="nobody sends it in good faith"),
    refused("`,chunked`", coding(b" ,chunked"), "9110 5.6.1: an empty element is to be ignored"),
    refused("`identity`", coding(b" identity"), "9112 6.1: no coding any more"),
    refused("`identity, chunked`", coding(b" identity, chunked"), "9112 6.1: no coding any more"),
    refused("`xchunked`", coding(b" xchunked"), ONLY),
    refused("`chunkedx`", coding(b" chunkedx"), ONLY),
    refused("`xchunked` with a length", post(b"Transfer-Encoding: xchunked", b"Content-Length: 4", body=b"abcd"),
            BOTH, note="never falls back to the length (CVE-2024-1135)"),
    refused("`\"chunked\"`", coding(b' "chunked"'), ONLY),
    refused("`chunked;a=b`", coding(b" chunked;a=b"), "9112 7: chunked has no parameters"),
    refused("an empty `Transfer-Encoding`", coding(b""), ONLY),
    refused("two fields: `chunked` twice", post(CHUNKED, CHUNKED, body=LAST), "9112 6.1: must not be sent"),
    refused("two fields: `gzip`, then `chunked`", post(b"Transfer-Encoding: gzip", CHUNKED, body=LAST), STACKED),
    refused("two fields: `chunked`, then an empty one", post(CHUNKED, b"Transfer-Encoding:", body=LAST), STACKED),
    refused("two fields: `chunked`, then `identity`", post(CHUNKED, b"Transfer-Encoding: identity", body=LAST), ONLY),
    refused("`chunked` on HTTP/1.0", head(b"POST / HTTP/1.0", CHUNKED) + LAST, "9112 6.1: faulty framing"),
    refused("`chunked` on HTTP/1.0 that would persist", head(b"POST / HTTP/1.0", CHUNKED, b"Connection: keep-alive")
            + LAST, "9112 6.1: faulty framing"),
    served("`chunked` with `GET`", get(CHUNKED) + b"1\r\na\r\n" + LAST, "9110 9.3.1: no meaning; framed all the same",
           ("GET", b"/", b"a")),
    refused("`chunked`, then a length", post(CHUNKED, b"Content-Length: 5", body=LAST), BOTH),
    refused("a length, then `chunked`", post(b"Content-Length: 5", CHUNKED, body=LAST), BOTH),
    refused("`chunked`, and a length of 0", post(CHUNKED, b"Content-Length: 0", body=LAST), BOTH),
    refused("`chunked` beside a length on HTTP/1.0",
            head(b"POST / HTTP/1.0", CHUNKED, b"Content-Length: 5") + LAST, BOTH),
)

LENGTHS = (
    served("a length, and bytes that look like a request", length(b" %d" % len(STOLEN), STOLEN), LENGTH,
           posted(STOLEN)),
    served("a length, and any bytes", length(b" 5", b"a\r\nb\x00"), LENGTH, posted(b"a\r\nb\x00")),
    served("`0`", length(b" 0"), LENGTH, posted()),
    served("neither length nor coding", post(), "9112 6.3: no body", posted()),
    served("leading zeros: `003`", length(b" 003", b"abc"), LENGTH, posted(b"abc"), note="decimal"),
    served("`Content-Length` in any case", post(b"cONTENT-lENGTH: 3", body=b"abc"), LENGTH, posted(b"abc")),
    served("spaces and tabs around it", length(b" \t 3 \t ", b"abc"), "9110 5.5: not part of the value",
           posted(b"abc")),
    served("a length with `GET`", get(b"Content-Length: 3") + b"abc",
           "9110 9.3.1: no meaning, some refuse it; framed all the same", ("GET", b"/", b"abc")),
    served("a length with `HEAD`", get(b"Content-Length: 3", method=b"HEAD") + b"abc", "9110 9.3.2",
           ("HEAD", b"/", b"abc")),
    refused("an empty length", length(b""), LENGTH),
    refused("a length of spaces", length(b"  "), LENGTH),
    refused("`+5`", length(b" +5", b"hello"), LENGTH),
    refused("`-1`", length(b" -1"), LENGTH),
    refused("`-0`", length(b" -0"), LENGTH),
    refused("`1e1`", length(b" 1e1", b"helloworld"), LENGTH),
    refused("`1.0`", length(b" 1.0", b"h"), LENGTH),
    refused("`0x5`", length(b" 0x5", b"hello"), LENGTH),
    refused("`1_0`", length(b" 1_0", b"helloworld"), LENGTH),
    refused("`1 2`", length(b" 1 2", b"helloworld.."), LENGTH),
    refused("`5;`", length(b" 5;", b"hello"), LENGTH),
    refused("`\"5\"`", length(b' "5"', b"hello"), LENGTH),
    refused("`5,5`", length(b" 5,5", b"hello"), SAME),
    refused("`5, 5`", length(b" 5, 5", b"hello"), SAME),
    refused("`5,`", length(b" 5,", b"hello"), SAME),
    refused("`5, 6`", length(b" 5, 6", b"hello"), SAME),
    refused("other digits than ASCII's", length(b" \xd9\xa5", b"hello"), LENGTH),
    refused("VT before the digits", length(b" \x0b5", b"hello"), LENGTH),
    refused("two equal lengths", post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), SAME),
    refused("two different lengths", post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"), SAME),
    refused("more than 18 digits", length(b" 1000000000000000000"), "9110 8.6: overflow must be prevented", 413),
    refused("more than 18 digits, zeros first", length(b" 0000000000000000005", b"hello"),
            "9110 8.6: overflow must be prevented", 413, note="where others stop counting"),
    refused("more than 64 bits", length(b" 18446744073709551621", b"hello"), "9110 8.6: overflow must be prevented"),
    refused("a body without a length, of no request", post() + b"hello\r\n", "9112 6.3: no body", 400, posted(),
            note="it is read as the next request"),
    refused("more than the length", length(b" 1", b"ab\r\n"), "9112 6.3: the rest is the next request", 400,
            posted(b"a")),
)
