"""The request target, and the Host field that it goes with."""

from tests.policy.row import get, head, refused, served

FORM = "9112 3.2.1: a path, maybe a query"
ESCAPE = "3986 2.1: two hexadecimal digits follow; 9112 3.2: 400 should be answered otherwise"
TEXT = "3986 2: to be escaped; 9112 3.2: 400 should be answered otherwise"
ABSOLUTE = "9112 3.2.2: must be accepted, its host replaces the Host field"
USERINFO = "9110 4.2.4: to be treated as an error"


def path(sends, target, rfc, note="", **more):
    return served(sends, get(target=target), rfc, ("GET", target, b""), note=note, **more)


def absolute(sends, target, seen, host, note=""):
    return served(sends, get(target=target), ABSOLUTE, ("GET", seen, b""), headers=((b"host", host),), note=note)


TARGETS = (
    path("a path and a query", b"/a/b?c=d&e=?f", FORM),
    served("an empty query", get(target=b"/a?"), FORM, ("GET", b"/a", b""),
           note='`scope["query_string"]` is empty, as without one'),
    path("`//` at the beginning", b"//other.example/a", FORM, note="a path, never a host"),
    path("`.` and `..` as segments", b"/a/../b/./c", "3986 6.2.2.3: a client removes them; a server may",
         note="left to the app"),
    path("`;`, `:`, `@`, `!`, `$`, `&`, `'`, `(`, `)`, `*`, `+`, `,`, `=`, `~` in a path", b"/;a:@!$&'()*+,=~",
         "3986 3.3"),
    path("escapes: `%7E`, `%c3%a9`, `%2F`, `%2e`", b"/%7Ea/%c3%a9/%2F%2e", ESCAPE,
         note='`raw_path` has them as sent, `path` decoded; whoever must tell `%2F` from `/` reads `raw_path`'),
    path("an escape that is no UTF-8: `%ff`, `%c0%ae`", b"/%ff%c0%ae", ESCAPE,
         note="`path` has U+FFFD: an overlong dot is none"),
    refused("`%` without two hexadecimal digits in a path", get(target=b"/100%"), ESCAPE,
            note="what it means differs from server to server"),
    refused("`%zz` in a path", get(target=b"/%zz"), ESCAPE),
    refused("`%2` at the end of a path", get(target=b"/a%2?b"), ESCAPE),
    refused("`%00` in a path", get(target=b"/a%00b"), "3986 7.3: a NUL may end a string",
            note="a proxy, or what an app calls, may end the path there"),
    path("`%` without two hexadecimal digits in a query", b"/?a=100%&b=%zz%00", ESCAPE,
         note="common, and routes nothing; the app decodes it"),
    refused("a backslash in a path", get(target=b"/a\\b"), TEXT, note="some take it for a slash"),
    path("a backslash in a query", b"/?a\\b", TEXT, note="browsers send it"),
    path("`\"`, `<`, `>`, `^`, `` ` ``, `{`, `}`, `[`, `]` in a path or query", b'/"<>^`{}[]?"<>^`{}[]', TEXT,
         note="clients send them, and nobody reads them otherwise"),
    path("a vertical bar", b"/a|b?c|d", TEXT, note="browsers send it"),
    refused("a fragment", get(target=b"/a#b"), "9112 3.2: no form has one"),
    refused("not ASCII in a path", get(target=b"/\xc3\xa9"), TEXT),
    refused("not ASCII in a query", get(target=b"/?\xc3\xa9"), TEXT),
    refused("a control byte", get(target=b"/a\x01"), TEXT),
    refused("NUL", get(target=b"/a\x00b"), TEXT),
    refused("DEL", get(target=b"/\x7f"), TEXT),
    refused("a tab", get(target=b"/a\tb"), TEXT),
    refused("a terminal's escape sequence", get(target=b"/\x1b[31m"), TEXT),
    refused("a space", get(target=b"/a b"), "9112 3.2: no whitespace is allowed; 400 should be answered"),
    refused("a path without a slash: `a`", get(target=b"a"), FORM),
    refused("a query alone: `?a`", get(target=b"?a"), FORM),
    served("`*` with `OPTIONS`", get(target=b"*", method=b"OPTIONS"), "9112 3.2.4", ("OPTIONS", b"*", b""),
           note='`path` is `*`'),
    refused("`*` with another method", get(target=b"*"), "9112 3.2.4: for `OPTIONS` alone"),
    path("`/*`", b"/*", FORM),
    refused("`host:port` without `CONNECT`", get(target=b"example.org:80"), "9112 3.2.3: for `CONNECT` alone"),
    absolute("`http://other.example:8080/a?b`", b"http://other.example:8080/a?b", b"/a?b", b"other.example:8080"),
    absolute("`http://other.example` without a path", b"http://other.example", b"/", b"other.example"),
    absolute("`http://other.example?a`", b"http://other.example?a", b"/?a", b"other.example"),
    absolute("`HTTPS://other.example/`", b"HTTPS://other.example/", b"/", b"other.example",
             note='`scope["scheme"]` is what the connection is, or a believed proxy says'),
    served("`http://other.example/` on HTTP/1.0 without Host",
           head(b"GET http://other.example/ HTTP/1.0"), ABSOLUTE, headers=((b"host", b"other.example"),), last=True),
    refused("`http://other.example/` on HTTP/1.1 without Host", get(target=b"http://other.example/", host=b""),
            "9112 3.2: a Host field is required all the same"),
    refused("userinfo: `http://user@a/`", get(target=b"http://user@a/"), USERINFO),
    refused("userinfo with a password: `http://a:b@c/`", get(target=b"http://a:b@c/"), USERINFO),
    refused("no host: `http:///a`", get(target=b"http:///a"), "9110 4.2.1: an empty host is invalid"),
    refused("a port without a host: `http://:80/`", get(target=b"http://:80/"), "9110 4.2.1: an empty host is invalid"),
    refused("a port that is too large: `http://a:99999/`", get(target=b"http://a:99999/"), "9110 4.2.1: a TCP port"),
    absolute("`=`, `;`, `*` in the host: `http://*;a=b/`", b"http://*;a=b/", b"/", b"*;a=b"),
    refused("a comma in the host: `http://a,b/`", get(target=b"http://a,b/"), "3986 3.2.2 allows it",
            note="it looks like two"),
    refused("an escape in the host: `http://%61/`", get(target=b"http://%61/"), "3986 3.2.2 allows it",
            note="who decodes it and who does not go different ways"),
    refused("a fragment behind a path: `http://a/b#c`", get(target=b"http://a/b#c"), "9112 3.2: no form has one"),
    refused("a fragment behind a host: `http://a#b`", get(target=b"http://a#b"), "9112 3.2: no form has one"),
    refused("one slash: `http:/a`", get(target=b"http:/a"), "9110 4.2.1: two"),
    refused("a backslash in the host: `http://a\\b/`", get(target=b"http://a\\b/"), "3986 3.2.2"),
    refused("a bracket that does not close: `http://[::1`", get(target=b"http://[::1"), "3986 3.2.2"),
    refused("another scheme: `ftp://a/`", get(target=b"ftp://a/"), "9110 7.4: 421 or another error",
            note="only http and https are served"),
    refused("WebSocket's scheme: `ws://a/`", get(target=b"ws://a/"), "6455 4.1: a path, or http"),
)

