"""What goes on beside one request: Connection, Upgrade, Expect, and what comes behind."""

from tests.policy.row import CHUNKED, STOLEN, get, head, post, posted, refused, served

CLOSE = "9112 9.3: `close` ends it, before anything else; 9.6: nothing behind it is processed"
OPTION = "9110 7.6.1: options are tokens, in any case; what is unknown is ignored"
OLD = "9112 9.3: HTTP/1.0 persists with `keep-alive` alone"
UPGRADE = "9110 7.8: may be ignored"
EXPECT = "9110 10.1.1: 100 or a final answer; 417 may be answered to others"
LIST = "9110 10.1.1: a list; 5.6.1: an empty element is to be ignored"
BEHIND = "9112 9.3.2: answered in order"


def old(*fields):
    return head(b"GET / HTTP/1.0", *fields)


CONNECTIONS = (
    served("nothing, on HTTP/1.1", get(), "9112 9.3: it persists", setting="keepalive"),
    served("nothing, on HTTP/1.0", old(b"A: b"), OLD, last=True),
    served("`keep-alive`", get(b"Connection: keep-alive"), OPTION),
    served("`keep-alive` on HTTP/1.0", old(b"Connection: Keep-Alive"), OLD, setting="keepalive"),
    served("`close`", get(b"Connection: close"), CLOSE, last=True),
    served("`CLOSE`, with a body", post(b"connection: CLOSE", b"Content-Length: 2", body=b"ab"), CLOSE, posted(b"ab"),
           last=True),
    served("`close`, with chunks", post(b"Connection: close", CHUNKED, body=b"1\r\na\r\n0\r\n\r\n"), CLOSE,
           posted(b"a"), last=True),
    served("`close, keep-alive`", get(b"Connection: close, keep-alive"), CLOSE, last=True),
    served("`keep-alive, close`", get(b"Connection: keep-alive, close"), CLOSE, last=True),
    served("`keep-alive`, then another field with `close`", get(b"Connection: keep-alive", b"Connection: close"),
           CLOSE, last=True),
    served("`keep-alive, close` on HTTP/1.0", old(b"Connection: keep-alive, close"), CLOSE, last=True,
           note="to the parser `keep-alive` would count"),
    served("`close`, then another field with `keep-alive` on HTTP/1.0",
           old(b"Connection: close", b"Connection: keep-alive"), CLOSE, last=True),
    served("`, ,close ,x`", get(b"Connection: , ,close ,x"), OPTION, last=True),
    served("`closed`, `close;`, `\"close\"`, `x close`", get(b'Connection: closed, close;, "close", x close'), OPTION,
           note="none of them is `close`"),
    served("an empty one, of Connection", get(b"Connection:"), OPTION),
    served("the names of other fields: `Host, Content-Length`",
           post(b"Connection: Host, Content-Length", b"Content-Length: 2", body=b"ab"),
           "9110 7.6.1: a proxy removes those; a sender must not name such", posted(b"ab"),
           note="no field is removed: fastsrv forwards nothing"),
    served("`Proxy-Connection: close`", get(b"Proxy-Connection: close"), "9112 C.2.2: not to be sent", last=True,
           note="the parser reads it as Connection"),
    served("`Proxy-Connection: keep-alive` on HTTP/1.0", old(b"Proxy-Connection: keep-alive"),
           "9112 C.2.2: not to be sent", last=True, note="ignored"),
    served("`TE: trailers`, `TE: gzip`", get(b"TE: gzip, trailers", b"Connection: TE"), "9110 10.1.4: may be ignored"),
    served("HTTP/1.0 with a length", head(b"POST /old HTTP/1.0", b"Content-Length: 1") + b"a", OLD,
           ("POST", b"/old", b"a"), last=True),
    served("HTTP/1.0 without a length", head(b"POST /old HTTP/1.0"), "9112 6.3: no body", ("POST", b"/old", b""),
           last=True, note="a request's body never ends with the connection"),
)

