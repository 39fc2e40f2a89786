"""Header fields: their lines, names and values, those that may come once, and their limits."""

from tests.policy.row import LIMITS, get, post, posted, refused, served

FIELD = b"X: ".ljust(LIMITS["request_field_size"] - len(b"\r\n"), b"a")
MANY = [b"X: y"] * (LIMITS["request_fields"] - 1)  # and Host
REST = LIMITS["request_head"] - len(get()) + len(b"GET" b"\r\n" b"\r\n")  # what does not count
WHOLE = [b"X: ".ljust(150 - 2, b"a")] * (REST // 150) + [b"X: ".ljust(REST % 150 - 2, b"a")]

SPACE = "9112 5.1: 400 must be answered"
FOLD = "9112 5.2: 400 must be answered, or a space put in its place"
TOKEN = "9110 5.1: a name is a token"
CONTROL = "9110 5.5: CR, LF and NUL must be refused or become a space; other control bytes are invalid"
ONCE = "9110 5.3: a sender must not; what a recipient does is open"
NAME = "9110 5.1: a token may have one"
REFUSE, DANGEROUS = (("header_map", "refuse"),), (("header_map", "dangerous"),)
BELIEVED = (("forwarder_headers", "X_REMOTE_USER"), ("forwarded_allow_ips", "127.0.0.1,192.0.2.7"))


def raw(*lines):
    return b"GET / HTTP/1.1\r\nHost: example.org\r\n" + b"".join(lines) + b"\r\n"


def seen(*fields):
    return ((b"host", b"example.org"), *fields)


LINES = (
    served("no space behind the colon", get(b"A:b"), "9112 5.1: optional", headers=seen((b"a", b"b"))),
    served("spaces and tabs around a value", get(b"A: \t b c \t "), "9110 5.5: not part of the value",
           headers=seen((b"a", b"b c"))),
    served("an empty value", get(b"A:"), "9110 5.5: valid", headers=seen((b"a", b""))),
    served("a value of spaces", get(b"A: \t "), "9110 5.5: an empty value", headers=seen((b"a", b""))),
    served("a colon in a value", get(b"A: :b: c"), "9110 5.5: valid", headers=seen((b"a", b":b: c"))),
    served("the same name several times", get(b"A: b", b"C: d", b"a: e"),
           "9110 5.3: the order of equal names must be kept", headers=seen((b"a", b"b"), (b"c", b"d"), (b"a", b"e")),
           note="all of them, in their order, in lower case"),
    refused("a space before the colon", get(b"A : b"), SPACE, setting="strip_header_spaces (refused)"),
    refused("a tab before the colon", get(b"A\t: b"), SPACE, setting="strip_header_spaces (refused)"),
    refused("a space before the colon of `Content-Length`", post(b"Content-Length : 5", body=b"hello"), SPACE),
    refused("a space before the colon of `Transfer-Encoding`",
            post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), SPACE),
    refused("no colon", get(b"A"), "9112 5: name, colon, value"),
    refused("an empty name", get(b": b"), TOKEN),
    refused("a space at the beginning of the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
            "9112 2.2: refused, or the line ignored"),
    refused("a space at the beginning of the line that would end the head", raw(b"A: b\r\n", b" \r\n"), FOLD),
    refused("a folded line", get(b"A: b", b" c"), FOLD, setting="permit_obsolete_folding (refused)"),
    refused("a line folded with a tab", get(b"A: b", b"\tc"), FOLD, setting="permit_obsolete_folding (refused)"),
    refused("a folded `Transfer-Encoding`", post(b"Transfer-Encoding:", b" chunked", body=b"0\r\n\r\n"), FOLD),
    refused("LF without CR behind a field", raw(b"A: b\n"), "9112 2.2: a recipient may take LF for CRLF",
            note="what a proxy takes for one field would be two"),
    refused("LF without CR at the end of the head", b"GET / HTTP/1.1\r\nHost: a\r\n\n",
            "9112 2.2: a recipient may take LF for CRLF"),
    refused("CR without LF behind a field", raw(b"A: b\rC: d\r\n"), "9112 2.2: invalid, or a space"),
    refused("CR CR LF behind a field", raw(b"A: b\r\r\n"), "9112 2.2: invalid, or a space"),
    refused("CR alone at the end of the head", b"GET / HTTP/1.1\r\nHost: a\r\n\rX", "9112 2.2: invalid"),
)