GRAMMAR = "9112 3.2: 400 to an invalid one; 9110 7.2: a host, maybe a port"
STRICT = "3986 3.2.2 allows it in a registered name"


def host(value, *more):
    return get(*more, host=b"Host: " + value + b"\r\n")


HOSTS = (
    refused("HTTP/1.1 without it", get(host=b""), "9112 3.2: 400 must be answered"),
    served("HTTP/1.0 without it", head(b"GET / HTTP/1.0", b"A: b"), "9112 3.2: only HTTP/1.1 requires it", last=True),
    refused("two", get(b"Host: b.example"), "9112 3.2: 400 must be answered"),
    refused("two equal ones", get(b"host: example.org"), "9112 3.2: 400 must be answered"),
    refused("two on HTTP/1.0", head(b"GET / HTTP/1.0", b"Host: a", b"Host: a"), "9112 3.2: 400 must be answered"),
    refused("two, with a URL as target", get(b"Host: b.example", target=b"http://a/"),
            "9112 3.2: 400 must be answered"),
    served("an empty one", host(b""), "9112 3.2: of a target without an authority", headers=((b"host", b""),),
           note="the app decides what it is at"),
    served("another one than the target's", get(target=b"http://other.example/"), ABSOLUTE,
           headers=((b"host", b"other.example"),), note="the app sees the target's alone"),
    refused("an invalid one beside a URL as target", host(b"a/b").replace(b"GET /", b"GET http://a/"), GRAMMAR),
    served("a name with `-`, `.`, `_`, `~` and a port", host(b"my-a_b~c.example:8000"), GRAMMAR),
    served("an IPv4 address", host(b"192.0.2.1:80"), GRAMMAR),
    served("an IPv6 address", host(b"[2001:db8::1]:8000"), GRAMMAR),
    served("an IPv6 address without a port", host(b"[::ffff:192.0.2.1]"), GRAMMAR),
    served("spaces and tabs around a host", host(b"\t a \t"), "9110 5.5: not part of the value",
           headers=((b"host", b"a"),)),
    served("an empty port: `a:`", host(b"a:"), "3986 3.2.3: digits, or none"),
    refused("a port above 65535", host(b"a:65536"), "9110 4.2.1: a TCP port"),
    refused("a port of many digits", host(b"a:" + b"9" * 40), "9110 4.2.1: a TCP port"),
    refused("a port that is no number", host(b"a:8x"), GRAMMAR),
    refused("a port with a sign", host(b"a:+80"), GRAMMAR),
    refused("two ports", host(b"a:80:80"), GRAMMAR),
    refused("a port without a host: `:80`", host(b":80"), "9110 4.2.1: an empty host is invalid"),
    refused("userinfo: `user@a`", host(b"user@a"), GRAMMAR),
    refused("`/`", host(b"a/b"), GRAMMAR, note="it could change the path of a URL made from it"),
    refused("`?`", host(b"a?b"), GRAMMAR),
    refused("`#`", host(b"a#b"), GRAMMAR),
    refused("a backslash", host(b"a\\b"), GRAMMAR),
    refused("a space within", host(b"a b"), GRAMMAR),
    refused("a list: `a, b`", host(b"a, b"), GRAMMAR, note="two fields that somebody has joined"),
    refused("a list without a space: `a,b`", host(b"a,b"), STRICT, note="two fields that somebody has joined"),
    served("`!`, `$`, `&`, `'`, `(`, `)`, `*`, `+`, `;`, `=` in a name", host(b"0.0.0.0=5000!$&'()*+;:80"), STRICT,
           headers=((b"host", b"0.0.0.0=5000!$&'()*+;:80"),), note="an app that makes HTML of it escapes it"),
    served("`*`", host(b"*"), STRICT),
    refused("an escape: `a%41`", host(b"a%41"), STRICT, note="who decodes it and who does not go different ways"),
    refused("half an escape: `a%`", host(b"a%"), GRAMMAR),
    refused("not ASCII", host(b"\xc3\xa9"), GRAMMAR),
    refused("an IPv6 address without brackets", host(b"::1"), GRAMMAR),
    refused("a bracket that does not close", host(b"[::1"), GRAMMAR),
    refused("something behind the bracket", host(b"[::1]a"), GRAMMAR),
    refused("empty brackets", host(b"[]"), GRAMMAR),
    refused("no address in brackets: `[x]`", host(b"[x]"), GRAMMAR),
    refused("no IPv6 address in brackets: `[:::]`", host(b"[:::]"), GRAMMAR),
    refused("an IPv4 address in brackets", host(b"[192.0.2.1]"), GRAMMAR),
    refused("an address too long to be one", host(b"[" + b"1:" * 30 + b"1]"), GRAMMAR),
    refused("a future address: `[v1.a]`", host(b"[v1.a]"), "3986 3.2.2 allows it", note="there is none"),
    refused("a zone: `[fe80::1%25eth0]`", host(b"[fe80::1%25eth0]"), "6874: of no use beyond one's own node"),
)