UPGRADES = (
    served("an unknown protocol", get(b"Connection: upgrade", b"Upgrade: x"), UPGRADE),
    served("an unknown protocol, with a length",
           post(b"Connection: upgrade", b"Upgrade: x", b"Content-Length: %d" % len(STOLEN), body=STOLEN), UPGRADE,
           posted(STOLEN), note="the parser would take the body for the next request"),
    served("an unknown protocol, with chunks",
           post(b"Connection: upgrade", b"Upgrade: x", CHUNKED,
                body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(STOLEN), STOLEN)), UPGRADE, posted(STOLEN)),
    refused("an unknown protocol, with broken chunks",
            post(b"Connection: upgrade", b"Upgrade: x", CHUNKED, body=b"x\r\n"), "9112 7.1"),
    served("`h2c`", get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"),
           "9113 3.1: obsolete; may be ignored"),
    served("`h2c` and `close`", get(b"Connection: upgrade, close", b"Upgrade: h2c"), CLOSE, last=True),
    served("`websocket`", get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
                              b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), "6455 4.2: may be refused",
           note="with `fastsrv_websocket = \"off\"`, as the plain request that it also is"),
    served("`TLS/1.0`", get(b"Connection: upgrade", b"Upgrade: TLS/1.0, HTTP/1.1", method=b"OPTIONS", target=b"*"),
           "2817 3: may be ignored", ("OPTIONS", b"*", b"")),
    served("`Upgrade` that Connection does not name", get(b"Upgrade: x"), "9110 7.8: to be ignored"),
    served("`upgrade` without `Upgrade`", get(b"Connection: upgrade"), OPTION),
    served("on HTTP/1.0", old(b"Connection: upgrade", b"Upgrade: x"), "9110 7.8: must be ignored", last=True),
)

EXPECTS = (
    served("`100-continue`, the body behind it", post(b"Expect: 100-continue", b"Content-Length: 2", body=b"ab"),
           EXPECT, posted(b"ab"), note="100 is sent when the app asks for the body, if none has come by then"),
    served("`100-Continue`", post(b"Expect: 100-Continue", CHUNKED, body=b"1\r\na\r\n0\r\n\r\n"),
           "9110 10.1.1: case-insensitive", posted(b"a")),
    served("`100-continue` without a body", get(b"Expect: 100-continue"), "9110 10.1.1: 100 may be left out",
           note="no 100"),
    served("`100-continue` on HTTP/1.0", old(b"Expect: 100-continue"), "9110 10.1.1: must be ignored", last=True),
    served("another expectation on HTTP/1.0", old(b"Expect: x"), "9110 10.1.1: must be ignored", last=True),
    refused("another expectation", get(b"Expect: x"), EXPECT, 417),
    served("an empty expectation", get(b"Expect:"), LIST),
    served("`100-continue` twice, and an empty element",
           post(b"Expect: 100-continue, 100-continue", b"Expect:", b"Content-Length: 2", body=b"ab"), LIST,
           posted(b"ab"), note="as one"),
    refused("`100-continue, x`", get(b"Expect: 100-continue, x"), EXPECT, 417),
    refused("two fields, the first another", post(b"Expect: x", b"Expect: 100-continue", b"Content-Length: 0"),
            EXPECT, 417, note="two fields are a list"),
    refused("`100-continue` with a parameter", get(b"Expect: 100-continue;a=b"), EXPECT, 417),
)

NEXT = (
    served("two requests at once", get() + post(b"Content-Length: 1", body=b"a") + get(target=b"/b"), BEHIND,
           ("GET", b"/", b""), posted(b"a"), ("GET", b"/b", b"")),
    served("an empty line between two", get() + b"\r\n" + get(target=b"/b"), "9112 2.2: should be ignored",
           ("GET", b"/", b""), ("GET", b"/b", b"")),
    refused("a good one, and garbage", get() + b"\x00", BEHIND, 400, ("GET", b"/", b"")),
    refused("a good one, then two spaces", get() + b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", BEHIND, 400,
            ("GET", b"/", b"")),
    refused("chunks, then two spaces", post(CHUNKED, body=b"1\r\na\r\n0\r\n\r\n") + b"GET  / HTTP/1.1\r\n", BEHIND, 400,
            posted(b"a")),
    refused("trailers, then a lone LF", post(CHUNKED, body=b"0\r\nA: b\r\n\r\n") + b"\n" + get(), BEHIND, 400,
            posted()),
    refused("a length, then RTSP", post(b"Expect: 100-continue", b"Content-Length: 1", body=b"a")
            + b"GET / RTSP/1.0\r\n\r\n", BEHIND, 400, posted(b"a")),
)