NAMES = (
    served("every token character but `_`", get(b"!#$%&'*+-.^`|~1aZ: b"), TOKEN,
           headers=seen((b"!#$%&'*+-.^`|~1az", b"b"))),
    refused("`(`", get(b"X(A: b"), TOKEN),
    refused("`[`", get(b"X[A: b"), TOKEN),
    refused("`{`", get(b"X{A: b"), TOKEN),
    refused("`/`, in a name", get(b"X/A: b"), TOKEN),
    refused("`@`", get(b"X@A: b"), TOKEN),
    refused("`,`", get(b"X,A: b"), TOKEN),
    refused("`;`", get(b"X;A: b"), TOKEN),
    refused("`=`", get(b"X=A: b"), TOKEN),
    refused("`\"`", get(b'X"A: b'), TOKEN),
    refused("`\\`", get(b"X\\A: b"), TOKEN),
    refused("a space within a name", get(b"X A: b"), TOKEN),
    refused("not ASCII in a name", get(b"X\xe9: b"), TOKEN),
    refused("NUL in a name", get(b"X\0: b"), TOKEN),
    refused("DEL in a name", get(b"X\x7f: b"), TOKEN),
    refused("a control byte before `Transfer-Encoding`", post(b"\x0bTransfer-Encoding: chunked"), TOKEN),
    served("`_` from a client", get(b"A: b", b"X_Real_IP: c", b"D_: e"), NAME, headers=seen((b"a", b"b")),
           note="dropped: WSGI, and some proxies, take it for a dash. It counts for the limits", setting="header_map"),
    served("`Content_Length` and `Transfer_Encoding`",
           post(b"Content_Length: 5", b"Transfer_Encoding: chunked"), NAME, posted(), headers=seen(),
           note="dropped, and no framing"),
    served("`Content_Length` beside `Content-Length`", post(b"Content_Length: 50", b"Content-Length: 2", body=b"ab"),
           NAME, posted(b"ab"), headers=seen((b"content-length", b"2")), note="dropped, and no framing"),
    refused("`H_ost` in the place of Host", get(b"H_ost: a", host=b""), "9112 3.2: 400 must be answered"),
    refused("`_` under `header_map = \"refuse\"`", get(b"X_A: b"), NAME, under=REFUSE, setting="header_map"),
    served("`_` under `header_map = \"dangerous\"`", get(b"X_A: b"), NAME, headers=seen((b"x_a", b"b")),
           under=DANGEROUS, setting="header_map", note="passed under its own name"),
    served("`Content_Length` under `header_map = \"dangerous\"`", post(b"Content_Length: 5"), NAME, posted(),
           headers=seen((b"content_length", b"5")), under=DANGEROUS, note="passed, and no framing"),
    served("`_` in a name of `forwarder_headers`, from a believed proxy",
           get(b"X_Remote_User: a", b"X_Other: b"), NAME, headers=seen((b"x_remote_user", b"a")), under=BELIEVED,
           setting="forwarder_headers, forwarded_allow_ips", note="passed; other names as from anybody"),
    refused("`_` in another name, from a believed proxy, under `header_map = \"refuse\"`",
            get(b"X_Remote_User: a", b"X_Other: b"), NAME, under=BELIEVED + REFUSE, setting="forwarder_headers"),
)

VALUES = (
    served("bytes above 127", get(b"A: \xc3\xa9\xff"), "9110 5.5: opaque",
           headers=seen((b"a", b"\xc3\xa9\xff")), note="as they are: the app decodes them"),
    served("a tab within a value", get(b"A: b\tc"), "9110 5.5: valid", headers=seen((b"a", b"b\tc"))),
    refused("NUL in a value", get(b"A: b\x00c"), CONTROL),
    refused("CR in a value", get(b"A: b\rc"), CONTROL),
    refused("LF in a value", get(b"A: b\nc: d"), CONTROL),
    refused("a control byte in a value", get(b"A: b\x01c"), CONTROL),
    refused("VT and FF in a value", get(b"A: b\x0b\x0cc"), CONTROL),
    refused("DEL in a value", get(b"A: b\x7fc"), CONTROL),
    refused("ESC in a value", get(b"A: \x1b[31m"), CONTROL),
)

SINGLES = (
    refused("two `Content-Type`", post(b"Content-Type: a/b", b"Content-Type: c/d"), ONCE,
            note="what parses the body must be what was checked"),
    refused("two equal `Content-Type`", post(b"Content-Type: a/b", b"content-type: a/b"), ONCE),
    refused("two `Authorization`", get(b"Authorization: Basic YTpi", b"Authorization: Bearer c"), ONCE,
            note="who was let in must be who is served"),
    served("two `Cookie`", get(b"Cookie: a=b", b"Cookie: c=d"), "6265 5.4: a client must not; 9113 8.2.3: HTTP/2 may",
           headers=seen((b"cookie", b"a=b"), (b"cookie", b"c=d")), note="a gateway from HTTP/2 may leave them so"),
    served("two of a list: `Accept`, `X-Forwarded-For`", get(b"Accept: a/b", b"Accept: c/d"),
           "9110 5.3: the same as one, joined by a comma", headers=seen((b"accept", b"a/b"), (b"accept", b"c/d"))),
    refused("`X-Forwarded-Proto: https, http`, from a believed proxy", get(b"X-Forwarded-Proto: https, http"),
            "no standard has it", under=BELIEVED, setting="fastsrv_forwarded_fields",
            note="PROXIES.md: which one holds is the proxy's to say; from anybody else it is any field"),
    served("other fields that should come once, twice", get(b"Referer: a", b"Referer: b", b"Range: c", b"Range: d"),
           ONCE, note="the app sees both"),
)

SIZES = (
    served("a field of exactly `limit_request_field_size` bytes", get(FIELD), "9110 5.4: our choice",
           note="with CRLF, and one space behind the colon", setting="limit_request_field_size"),
    refused("a field one byte larger than `limit_request_field_size`", get(FIELD + b"a"), "9110 5.4: a 4xx", 431,
            setting="limit_request_field_size"),
    served("as many fields as `limit_request_fields`", get(*MANY), "9110 5.4: our choice",
           setting="limit_request_fields"),
    refused("a field more than `limit_request_fields`", get(*MANY, b"X: y"), "9110 5.4: a 4xx", 431,
            setting="limit_request_fields"),
    refused("a field more than `limit_request_fields`, some dropped for a `_`",
            get(*[b"X_: y"] * len(MANY), b"X: y"), "9110 5.4: a 4xx", 431, setting="limit_request_fields"),
    served("a head of exactly `fastsrv_limit_request_head` bytes", get(*WHOLE), "9110 5.4: our choice",
           setting="fastsrv_limit_request_head",
           note="the method, the end of the request line and the empty line do not count"),
    refused("a head one byte larger than `fastsrv_limit_request_head`", get(*WHOLE[:-1], WHOLE[-1] + b"a"),
            "9110 5.4: a 4xx", 431, setting="fastsrv_limit_request_head"),
)
